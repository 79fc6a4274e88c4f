/** The key of a kept verdict: the same for the same question, another for everything that the verdict depends on. */
import { expect, it } from 'vitest'
import { digestOf, hashOf, verdictKey } from '../../src/cache/key.ts'
import { parseStatement } from '../../src/model/statement.ts'
import { taskRun } from '../support/makers.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

it('is spelled so that one namespace can be found, and holds no name', () => {
  const parts = { namespace: 'prov', digest: DIGEST, policy: 'bb', keys: 'sha256:cc', backends: 'dd' }
  expect(verdictKey(parts)).toBe(`prov:v1:verdict:prov:${'a'.repeat(64)}:bb:cc:dd`)
})

it('takes the digest of an image from the image', () => {
  expect(digestOf({ type: 'image', image: { repository: 'r/a', digest: DIGEST } })).toBe('a'.repeat(64))
})

it('takes the digest of a run from all that the run is, its children with it', () => {
  const run = taskRun('a')
  const digests = [
    run,
    { ...run, object: { ...run.object, extra: 1 } },
    { ...run, uid: 'other' },
    { ...run, children: [run] },
    { ...run, children: [{ ...run, object: {} }] },
  ].map(digestOf)
  expect(new Set(digests).size).toBe(digests.length)
  const turned = Object.fromEntries(Object.entries(run.object).toReversed())
  expect(digestOf({ ...run, object: turned })).toBe(digestOf(run))
})

it('takes the digest of a Statement from its bytes', () => {
  const text =
    '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}}],"predicateType":"t","predicate":{}}'
  const of = (bytes: string): string => digestOf(parseStatement('s.json', Buffer.from(bytes)))
  expect(of(text)).toBe(of(text))
  expect(of(`${text} `)).not.toBe(of(text))
})

it('is not moved by what is left out', () => {
  const absent: { a: number; b?: number } = { a: 1 }
  expect(hashOf(absent)).toBe(hashOf({ a: 1 }))
  expect(hashOf({ a: 1, b: 2 })).toBe(hashOf({ b: 2, a: 1 }))
})
