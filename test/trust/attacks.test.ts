/** What somebody who can write to a store, and has no key that is trusted, cannot make of it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Entry } from '../../src/model/entry.ts'
import { contentOf } from '../../src/trust/content.ts'
import { loadTrustOf, type TrustWish } from '../../src/trust/load-trust.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { checkEntry, checkFound } from '../../src/trust/verify-entry.ts'
import {
  CA_EXTENSIONS,
  type Holder,
  ISSUER,
  issue,
  type Log,
  openLog,
  rootFile,
  signedWith,
  signerExtensions,
} from '../support/authority.ts'
import { scratch } from '../support/scratch.ts'
import { recorded } from './live/recorded.ts'

let log: Log
let ca: Holder
let dev: Holder
let root: string
let entry: Entry

beforeAll(() => {
  log = openLog()
  ca = issue({ subject: '/CN=ca', extensions: CA_EXTENSIONS })
  dev = issue({ subject: '/CN=dev', by: ca, extensions: signerExtensions('email:dev@example.com') })
  root = rootFile(log, [[ca]])
  entry = recorded('cosign')
})

const trustIn = (wish: Partial<TrustWish> = {}): Promise<Trust> =>
  loadTrustOf(
    { keys: [], identity: 'dev@example.com', issuer: ISSUER, trustedRoot: root, scts: 0, ...wish },
    { env: {}, now: Date.now },
  )

const told = (one: Entry, trust: Trust): string => {
  const { verified, failed } = checkEntry(one, trust)
  return verified.length > 0 ? 'ok' : (failed[0]?.code ?? 'nothing')
}

describe('a certificate', () => {
  it('of the identity verifies what its key has signed', async () => {
    expect(told(signedWith(log, entry, dev.privateKey, { certificate: dev.certificate }), await trustIn())).toBe('ok')
  })

  it.each<[string, (victim: string, own: string) => string]>([
    ['as text before the own one', (victim, own) => `${body(victim)}=\n${own}`],
    [
      'in a block that only one reader takes for one',
      (victim, own) => `-----BEGIN CERTIFICATE----- AAAA\n${body(victim)}\n=\n-----END CERTIFICATE-----\n${own}`,
    ],
    ['in front', (victim, own) => `${victim}${own}`],
    ['behind', (victim, own) => `${own}${victim}`],
  ])('of the identity does not cover for the key of another: %s', async (_, joined) => {
    const thief = issue({ subject: '/CN=thief' })
    const certificate = joined(dev.certificate, thief.certificate)
    const stolen = signedWith(log, entry, thief.privateKey, { certificate })
    expect(told(stolen, await trustIn())).not.toBe('ok')
  })

  it('that has signed itself under two names begins no chain of --ca-file', async () => {
    const fake = issue({ subject: '/CN=ca2', extensions: CA_EXTENSIONS })
    const other = issue({
      subject: '/CN=fake',
      by: fake,
      key: fake.privateKey,
      extensions: [...CA_EXTENSIONS, 'authorityKeyIdentifier=keyid:always'],
    })
    const leaf = issue({
      by: other,
      extensions: [...signerExtensions('email:dev@example.com'), 'authorityKeyIdentifier=keyid:always'],
    })
    const forged = signedWith(log, entry, leaf.privateKey, { certificate: leaf.certificate, chain: other.certificate })
    expect(told(forged, await trustIn({ caFile: ca.files.certificate }))).toBe('certificate_untrusted')
  })

  it('of an intermediate of --ca-file verifies, of one with limits that nobody checks it does not', async () => {
    const under = async (extensions: readonly string[], more: readonly string[] = []): Promise<string> => {
      const between = issue({ subject: '/CN=between', by: ca, extensions })
      const leaf = issue({ by: between, extensions: [...signerExtensions('email:dev@example.com'), ...more] })
      const one = signedWith(log, entry, leaf.privateKey, { certificate: leaf.certificate, chain: between.certificate })
      return told(one, await trustIn({ caFile: ca.files.certificate }))
    }
    expect(await under(CA_EXTENSIONS)).toBe('ok')
    expect(await under([...CA_EXTENSIONS, 'nameConstraints=critical,permitted;email:other.example.com'])).toBe(
      'certificate_untrusted',
    )
    expect(await under([...CA_EXTENSIONS, 'nameConstraints=permitted;email:other.example.com'])).toBe(
      'certificate_untrusted',
    )
    expect(await under(['basicConstraints=CA:FALSE'])).toBe('certificate_untrusted')
    expect(await under([])).toBe('certificate_untrusted')
    expect(await under(CA_EXTENSIONS, ['1.2.3.4=critical,ASN1:NULL'])).toBe('certificate_untrusted')
    expect(await under(CA_EXTENSIONS, ['1.2.3.4=ASN1:NULL'])).toBe('ok')
  })

  it('for another use than signing does not count', async () => {
    const as = async (usage: string): Promise<string> => {
      const extensions = signerExtensions('email:dev@example.com').map((line) => line.replace('codeSigning', usage))
      const leaf = issue({ by: ca, extensions })
      return told(signedWith(log, entry, leaf.privateKey, { certificate: leaf.certificate }), await trustIn())
    }
    expect(await as('serverAuth')).toBe('certificate_untrusted')
    expect(await as('serverAuth,codeSigning')).toBe('ok')
  })

  it('of an authority with limits that nobody checks is refused as --ca-file', async () => {
    const limited = issue({ extensions: [...CA_EXTENSIONS, 'nameConstraints=critical,permitted;email:example.com'] })
    await expect(trustIn({ caFile: limited.files.certificate })).rejects.toMatchObject({ code: 'trust_unreadable' })
  })

  it.each(['\xe4ev@example.com'])('whose name is %j is not that of the identity', async (name) => {
    const odd = issue({
      by: ca,
      extensions: signerExtensions('email:dev@example.com').map((line) =>
        line.startsWith('subjectAltName') ? `2.5.29.17=critical,DER:${san(1, Buffer.from(name, 'latin1'))}` : line,
      ),
    })
    expect(told(signedWith(log, entry, odd.privateKey, { certificate: odd.certificate }), await trustIn())).toBe(
      'identity_untrusted',
    )
  })
})

const body = (pem: string): string => pem.replace(/-----.*-----\n/g, '').trimEnd()

const san = (tag: number, value: Buffer): string => {
  const name = Buffer.concat([Buffer.of(0x80 | tag, value.length), value])
  return Buffer.concat([Buffer.of(0x30, name.length), name]).toString('hex')
}

describe('two signers that are wanted', () => {
  const both = async (a: Entry, b: Entry): Promise<readonly string[]> => {
    const keyring = join(scratch(), 'keyring.json')
    const identities = ['dev', 'ops'].map((name) => ({ identity: `${name}@example.com`, issuer: ISSUER }))
    writeFileSync(keyring, JSON.stringify({ v: 1, threshold: 2, identities }))
    const world = { env: {}, now: Date.now }
    const trust = await loadTrustOf({ keys: [], keyring, trustedRoot: root, scts: 0 }, world)
    const checks = await checkFound([{ entry: a }, { entry: b }], trust)
    return [a, b].map((one) => checks.of(one).failed[0]?.code ?? 'ok')
  }
  const by = (name: string, what: Entry): Entry => {
    const who = issue({ by: ca, extensions: signerExtensions(`email:${name}@example.com`) })
    return signedWith(log, what, who.privateKey, { certificate: who.certificate })
  }

  it('have signed the same bytes as the same type', async () => {
    expect(await both(by('dev', entry), by('ops', entry))).toEqual(['ok', 'ok'])
    const other = { ...entry, payloadType: 'text/plain' }
    expect(await both(by('dev', entry), by('ops', other))).toEqual(['threshold_missed', 'threshold_missed'])
  })

  it('are not one with two certificates', async () => {
    expect(await both(by('dev', entry), by('dev', entry))).toEqual(['threshold_missed', 'threshold_missed'])
  })
})

it('a digest of an envelope is made once, however many proofs stand beside its signatures', () => {
  const content = contentOf(entry)
  expect(content.payloadDigest('sha256')).toBe(content.payloadDigest('sha256'))
  expect(content.signedDigest('sha384')).toBe(content.signedDigest('sha384'))
  expect(content.signedDigest('sha256')).not.toEqual(content.payloadDigest('sha256'))
})
