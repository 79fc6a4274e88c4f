/** Keys of a key set in their time: windows that need no proof, and revoked keys. */
import { expect, test } from 'vitest'
import { signerOf } from '../../src/signing/open-signer.ts'
import type { GivenKey } from '../../src/trust/trust.ts'
import { joinTrust, summaryOf, trustIn, trustOf, verifySignature } from '../../src/trust/trusted-keys.ts'
import { ownKey } from '../support/regions.ts'

const TEXT = Buffer.from('signed')

async function signed(more: Partial<GivenKey>) {
  const { privateKey, publicKey } = await ownKey()
  const signer = await signerOf(privateKey)
  const trust = trustIn([{ publicKey, source: 'set', ...more }])
  const signature = { sig: (await signer.sign(TEXT)).sig }
  return {
    trust,
    publicKey,
    verdict: (times: readonly number[]) => verifySignature(trust, TEXT, signature, times),
    signature,
  }
}

const validity = { from: 1000, until: 2000, unproven: true } as const

test.each([
  ['without a proven time', [], true],
  ['at a proven time in it', [1500], true],
  ['at a proven time after it', [2001], 'key_expired'],
  ['at a proven time before it', [999], 'key_expired'],
  ['when one of two proven times is after it', [1500, 2001], 'key_expired'],
] as const)('a key with the window of a key set %s', async (_, times, expected) => {
  const verdict = (await signed({ validity })).verdict(times)
  expect(verdict.ok || verdict.code).toBe(expected)
})

test.each([
  ['without a proven time', [], 'key_revoked'],
  ['at a proven time before', [1999], true],
  ['at that very time', [2000], 'key_revoked'],
  ['when one of two proven times is after', [1999, 2001], 'key_revoked'],
] as const)('a revoked key %s', async (_, times, expected) => {
  const verdict = (await signed({ revoked: { since: 2000, reason: 'stolen' } })).verdict(times)
  expect(verdict.ok || verdict.code).toBe(expected)
})

test('a key that one source has revoked is revoked, whoever else names it', async () => {
  const { trust, publicKey, signature } = await signed({ revoked: { since: 2000, reason: '' } })
  for (const trusts of [
    [trustOf(publicKey), trust],
    [trust, trustOf(publicKey)],
  ]) {
    expect(verifySignature(joinTrust(trusts), TEXT, signature)).toMatchObject({
      ok: false,
      code: 'key_revoked',
      signer: expect.stringMatching(/^SHA256:/),
    })
  }
  expect(summaryOf(trust).keyids).toEqual([])
})

test('what counts differs in the hash', async () => {
  const { publicKey } = await ownKey()
  const hashes = [
    {},
    { validity },
    { validity: { from: 1000, until: 2000 } },
    { revoked: { since: 2000, reason: 'a' } },
    { revoked: { since: 2001, reason: 'a' } },
  ].map((more) => trustIn([{ publicKey, source: 'set', ...more }]).hash)
  expect(new Set(hashes).size).toBe(hashes.length)
})

test('a server whose word counts is part of the hash, publishers are not', async () => {
  const keys = [{ publicKey: (await ownKey()).publicKey, source: 'set' }]
  const hash = (word?: 'server' | 'publishers') =>
    trustIn(keys, word === undefined ? {} : { keySets: [{ source: 'https://a/keys.json', word }] }).hash
  expect(hash('server')).not.toBe(hash())
  expect(hash('publishers')).toBe(hash())
})
