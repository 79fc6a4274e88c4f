/** Sets of keys from others: what is taken of them, and what is refused. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { publicJwk } from '../../src/keys/jwk.ts'
import { spki } from '../../src/keys/key-id.ts'
import { keysOfSet, PRIVATE_MEMBERS, setObject } from '../../src/keys/key-set.ts'
import { readPublicSet } from '../../src/trust/public-set.ts'
import { ownKey } from '../support/regions.ts'

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'keyset_refused', message: expect.stringMatching(message) })

test('the kid is the thumbprint of RFC 7638', async () => {
  // The key of RFC 8037 appendix A.2, with the thumbprint of A.3.
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const [key] = await keysOfSet([jwk], { name: 'set', rules: 'foreign' })
  expect(key?.jwk.kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('only what a public key is stays of a key', async () => {
  const { jwk } = await ownKey()
  const [key] = await keysOfSet([{ ...jwk, alg: 'EdDSA', use: 'sig', x5c: ['x'] }], { name: 'set', rules: 'own' })
  expect(key?.jwk).toEqual(jwk)
})

test.each(PRIVATE_MEMBERS)(
  'a member %s is refused, also beside good keys, and its value is not repeated',
  async (member) => {
    const { jwk } = await ownKey()
    const asked = keysOfSet([jwk, { ...jwk, [member]: 'SECRET' }], { name: 'set', rules: 'foreign' })
    const error = await asked.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'keyset_refused', message: expect.stringContaining(`its member ${member}`) })
    expect(JSON.stringify(error)).not.toContain('SECRET')
  },
)

test('a kid of its own is refused by the rules of prov, and replaced in the set of another issuer', async () => {
  const { jwk } = await ownKey()
  const named = [{ ...jwk, kid: 'key-1' }]
  await expect(keysOfSet(named, { name: 'set', rules: 'own' })).rejects.toEqual(refused(/RFC 7638 thumbprint/))
  expect(await keysOfSet(named, { name: 'set', rules: 'foreign' })).toMatchObject([{ jwk, renamedFrom: 'key-1' }])
})

test('a key that was given twice is there once', async () => {
  const { jwk } = await ownKey()
  expect(await keysOfSet([jwk, jwk], { name: 'set', rules: 'own' })).toHaveLength(1)
})

test('keys for encryption and of unknown kinds are left out of the set of another issuer, and refused in a set of prov', async () => {
  const { jwk } = await ownKey()
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const odd = [{ ...jwk, use: 'enc' }, { kty: 'XX' }, weak, { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }]
  expect(await keysOfSet(odd, { name: 'set', rules: 'foreign' })).toEqual([])
  await expect(keysOfSet([weak], { name: 'set', rules: 'own' })).rejects.toEqual(
    refused(/not a public key that prov can verify with/),
  )
})

test.each([
  ['cut off', '{"keys":[{"kty":"OK'],
  ['PEM', '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n'],
  ['a page', '<!doctype html><title>keys</title>'],
  ['a member twice', '{"keys":[],"keys":[]}'],
  ['a list', '[]'],
  ['deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
])('a set that is %s is refused', (_, text) => {
  expect(() => setObject('keys.json', Buffer.from(text), 1024 * 1024)).toThrow(refused(/keys\.json (?:is not)/))
})

test('a set over the limit is not parsed', () => {
  expect(() => setObject('keys.json', Buffer.alloc(50 * 1024 * 1024, 32), 1024 * 1024)).toThrow(
    refused(/at most 1048576 are read/),
  )
})

test('more keys than a set may have are refused', async () => {
  const { jwk } = await ownKey()
  await expect(keysOfSet(new Array(2001).fill(jwk), { name: 'set', rules: 'own' })).rejects.toEqual(
    refused(/at most 2000/),
  )
})

test('keys of every kind that prov signs with keep their bytes', async () => {
  for (const { publicKey } of [
    generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ]) {
    const [key] = await keysOfSet([await publicJwk(spki(publicKey))], { name: 'set', rules: 'own' })
    expect(key?.publicKey.equals(publicKey)).toBe(true)
  }
})

test('of the set of another issuer 2,000 keys are read, of a merged set 10,000', async () => {
  const { jwk } = await ownKey()
  const read = (count: number, more: object = {}) =>
    readPublicSet('set', Buffer.from(JSON.stringify({ keys: Array.from({ length: count }, () => jwk), ...more })))
  const prov = { v: 1, regions: {}, keys: {}, revoked: {} }
  await expect(read(2001)).rejects.toEqual(refused(/has 2001 keys; at most 2000 are read/))
  expect((await read(2001, { prov })).keys).toHaveLength(1)
  await expect(read(10_001, { prov })).rejects.toEqual(refused(/has 10001 keys; at most 10000 are read/))
})
