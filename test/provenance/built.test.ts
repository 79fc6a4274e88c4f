/** Builder and source, as provenance of both versions states them; nothing from what is not provenance. */
import { expect, test } from 'vitest'
import { builtOf } from '../../src/provenance/built.ts'

const statement = (predicate: unknown): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [{ name: 'a', digest: { sha256: 'b'.repeat(64) } }],
      predicate,
    }),
  )
const source = { uri: 'git+https://git.example/shop.git', digest: { sha1: 'c0ffee' } }
const wanted = { builder: 'https://builder.example', source: 'git+https://git.example/shop.git@c0ffee' }

test.each([
  ['v0.2', { builder: { id: wanted.builder }, materials: [{ uri: 'oci://image' }, source] }, wanted],
  [
    'v1',
    { buildDefinition: { resolvedDependencies: [source] }, runDetails: { builder: { id: wanted.builder } } },
    wanted,
  ],
  ['config source', { invocation: { configSource: source } }, { source: wanted.source }],
  ['nothing stated', { materials: [{ uri: 'oci://image' }] }, undefined],
  ['odd shapes', { builder: 7, materials: 'x', runDetails: null }, undefined],
])('%s', (_name, predicate, expected) => {
  expect(builtOf(statement(predicate))).toEqual(expected)
})

test('what is not a Statement states nothing', () => {
  expect(builtOf(Buffer.from('{'))).toBe(undefined)
})
