import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { STATEMENT_TYPE } from '../../src/model/entry.ts'
import { pae } from '../../src/model/envelope.ts'
import { joinTrust, loadTrust, trustIn, trustOf, verifySignature } from '../../src/trust/trusted-keys.ts'
import { checkEntry, checkFound } from '../../src/trust/verify-entry.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-trust-'))
const BYTES = Buffer.from('what was signed')
const [ours, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
if (ours === undefined || other === undefined) throw new Error('no keys')
const trust = trustOf(ours.publicKey)
const sig = sign('sha256', BYTES, ours.privateKey)
const foreign = sign('sha256', BYTES, other.privateKey)

function publicFile(name: string, ...keys: KeyObject[]): string {
  const path = join(folder, name)
  writeFileSync(path, keys.map((key) => String(key.export({ type: 'spki', format: 'pem' }))).join(''))
  return path
}

it.each([
  ['P-384', 'sha256'],
  ['P-384', 'sha384'],
  ['P-521', 'sha512'],
  ['P-521', 'sha256'],
] as const)('verifies %s with %s, as others sign', (namedCurve, hash) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  expect(verifySignature(trustOf(publicKey), BYTES, { sig: sign(hash, BYTES, privateKey) }).ok).toBe(true)
  expect(verifySignature(trustOf(publicKey), BYTES, { sig: sign('sha1', BYTES, privateKey) }).ok).toBe(false)
})

it('does not verify P-256 with another hash, nor RSA-PSS', () => {
  expect(verifySignature(trust, BYTES, { sig: sign('sha512', BYTES, ours.privateKey) }).ok).toBe(false)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pss = sign('sha256', BYTES, { key: rsa.privateKey, padding: 6 })
  expect(verifySignature(trustOf(rsa.publicKey), BYTES, { sig: pss }).ok).toBe(false)
})

it('takes the key id as a hint only', () => {
  expect(verifySignature(trust, BYTES, { sig, keyid: 'SHA256:of-somebody-else' }).ok).toBe(true)
  const keyid = trust.keys[0]?.keyid ?? ''
  expect(verifySignature(trust, BYTES, { sig: foreign, keyid })).toMatchObject({ code: 'signature_invalid' })
})

it('tells a foreign key from a bad signature', () => {
  const keyid = trustOf(other.publicKey).keys[0]?.keyid ?? ''
  expect(verifySignature(trust, BYTES, { sig: foreign, keyid })).toMatchObject({
    code: 'key_untrusted',
    signer: keyid,
  })
  expect(verifySignature(trust, BYTES, { sig: foreign })).toMatchObject({ code: 'signature_invalid' })
  expect(verifySignature(trust, BYTES, { sig: foreign, keyid: '' })).toMatchObject({ code: 'signature_invalid' })
  const der = ours.publicKey.export({ type: 'spki', format: 'der' })
  for (const hint of [trust.keys[0]?.hint ?? '', createHash('sha256').update(der).digest('hex')]) {
    expect(verifySignature(trust, BYTES, { sig: foreign, keyid: hint })).toMatchObject({ code: 'signature_invalid' })
  }
})

it('prints no control characters of a key id, and takes no text for the name of a key', () => {
  const verdict = verifySignature(trust, BYTES, { sig: foreign, keyid: `\u001b[2J${'x'.repeat(500)}` })
  expect(verdict).toMatchObject({
    code: 'key_untrusted',
    message: expect.stringMatching(/^[\x20-\x7e…]{1,200}$/),
  })
  expect(verdict).not.toHaveProperty('signer') // it is no name of a key
})

it('believes a certificate only for the key it holds', () => {
  const [keyFile, certFile] = [join(folder, 'c.pem'), join(folder, 'c.crt')]
  writeFileSync(keyFile, String(ours.privateKey.export({ type: 'pkcs8', format: 'pem' })))
  execFileSync('openssl', ['req', '-x509', '-key', keyFile, '-subj', '/CN=x', '-days', '2', '-out', certFile])
  const certificate = readFileSync(certFile, 'utf8')
  expect(verifySignature(trust, BYTES, { sig, certificate }).ok).toBe(true)
  expect(verifySignature(trust, BYTES, { sig: foreign, certificate })).toMatchObject({ code: 'signature_invalid' })
  const others = trustOf(other.publicKey)
  expect(verifySignature(others, BYTES, { sig, certificate })).toMatchObject({
    code: 'key_untrusted',
    message: expect.stringContaining('--certificate-identity'),
  })
  expect(verifySignature(others, BYTES, { sig, certificate: 'garbage' })).toMatchObject({ code: 'key_untrusted' })
  expect(verifySignature(others, BYTES, { sig, certificate: '' })).toMatchObject({ code: 'signature_invalid' })
})

it('has one hash for one set of keys, whatever order, file or repetition', async () => {
  const [a, b] = [publicFile('a.pub', ours.publicKey), publicFile('b.pub', other.publicKey)]
  const both = await loadTrust([a, b])
  expect((await loadTrust([b, a, a])).hash).toBe(both.hash)
  expect((await loadTrust([publicFile('ab.pub', ours.publicKey, other.publicKey)])).hash).toBe(both.hash)
  expect((await loadTrust([a])).hash).toBe(trust.hash)
  expect(both.hash).not.toBe(trust.hash)
  expect(both.keys.map((key) => key.source)).toEqual([a, b])
  expect(verifySignature(both, BYTES, { sig: foreign })).toMatchObject({ ok: true, key: { source: b } })
})

