/** A keyring: who may sign, in which time, by which algorithm, and how many must. */
import { constants, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import type { Entry } from '../../src/model/entry.ts'
import { signedBytes } from '../../src/model/envelope.ts'
import { loadTrustOf } from '../../src/trust/load-trust.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { checkEntry, checkFound } from '../../src/trust/verify-entry.ts'
import { DEV, ROOT_FILE, recorded } from './live/recorded.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-keyring-'))
let files = 0

function written(content: unknown): string {
  const file = join(folder, `ring-${files++}.yaml`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }))
const trusting = (content: unknown, more: object = {}): Promise<Trust> =>
  loadTrustOf(
    { keys: [], keyring: written(content), trustedRoot: ROOT_FILE, scts: 0, ...more },
    { env: {}, now: Date.now },
  )

const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')
const base = { kind: 'dsse', payloadType: 'application/vnd.in-toto+json', payload } as const
const signedBy = (...sigs: readonly Uint8Array[]): Entry => ({ ...base, signatures: sigs.map((sig) => ({ sig })) })
const bytes = signedBytes(base)
const told = (entry: Entry, trust: Trust): string => {
  const { verified, failed } = checkEntry(entry, trust)
  return verified.length > 0 ? 'ok' : (failed[0]?.code ?? 'nothing')
}

const a = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const b = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe('the file', () => {
  const key = { pem: pem(a.publicKey) }
  test.each<[string, unknown, RegExp]>([
    ['another version', { v: 2, keys: [key] }, /version 2; this prov reads version 1/],
    ['no version', { keys: [key] }, /version undefined/],
    ['nobody', { v: 1 }, /names no key and no identity/],
    ['a member of its own', { v: 1, keys: [key], key }, /a member that prov does not know: "key"/],
    ['a member of its own in a key', { v: 1, keys: [{ ...key, expires: '2027-01-01' }] }, /keys\[0\] has a member/],
    ['both file and pem', { v: 1, keys: [{ ...key, file: 'x.pub' }] }, /keys\[0\] wants either file or pem/],
    ['neither', { v: 1, keys: [{ name: 'x' }] }, /wants either file or pem/],
    ['an end without a start', { v: 1, keys: [{ ...key, until: '2027-01-01' }] }, /a window without a start/],
    ['an end before its start', { v: 1, keys: [{ ...key, from: '2027-01-02', until: '2027-01-01' }] }, /ends before/],
    ['a day that is not one', { v: 1, keys: [{ ...key, from: '2026-02-30' }] }, /not a date such as/],
    ['a time without a zone', { v: 1, keys: [{ ...key, from: '2026-02-20T10:00:00' }] }, /not a date such as/],
    ['an unknown algorithm', { v: 1, keys: [{ ...key, algorithm: 'rot13' }] }, /algorithm that prov does not know/],
    ['a threshold of none', { v: 1, threshold: 0, keys: [key] }, /not a whole number from 1/],
    ['a threshold over all', { v: 1, threshold: 2, keys: [key] }, /asks for 2 signers and names 1/],
    ['an identity without issuer', { v: 1, identities: [{ identity: 'x' }] }, /identities\[0\] names no issuer/],
    ['a loose pattern', { v: 1, identities: [{ identity: '/x/', issuer: 'y' }] }, /not anchored at both ends/],
    ['a list', '- 1', /is not a mapping/],
    ['broken YAML', 'v: [', /is not valid YAML at line/],
    ['a member twice', 'v: 1\nv: 1\n', /is not valid YAML/],
  ])('%s is refused', async (_, content, message) => {
    await expect(trusting(content)).rejects.toMatchObject({
      code: 'trust_unreadable',
      message: expect.stringMatching(message),
    })
  })

  it('that is absent, or whose key is, is told by name', async () => {
    const world = { env: {}, now: Date.now }
    const absent = loadTrustOf({ keys: [], keyring: join(folder, 'none') }, world)
    await expect(absent).rejects.toMatchObject({
      code: 'trust_unreadable',
      message: expect.stringMatching(/none does not exist/),
    })
    await expect(trusting({ v: 1, keys: [{ file: 'none.pub' }] })).rejects.toMatchObject({ code: 'key_unreadable' })
    await expect(trusting({ v: 1, keys: [{ pem: 'x' }] })).rejects.toMatchObject({ code: 'key_unreadable' })
  })

  it('finds keys from its own folder, in YAML as well', async () => {
    writeFileSync(join(folder, 'a.pub'), pem(a.publicKey))
    const trust = await trusting('v: 1\nkeys:\n  - name: build\n    file: a.pub\n')
    expect(trust.keys[0]?.source).toBe('build')
    expect(told(signedBy(sign('sha256', bytes, a.privateKey)), trust)).toBe('ok')
  })
})

