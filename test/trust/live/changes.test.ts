/** What cosign and sigstore-js made with real servers verifies; one change at a time has a code of its own. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import type { Entry, Signature } from '../../../src/model/entry.ts'
import { checkEntry } from '../../../src/trust/verify-entry.ts'
import { DEV, ROOT_FILE, recorded, trustIn } from './recorded.ts'

const told = (entry: Entry, trust: Awaited<ReturnType<typeof trustIn>>): string => {
  const { verified, failed } = checkEntry(entry, trust)
  return failed[0]?.code ?? (verified.length > 0 ? 'ok' : 'nothing')
}

function first(entry: Entry): Signature {
  const [signature] = entry.signatures
  if (signature === undefined) throw new Error('no signature')
  return signature
}

const changed = (entry: Entry, change: (own: Signature) => Partial<Signature>): Entry => ({
  ...entry,
  signatures: [{ ...first(entry), ...change(first(entry)) }],
})

interface Json {
  [name: string]: unknown
}

/** The object at this path; lists are entered at their first item. */
function at(json: Json, ...path: readonly string[]): Json {
  return path.reduce<Json>((inner, name) => {
    const value = inner[name]
    return (Array.isArray(value) ? value[0] : value) as Json
  }, json)
}

/** The log entry with one member changed. */
const inLog =
  (change: (entry: Json) => void) =>
  ({ logEntries = [] }: Signature): Partial<Signature> => {
    const json = JSON.parse(logEntries[0] ?? '') as Json
    change(json)
    return { logEntries: [JSON.stringify(json)] }
  }

/** A trusted root with one thing changed. */
function otherRoot(change: (root: Json) => void): string {
  const root = JSON.parse(readFileSync(ROOT_FILE, 'utf8')) as Json
  change(root)
  const file = join(mkdtempSync(join(tmpdir(), 'prov-root-')), 'root.json')
  writeFileSync(file, JSON.stringify(root))
  return file
}

const flipped = (base64: unknown): string => {
  const bytes = Buffer.from(String(base64), 'base64')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes.toString('base64')
}

describe.each(['cosign', 'sigstore-js'] as const)('a bundle made by %s', (name) => {
  const entry = recorded(name)

  it('verifies, and says who signed it, when, and until when that can be relied on', async () => {
    const { verified, failed } = checkEntry(entry, await trustIn())
    expect(failed).toEqual([])
    expect(verified[0]?.key.identity).toEqual(DEV)
    expect(verified[0]?.proofFrom).toBeUndefined()
  })

  it.each<[string, (own: Signature) => Partial<Signature>, string]>([
    [
      'rootHash',
      inLog((e) => Object.assign(at(e, 'inclusionProof'), { rootHash: Buffer.alloc(32).toString('base64') })),
      'log_proof_invalid',
    ],
    ['treeSize', inLog((e) => Object.assign(at(e, 'inclusionProof'), { treeSize: '99' })), 'log_proof_invalid'],
    [
      'checkpoint',
      inLog((e) => {
        const checkpoint = at(e, 'inclusionProof', 'checkpoint')
        checkpoint['envelope'] = String(checkpoint['envelope']).replace('\n\n', '\nmore\n\n')
      }),
      'log_proof_invalid',
    ],
    [
      'body',
      inLog((e) => Object.assign(e, { canonicalizedBody: flipped(e['canonicalizedBody']) })),
      'log_proof_invalid',
    ],
    ['no inclusion proof', inLog((e) => Object.assign(e, { inclusionProof: undefined })), 'log_proof_invalid'],
    ['an entry that is not one', () => ({ logEntries: ['{}'] }), 'log_proof_invalid'],
    ['log', inLog((e) => Object.assign(e, { logId: { keyId: Buffer.alloc(32).toString('base64') } })), 'log_untrusted'],
    ['no log entry', () => ({ logEntries: [] }), 'log_proof_missing'],
    [
      'the log entry of another signature',
      () => ({ logEntries: first(recorded('second-signer')).logEntries ?? [] }),
      'log_entry_other',
    ],
    [
      'the timestamp of another signature',
      () => ({ timestamps: first(recorded('second-signer')).timestamps ?? [] }),
      'timestamp_invalid',
    ],
    ['a timestamp that is not one', () => ({ timestamps: [Buffer.from('none')] }), 'timestamp_invalid'],
    ['no timestamp', () => ({ timestamps: [] }), 'timestamp_missing'],
    [
      'the certificate of another',
      () => ({ certificate: first(recorded('second-signer')).certificate ?? '' }),
      'signature_invalid',
    ],
    ['a certificate that is not one', () => ({ certificate: 'none' }), 'certificate_untrusted'],
  ])('with another %s', async (_, change, code) => {
    const trust = await trustIn()
    expect(told(changed(entry, change), trust)).toBe(code)
    expect(told(entry, trust)).toBe('ok')
  })

  it('with another payload: the log holds another digest', async () => {
    expect(told({ ...entry, payload: Buffer.from(`${Buffer.from(entry.payload)} `) }, await trustIn())).toBe(
      'log_entry_other',
    )
  })

  it.each<[string, (root: Json) => void, string]>([
    ['without this log', (root) => Object.assign(root, { tlogs: [] }), 'log_untrusted'],
    ['in which the log had ended', (root) => ended(at(root, 'tlogs', 'publicKey')), 'log_untrusted'],
    [
      'in which the log key is another',
      (root) => Object.assign(at(root, 'tlogs', 'publicKey'), { rawBytes: OTHER_ED25519 }),
      'log_proof_invalid',
    ],
    ['without this authority', (root) => Object.assign(root, { certificateAuthorities: [] }), 'certificate_untrusted'],
    ['in which the authority had ended', (root) => ended(at(root, 'certificateAuthorities')), 'certificate_untrusted'],
    [
      'without this timestamp authority',
      (root) => Object.assign(root, { timestampAuthorities: [] }),
      'timestamp_invalid',
    ],
    [
      'in which the timestamp authority had ended',
      (root) => ended(at(root, 'timestampAuthorities')),
      'timestamp_invalid',
    ],
  ])('under a root %s', async (_, change, code) => {
    expect(told(entry, await trustIn({ trustedRoot: otherRoot(change) }))).toBe(code)
  })

  it('without an entry in a certificate log', async () => {
    expect(told(entry, await trustIn({ scts: 1 }))).toBe('sct_missing')
  })
})