it.each([
  ['no key at all', [], 'usage'],
  ['a private key', ['fixtures/keys/cosign.key'], 'key_unreadable'],
  ['a certificate', ['c.crt'].map((name) => join(folder, name)), 'key_unreadable'],
  ['a missing file', ['absent.pub'], 'key_unreadable'],
])('refuses %s', async (_, keys, code) => {
  await expect(loadTrust(keys)).rejects.toMatchObject({ code })
})

it('checks every signature of an entry, over the PAE', () => {
  const payload = Buffer.from('{}')
  const bytes = pae(STATEMENT_TYPE, payload)
  const good = { sig: sign('sha256', bytes, ours.privateKey), keyid: 'whatever' }
  const bare = { sig: sign('sha256', payload, ours.privateKey) }
  const entry = { kind: 'dsse', payloadType: STATEMENT_TYPE, payload, signatures: [bare, good] } as const
  const check = checkEntry(entry, trust)
  expect(check.verified).toMatchObject([{ signature: good, key: { keyid: trust.keys[0]?.keyid } }])
  expect(check.failed).toMatchObject([{ signature: bare, code: 'signature_invalid' }])
  expect(checkEntry({ ...entry, payloadType: 'text/plain' }, trust).verified).toEqual([])
  expect(createPublicKey(ours.privateKey).equals(check.verified[0]?.key.publicKey ?? ours.privateKey)).toBe(true)
})

it('says the same of every signature when it is checked on another thread', async () => {
  const payload = Buffer.from('{}')
  const bytes = pae(STATEMENT_TYPE, payload)
  const [p384, rsa, ed25519] = [
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ]
  const all = joinTrust([ours, p384, rsa, ed25519].map(({ publicKey }) => trustOf(publicKey)))
  const signatures = [
    { sig: sign('sha256', bytes, ours.privateKey) },
    { sig: sign('sha256', bytes, p384.privateKey) },
    { sig: sign('sha384', bytes, p384.privateKey) },
    { sig: sign('sha256', bytes, rsa.privateKey) },
    { sig: sign(null, bytes, ed25519.privateKey) },
    { sig: sign('sha256', payload, ours.privateKey) },
    { sig: sign('sha256', bytes, other.privateKey), keyid: 'SHA256:of-somebody-else' },
    { sig: Buffer.from('no signature') },
    { sig: Buffer.alloc(0) },
    { sig: Buffer.alloc(5000) },
    { sig: sign('sha256', bytes, ours.privateKey), certificate: 'garbage' },
  ]
  const entry = { kind: 'dsse', payloadType: STATEMENT_TYPE, payload, signatures } as const
  const expected = checkEntry({ ...entry }, all)
  expect(expected.verified).toHaveLength(5)
  expect(new Set(expected.failed.map(({ code }) => code)).size).toBe(3)
  const aside = { ...entry, payload: Buffer.from(payload) }
  const checks = await checkFound([{ entry: aside }, {}], all)
  aside.payload.fill(0) // what is known is not worked out once more
  expect(checks.of(aside)).toEqual(expected)
})

const DAY = 86_400_000

it('a key with a validity counts for what was provably signed within it, and for nothing else', () => {
  const until = trustOf(ours.publicKey, 'old.pub', { from: DAY, until: 2 * DAY })
  const ok = (at?: number): boolean => verifySignature(until, BYTES, { sig }, at === undefined ? [] : [at]).ok
  expect([ok(DAY), ok(1.5 * DAY), ok(2 * DAY)]).toEqual([true, true, true])
  expect([ok(), ok(DAY - 1), ok(2 * DAY + 1)]).toEqual([false, false, false])
  expect(verifySignature(until, BYTES, { sig })).toMatchObject({
    code: 'timestamp_missing',
    message: expect.stringMatching(/valid then/),
  })
  expect(verifySignature(joinTrust([until, trust]), BYTES, { sig }).ok).toBe(true)
})

it.each([[[1, 3]], [[3, 1]]])(
  'a key that several have revoked is revoked from the earliest time on (days %j)',
  (days) => {
    const given = days.map((day) => ({
      publicKey: ours.publicKey,
      source: `region ${day}`,
      revoked: { since: day * DAY, reason: 'stolen' },
    }))
    const codes = [0, 2, 4].map((day) => verifySignature(trustIn(given), BYTES, { sig }, [day * DAY]))
    expect(codes.map((verdict) => verdict.ok)).toEqual([true, false, false])
  },
)

it('the hash of a trust covers validities, and no validity leaves it as it was', () => {
  const hashes = [undefined, { until: DAY }, { until: 2 * DAY }, { from: DAY }].map(
    (validity) => trustOf(ours.publicKey, 'x', validity).hash,
  )
  expect(new Set(hashes).size).toBe(4)
  expect(hashes[0]).toBe(trust.hash)
})