describe('algorithms that count only where the keyring says so', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const pss = createSign('sha256').update(bytes).sign({ key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })

  it('RSA-PSS', async () => {
    const key = { pem: pem(rsa.publicKey) }
    expect(told(signedBy(pss), await trusting({ v: 1, keys: [key] }))).toBe('signature_invalid')
    const saying = await trusting({ v: 1, keys: [{ ...key, algorithm: 'rsa-pss-sha256' }] })
    expect(told(signedBy(pss), saying)).toBe('ok')
    expect(told(signedBy(sign('sha256', bytes, rsa.privateKey)), saying)).toBe('signature_invalid')
  })

  it('one hash alone, where the key names it', async () => {
    const one = await trusting({ v: 1, keys: [{ pem: pem(p384.publicKey), algorithm: 'ecdsa-p384-sha384' }] })
    expect(told(signedBy(sign('sha384', bytes, p384.privateKey)), one)).toBe('ok')
    expect(told(signedBy(sign('sha256', bytes, p384.privateKey)), one)).toBe('signature_invalid')
  })
})

describe('a certificate with a key that cosign and sigstore-js refuse', () => {
  const entry = recorded('p384')

  it('P-384 with SHA-384 counts only where its identity names the algorithm', async () => {
    const { verified, failed } = checkEntry(entry, await trusting({ v: 1, identities: [DEV] }))
    expect([verified, failed[0]?.code]).toEqual([[], 'signature_invalid'])
    expect(failed[0]?.message).toMatch(/ecdsa-p384-sha384, which counts only where the keyring names it/)
    const named = { ...DEV, algorithms: ['ecdsa-p384-sha384'] }
    expect(told(entry, await trusting({ v: 1, identities: [named] }))).toBe('ok')
    expect(told(recorded('cosign'), await trusting({ v: 1, identities: [named] }))).toBe('ok')
  })
})

describe('several signers', () => {
  const ring = { v: 1, threshold: 2, keys: [{ pem: pem(a.publicKey) }, { pem: pem(b.publicKey) }] }
  const [byA, byB] = [sign('sha256', bytes, a.privateKey), sign('sha256', bytes, b.privateKey)]

  it('two of two, and one alone is not enough, not even twice', async () => {
    const trust = await trusting(ring)
    expect(told(signedBy(byA, byB), trust)).toBe('ok')
    expect(told(signedBy(byA), trust)).toBe('threshold_missed')
    expect(told(signedBy(byA, sign('sha256', bytes, a.privateKey)), trust)).toBe('threshold_missed')
  })

  it('count together over items of one slot, a signature each', async () => {
    const trust = await trusting(ring)
    const [one, two] = [signedBy(byA), signedBy(byB)]
    const checks = await checkFound([{ entry: one }, { entry: two }], trust)
    expect([checks.of(one).verified.length, checks.of(two).verified.length]).toEqual([1, 1])
    const other = {
      ...signedBy(sign('sha256', signedBytes({ ...base, payload: bytes }), b.privateKey)),
      payload: bytes,
    }
    const apart = await checkFound([{ entry: one }, { entry: other }], trust)
    expect([apart.of(one).failed[0]?.code, apart.of(other).failed[0]?.code]).toEqual([
      'threshold_missed',
      'threshold_missed',
    ])
  })

  it('a person with two certificates is one signer', async () => {
    const entry = recorded('cosign')
    const both = { ...entry, signatures: [...entry.signatures, ...recorded('sigstore-js').signatures] }
    const dev = { v: 1, identities: [DEV, { ...DEV, identity: 'release@example.com' }] }
    expect(told(both, await trusting(dev))).toBe('ok')
    expect(told(both, await trusting({ ...dev, threshold: 2 }))).toBe('threshold_missed')
    const two = { ...entry, signatures: [...entry.signatures, ...recorded('second-signer').signatures] }
    expect(told(two, await trusting({ ...dev, threshold: 2 }))).toBe('ok')
  })
})