/** Another key of the log's kind: SPKI of Ed25519 over 32 zero-free bytes. */
const OTHER_ED25519 = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32, 7)]).toString(
  'base64',
)

function ended(of: Json): void {
  Object.assign(of, { validFor: { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' } })
}

test.each<[string, (root: Json) => void]>([
  ['a start that is no date', (root) => Object.assign(at(root, 'tlogs', 'publicKey'), { validFor: { start: 'x' } })],
  [
    'an end that is no date',
    (root) => Object.assign(at(root, 'certificateAuthorities', 'validFor'), { end: '2026-99-99' }),
  ],
  ['one log twice', (root) => Object.assign(root, { tlogs: [at(root, 'tlogs'), at(root, 'tlogs')] })],
  ['another media type', (root) => Object.assign(root, { mediaType: 'application/json' })],
  ['a log without a key', (root) => Object.assign(at(root, 'tlogs'), { publicKey: undefined })],
])('a trusted root with %s is refused', async (_, change) => {
  await expect(trustIn({ trustedRoot: otherRoot(change) })).rejects.toMatchObject({ code: 'trust_unreadable' })
})

describe('who may sign', () => {
  const entry = recorded('cosign')
  test.each([
    [{}, 'ok'],
    [{ identity: '/^dev@example\\.com$/' }, 'ok'],
    [{ identity: '/^.+@example\\.com$/', issuer: '/^http://127\\.0\\.0\\.1:[0-9]+$/' }, 'ok'],
    [{ identity: 'ev@example' }, 'identity_untrusted'],
    [{ identity: 'ev@example.com' }, 'identity_untrusted'],
    [{ identity: 'd.v@example.com' }, 'identity_untrusted'],
    [{ identity: 'dev@example.co' }, 'identity_untrusted'],
    [{ identity: 'DEV@example.com' }, 'identity_untrusted'],
    [{ identity: '/^x|dev@example\\.co$/' }, 'identity_untrusted'],
    [{ identity: '/^dev@example\\.com|x$/' }, 'ok'],
    [{ issuer: 'http://127.0.0.1:5641' }, 'issuer_untrusted'],
    [{ issuer: 'http://127.0.0.1:564' }, 'issuer_untrusted'],
    [{ issuer: 'http://127.0.0.1' }, 'issuer_untrusted'],
  ])('%j: %s', async (who, code) => {
    expect(told(entry, await trustIn(who))).toBe(code)
  })

  test.each([
    '/dev@example.com/',
    '/^dev@example.com/',
    '/dev@example.com$/',
    '/^dev@example.com\\$/',
    '/^($/',
    '',
    ' ',
  ])('the pattern %j is refused', async (identity) => {
    await expect(trustIn({ identity })).rejects.toMatchObject({ code: 'usage' })
  })

  test('an identity wants its issuer, and an issuer an identity', async () => {
    const { issuer, ...half } = { keys: [], identity: 'dev@example.com', issuer: undefined }
    expect(issuer).toBeUndefined()
    const { loadTrustOf } = await import('../../../src/trust/load-trust.ts')
    const world = { env: {}, now: Date.now }
    await expect(loadTrustOf(half, world)).rejects.toThrow(/--certificate-identity wants --certificate-oidc-issuer/)
    await expect(loadTrustOf({ keys: [], issuer: 'https://x' }, world)).rejects.toThrow(
      /--certificate-oidc-issuer wants --certificate-identity/,
    )
  })
})

/** A root that has signed itself and signed nothing else, made for this test. */
const OTHER_CA = `-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUe6SkLBFreJF95OdXhXgcz39rOKcwCgYIKoZIzj0EAwIw
EzERMA8GA1UECgwIc2lnc3RvcmUwIBcNMjYxMTI3MjA1NzQxWhgPMjEyNjExMDMy
MDU3NDFaMBMxETAPBgNVBAoMCHNpZ3N0b3JlMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE2rIdl+ERC0SU6SWbhlpvuXQa4zyGzG/fGtmtoxuja2KVuFkjgVShdjGi
hAhcuR69YNTU1ptCdwQQHI6J0F+1IqNTMFEwHQYDVR0OBBYEFE3C/8wxR1fGEfMP
zhuLsEwvRG7tMB8GA1UdIwQYMBaAFE3C/8wxR1fGEfMPzhuLsEwvRG7tMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgdcYbKfiG2pM0EtNviP4KIFbe
4PxmpqefZP0w/NL6FZgCIH6C/PDB2OToI5vs3JvgS07X53tHRhP/EegLd6y8uwuV
-----END CERTIFICATE-----
`

describe("an authority of one's own", () => {
  const root = JSON.parse(readFileSync(ROOT_FILE, 'utf8')) as {
    certificateAuthorities: { certChain: { certificates: { rawBytes: string }[] } }[]
  }
  const chain = (root.certificateAuthorities[0]?.certChain.certificates ?? []).map(({ rawBytes }) => {
    return new X509Certificate(Buffer.from(rawBytes, 'base64')).toString()
  })
  const written = (...pems: readonly string[]): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'prov-ca-')), 'ca.pem')
    writeFileSync(file, pems.join(''))
    return file
  }
  const bare = (): string => otherRoot((json) => Object.assign(json, { certificateAuthorities: [] }))
  const entry = recorded('cosign')
  const leaf = first(entry).certificate ?? ''

  it('counts beside those of the root', async () => {
    expect(told(entry, await trustIn({ trustedRoot: bare() }))).toBe('certificate_untrusted')
    expect(told(entry, await trustIn({ trustedRoot: bare(), caFile: written(...chain) }))).toBe('ok')
  })

  it('and another authority of the same name does not', async () => {
    expect(told(entry, await trustIn({ trustedRoot: bare(), caFile: written(OTHER_CA) }))).toBe('certificate_untrusted')
    // A chain that stands beside the signature is no ground for trust.
    const beside = changed(entry, () => ({ chain: chain.join('') }))
    expect(told(beside, await trustIn({ trustedRoot: bare(), caFile: written(OTHER_CA) }))).toBe(
      'certificate_untrusted',
    )
  })

  test.each([
    ['a leaf', [leaf], /holds no root|not of an authority/],
    ['nothing', [''], /holds no certificate/],
    ['a damaged certificate', ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'], /cannot be read/],
    ['more than a chain', Array.from({ length: 11 }, () => OTHER_CA), /more than 10 certificates/],
  ])('%s is refused', async (_, pems, message) => {
    const refusal = { code: 'trust_unreadable', message: expect.stringMatching(message) }
    await expect(trustIn({ caFile: written(...pems) })).rejects.toMatchObject(refusal)
  })
})
