/** What is named by its digest is asked for once; what is not, each time. */
import { expect, test } from 'vitest'
import type { Manifest, Registry } from '../../../backends/oci/port.ts'
import { remembered } from '../../../backends/oci/registry/remembered.ts'
import { digestOf } from '../../support/registry.ts'

const bytes = Buffer.from('{}')
const digest = digestOf(bytes)
const options = { signal: new AbortController().signal }

function counting(found: boolean): { readonly registry: Registry; readonly asked: string[] } {
  const asked: string[] = []
  const manifest: Manifest = { bytes, mediaType: 'application/json', digest }
  const registry = {
    getManifest: async (repo: string, ref: string) => {
      asked.push(`manifest ${repo} ${ref}`)
      return found ? manifest : undefined
    },
    getBlob: async (repo: string, ref: string) => {
      asked.push(`blob ${repo} ${ref}`)
      return found ? bytes : undefined
    },
  } as unknown as Registry
  return { registry: remembered(registry, 1024), asked }
}

test('a digest once for each repository, a tag each time', async () => {
  const { registry, asked } = counting(true)
  for (const repo of ['a/x', 'a/x', 'a/y']) {
    await registry.getManifest(repo, digest, options)
    await registry.getBlob(repo, digest, 100, options)
    await registry.getManifest(repo, 'v1', options)
  }
  expect(asked.filter((line) => line.endsWith(digest))).toEqual([
    `manifest a/x ${digest}`,
    `blob a/x ${digest}`,
    `manifest a/y ${digest}`,
    `blob a/y ${digest}`,
  ])
  expect(asked.filter((line) => line.endsWith('v1'))).toHaveLength(3)
})

test('what is not there is asked for again, and a bound on the bytes counts for what is remembered too', async () => {
  const none = counting(false)
  for (let i = 0; i < 2; i++) await none.registry.getBlob('a/x', digest, 100, options)
  expect(none.asked).toHaveLength(2)
  const some = counting(true)
  await some.registry.getBlob('a/x', digest, 100, options)
  await some.registry.getBlob('a/x', digest, 1, options)
  expect(some.asked).toHaveLength(2)
})
