/** Which signatures of an entry count, a rule a line. */

import { beforeAll, describe, expect, test } from 'vitest'
import type { Entry } from '../../src/model/entry.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { checkEntry, checkFound, checksUnder, type Verdicts } from '../../src/trust/verify-entry.ts'
import { CERTIFICATE_OF_ANOTHER } from '../support/forge.ts'
import { attest, signer, taskRun } from '../support/makers.ts'

let ours: KeySigner
let theirs: KeySigner
let trust: Trust
let good: Entry

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
  trust = trustOf(ours)
  good = await attest(taskRun('aa'), ours)
})

/** The entry with something beside its signature. */
const beside = (more: object): Entry => ({ ...good, signatures: good.signatures.map((one) => ({ ...one, ...more })) })

function told(entry: Entry): string {
  const { verified, failed } = checkEntry(entry, trust)
  return [...verified.map(() => 'ok'), ...failed.map(({ code }) => code)].join(' ')
}

describe('a signature', () => {
  test('by a key that is given verifies, and says which', () => {
    expect(told(good)).toBe('ok')
    expect(checkEntry(good, trust).verified[0]?.key.keyid).toBe(ours.keyid)
  })

  test('by another key does not, by the name of it', async () => {
    expect(told(await attest(taskRun('aa'), theirs))).toBe('key_untrusted')
  })

  test('over other bytes does not', () => {
    expect(told({ ...good, payload: Buffer.from('x') })).toBe('signature_invalid')
    expect(told({ ...good, payloadType: 'x' })).toBe('signature_invalid')
  })

  test('each counts for itself', () => {
    expect(told({ ...good, signatures: [{ sig: Buffer.from('x') }, ...good.signatures] })).toBe('ok signature_invalid')
    expect(told({ ...good, signatures: [] })).toBe('')
  })
})

describe('what stands beside a signature that verifies', () => {
  test('nothing, or empty text as Chains writes it, is well', () => {
    expect(told(beside({ certificate: '', chain: '' }))).toBe('ok')
  })

  test('a certificate of another key, one that is none, a chain that is none or stands alone is not', () => {
    expect(told(beside({ certificate: CERTIFICATE_OF_ANOTHER }))).toBe('copy_malformed')
    expect(told(beside({ certificate: 'none' }))).toBe('copy_malformed')
    expect(told(beside({ chain: CERTIFICATE_OF_ANOTHER }))).toBe('copy_malformed')
    expect(told(beside({ certificate: CERTIFICATE_OF_ANOTHER, chain: 'none' }))).toBe('copy_malformed')
  })

  test('each says what is wrong', () => {
    const message = (more: object) => checkEntry(beside(more), trust).failed[0]?.message
    expect(message({ chain: 'x' })).toMatch(/chain without a certificate/)
    expect(message({ certificate: 'x' })).toMatch(/is none/)
    expect(message({ certificate: CERTIFICATE_OF_ANOTHER })).toMatch(/not one of the key/)
    expect(message({ certificate: CERTIFICATE_OF_ANOTHER, chain: 'x' })).toMatch(/is none/)
  })
})

describe('checks are handed on', () => {
  test('each is made once, on another thread or when it is asked for', async () => {
    const entry = { ...good }
    const ahead = await checkFound([{ entry }, {}], trust)
    const later = checksUnder(trust)
    for (const checks of [ahead, later]) {
      const first = checks.of(entry)
      expect(first.verified).toHaveLength(1)
      expect(checks.of(entry)).toBe(first)
      expect(checks.trust).toBe(trust)
    }
  })

  test('they are for these keys alone', async () => {
    const entry = { ...good }
    expect((await checkFound([{ entry }], trust)).of(entry).verified).toHaveLength(1)
    expect((await checkFound([{ entry }], trustOf(theirs))).of(entry).failed).toHaveLength(1)
    expect(checkEntry(entry, trustOf(theirs)).verified).toHaveLength(0)
  })

  test('copies of one entry share a verdict, and what differs in anything has one of its own', async () => {
    const verdicts: Verdicts = new Map()
    const [signature = never()] = good.signatures
    const verdictOf = async (entry: Entry) => {
      const { failed, verified } = (await checkFound([{ entry }], trust, { verdicts })).of(entry)
      return failed[0]?.code ?? verified.length
    }
    const altered = Buffer.from(good.payload)
    altered[0] = (altered[0] ?? 0) ^ 1
    const bad = Buffer.from(signature.sig)
    bad[10] = (bad[10] ?? 0) ^ 1
    expect(await verdictOf({ ...good })).toBe(1)
    const { makers } = [...verdicts.values()][0] ?? never()
    expect(await verdictOf({ ...good, payload: Buffer.from(good.payload) })).toBe(1)
    expect([...verdicts.values()].map((one) => one.makers === makers)).toEqual([true])

    expect(await verdictOf({ ...good, payload: altered })).toBe('signature_invalid')
    expect(await verdictOf({ ...good, kind: 'raw' })).toBe('signature_invalid')
    expect(await verdictOf({ ...good, payloadType: 'text/plain' })).toBe('signature_invalid')
    expect(await verdictOf({ ...good, signatures: [{ ...signature, sig: bad }] })).toBe('signature_invalid')
    expect(await verdictOf({ ...good, signatures: [{ ...signature, sig: bad, keyid: 'other' }] })).toBe('key_untrusted')
    expect(await verdictOf({ ...good, signatures: [{ ...signature, certificate: CERTIFICATE_OF_ANOTHER }] })).toBe(
      'copy_malformed',
    )
    expect(await verdictOf({ ...good })).toBe(1)
  })
})

function never(): never {
  throw new Error('there is none')
}