describe('windows', () => {
  const entry = recorded('key')
  const key = { file: join(import.meta.dirname, '../../fixtures/keys/cosign.pub') }
  // The recording was made on 2026-11-27.
  test.each([
    [{ from: '2026-01-01' }, 'ok'],
    [{ from: '2026-01-01', until: '2026-11-28' }, 'ok'],
    [{ from: '2026-01-01', until: '2026-11-27T00:00:00Z' }, 'key_expired'],
    [{ from: '2026-11-28' }, 'key_expired'],
    [{}, 'ok'],
  ])('%j: %s', async (window, code) => {
    expect(told(entry, await trusting({ v: 1, keys: [{ ...key, ...window }] }))).toBe(code)
  })

  it('the time comes from a proof: without one a key with a window does not count', async () => {
    const trust = await trusting({ v: 1, keys: [{ ...key, from: '2026-01-01' }] })
    const bare = { ...entry, signatures: entry.signatures.map(({ timestamps: _, ...rest }) => rest) }
    expect(told(bare, trust)).toBe('timestamp_missing')
    const hollow = { ...entry, signatures: entry.signatures.map(({ sig }) => ({ sig })) }
    expect(told(hollow, trust)).toBe('timestamp_missing')
  })

  it('of one key in two windows the one that fits counts', async () => {
    const windows = [{ from: '2020-01-01', until: '2021-01-01' }, { from: '2026-01-01' }]
    expect(told(entry, await trusting({ v: 1, keys: windows.map((one) => ({ ...key, ...one })) }))).toBe('ok')
  })

  it('an identity has one too', async () => {
    const own = recorded('cosign')
    expect(told(own, await trusting({ v: 1, identities: [{ ...DEV, from: '2026-01-01' }] }))).toBe('ok')
    const over = { ...DEV, from: '2026-01-01', until: '2026-02-01' }
    expect(told(own, await trusting({ v: 1, identities: [over] }))).toBe('key_expired')
  })

  it('what is over is called retired, and its end is told', async () => {
    const ring = { v: 1, keys: [{ ...key, name: 'old', from: '2026-01-01', until: '2026-11-28' }] }
    const later = await loadTrustOf(
      { keys: [], keyring: written(ring), trustedRoot: ROOT_FILE },
      { env: {}, now: () => Date.parse('2027-06-01') },
    )
    const { verified } = checkEntry(entry, later)
    expect(verified[0]?.key).toMatchObject({ source: 'old', retired: true })
    const soon = await loadTrustOf(
      { keys: [], keyring: written(ring), trustedRoot: ROOT_FILE },
      { env: {}, now: () => Date.parse('2026-11-27T23:00:00Z') },
    )
    expect(checkEntry(entry, soon).verified[0]).toMatchObject({ until: Date.parse('2026-11-28') })
    expect(checkEntry(entry, soon).verified[0]?.key.retired).toBeUndefined()
  })
})

describe('the hash of a trust', () => {
  it('covers identities, windows, algorithms, the root, authorities and thresholds, whatever the order', async () => {
    const keys = [{ pem: pem(a.publicKey) }, { pem: pem(b.publicKey) }]
    const ring = { v: 1, keys, identities: [DEV] }
    const hashOf = async (content: object, more: object = {}) => (await trusting({ ...ring, ...content }, more)).hash
    const all = await Promise.all([
      hashOf({}),
      hashOf({ threshold: 2 }),
      hashOf({ keys: [{ ...keys[0], from: '2026-01-01' }, keys[1]] }),
      hashOf({ keys: [{ ...keys[0], algorithm: 'ecdsa-p256-sha256' }, keys[1]] }),
      hashOf({ identities: [{ ...DEV, issuer: 'https://other.example.com' }] }),
      hashOf({ identities: [{ ...DEV, from: '2026-01-01' }] }),
      hashOf({ identities: [{ ...DEV, algorithms: ['ecdsa-p384-sha384'] }] }),
      hashOf({}, { logs: 2 }),
      hashOf({}, { timestamps: 2 }),
      hashOf({}, { scts: 1 }),
      hashOf({}, { trustedRoot: undefined, offline: true }),
    ])
    expect(new Set(all).size).toBe(all.length)
    expect(await hashOf({ keys: keys.toReversed() })).toBe(all[0])
  })
})
