/** Refusals of writes that pass by themselves, as distribution 2.8 gives them when clients upload one blob at once. */
import { expect, test } from 'vitest'
import { sha256Hex } from '../../../src/model/entry.ts'
import { reply, serve } from '../../support/fake-registry.ts'
import { calm, failsWith, remote } from '../../support/remote-registry.ts'

const MANIFEST = Buffer.from('{"schemaVersion":2}')
const TYPE = 'application/vnd.oci.image.manifest.v1+json'
const DIGEST = `sha256:${sha256Hex(MANIFEST)}`
const LOST = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry' }] })

/** A registry that loses sight of blobs for the first `times` manifests. */
async function forgetful(times: number) {
  let left = times
  const fake = await serve((request, response) => {
    if (request.method !== 'PUT') return reply(response, 200)
    if (left-- > 0) return reply(response, 400, {}, LOST)
    reply(response, 201, { 'docker-content-digest': DIGEST })
  })
  return { repo: `${fake.host}/a`, puts: () => fake.seen.filter(({ line }) => line.startsWith('PUT')).length }
}

test('a manifest under its digest is put again until the registry sees its blobs', async () => {
  const { repo, puts } = await forgetful(2)
  expect(await remote().putManifest(repo, DIGEST, MANIFEST, TYPE, calm())).toBe(DIGEST)
  expect(puts()).toBe(3)
})

test('it is an error that may heal when the registry never does', async () => {
  const { repo, puts } = await forgetful(100)
  const error = await failsWith('server_error', remote().putManifest(repo, DIGEST, MANIFEST, TYPE, calm()))
  expect(error.retryable).toBe(true)
  expect(puts()).toBe(4)
})

test('a tag is not put again without another look at what it holds', async () => {
  const { repo, puts } = await forgetful(1)
  await failsWith('server_error', remote().putManifest(repo, 'v1', MANIFEST, TYPE, calm()))
  expect(puts()).toBe(1)
})

test('an abort ends the waiting', async () => {
  const { repo } = await forgetful(100)
  const signal = AbortSignal.timeout(100)
  await failsWith('aborted', remote().putManifest(repo, DIGEST, MANIFEST, TYPE, { signal }))
})
