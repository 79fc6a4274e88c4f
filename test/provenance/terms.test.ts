/** What is written is what is asked for: one spelling; and nothing that a payload says keeps an entry from having terms. */
import { createHash, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Entry } from '../../src/model/entry.ts'
import { namesOfCertificate } from '../../src/provenance/certificate-names.ts'
import { type Asked, askedTerm, termOf, termsOf, termsOfUnreadable } from '../../src/provenance/terms.ts'
import { attest, hex, imageOf, signer, signImage, taskRun } from '../support/makers.ts'

/** Self-signed; its key is thrown away. An e-mail address, a URI, Fulcio's user name, a host and an IP address. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIICKjCCAdCgAwIBAgIUQo5/ZhI6kEzfndNJtLXTZPY089wwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcHJvdiB0ZXN0MCAXDTI2MTEyNzE5NTQzMVoYDzIxMjYxMTAz
MTk1NDMxWjAUMRIwEAYDVQQDDAlwcm92IHRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARcATa3p0vKsrbpmrl2vvOFid8p7uQZia8jaIXXcmzFNVOYgd5lwugi
zcEZ8WdafGAzeCqqjDoCyisnalG8Ot+eo4H9MIH6MB0GA1UdDgQWBBSZwni+dSf9
Bacs1TebVj8WTpCmLjAfBgNVHSMEGDAWgBSZwni+dSf9Bacs1TebVj8WTpCmLjAP
BgNVHRMBAf8EBTADAQH/MIGmBgNVHREEgZ4wgZuBFFJlbGVhc2VAQWNtZS5leGFt
cGxlhklodHRwczovL0dpdEh1Yi5jb20vYWNtZS9hcHAvLmdpdGh1Yi93b3JrZmxv
d3MvcmVsZWFzZS55bWxAcmVmcy9oZWFkcy9tYWluoB4GCisGAQQBg78wAQegEAwO
YWNtZS1ib3QhYnVpbGSCEmJ1aWxkLmFjbWUuZXhhbXBsZYcEfwAAATAKBggqhkjO
PQQDAgNIADBFAiBtZP1wsCNdopv/KeZPhXar3gW97osoinv06MvFiHqwDQIhAIbS
jQZj2QkmsRpb2ER2KX0l+cjIXJPFqZD3aLBqdeJ/
-----END CERTIFICATE-----
`
const CERTIFICATE_KEY = createHash('sha256')
  .update(new X509Certificate(CERTIFICATE).publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex')

const run = taskRun('app')
const key = await signer()
const hashOfKey = 'ab'.repeat(32)
const known = { keyids: [key.keyid, hashOfKey], runs: [run] }

const statement = (more: object): Entry => ({
  kind: 'dsse',
  payloadType: 'application/vnd.in-toto+json',
  payload: Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [],
      ...more,
    }),
  ),
  signatures: [{ sig: Buffer.of(1) }],
})

describe('terms', () => {
  it('of the provenance of a run', async () => {
    const entry = await attest(run, key)
    expect(termsOf(entry, known)).toEqual(
      [
        'builder:https://tekton.dev/chains/v2',
        `digest:sha256:${hex('app')}`,
        `entry:dsse:sha256:${createHash('sha256').update(entry.payload).digest('hex')}`,
        `image:registry.example/app@sha256:${hex('app')}`,
        `key:${key.keyid}`,
        `key:${hashOfKey}`,
        'name:ci/app',
        `run:${run.uid}`,
        'type:https://slsa.dev/provenance/v0.2',
      ].sort(),
    )
  })

  it('of the signature of an image that two runs have built', async () => {
    const entry = await signImage(imageOf(run), key)
    expect(termsOf(entry, { keyids: [key.keyid], runs: [run, taskRun('b')] })).toEqual([
      `digest:sha256:${hex('app')}`,
      expect.stringMatching(/^entry:raw:sha256:/),
      `image:registry.example/app@sha256:${hex('app')}`,
      `key:${key.keyid}`,
      'name:ci/app',
      'name:ci/b',
      ...[run.uid, taskRun('b').uid].map((uid) => `run:${uid}`).sort(),
    ])
  })

  it('of every subject and every algorithm', () => {
    const entry = statement({
      subject: [
        { name: 'a', digest: { sha256: 'AA', sha512: 'bb' } },
        { name: 'b', digest: { gitCommit: 'cc' } },
      ],
      predicate: { runDetails: { builder: { id: 'HTTPS://CI.Example/Runner' }, metadata: { invocationId: 'UID-1' } } },
    })
    expect(termsOf(entry, { keyids: [], runs: [] }).filter((term) => !term.startsWith('entry:'))).toEqual([
      'builder:https://ci.example/Runner',
      'digest:gitcommit:cc',
      'digest:sha256:aa',
      'digest:sha512:bb',
      'run:uid-1',
      'type:https://slsa.dev/provenance/v1',
    ])
  })

  it('names of a certificate count when its key is one under which the entry was verified', async () => {
    const entry = await attest(run, key)
    const signed = { ...entry, signatures: [{ ...entry.signatures[0], sig: Buffer.of(1), certificate: CERTIFICATE }] }
    const identities = (keyids: readonly string[]) =>
      termsOf(signed, { keyids, runs: [] }).filter((term) => term.startsWith('identity:'))
    expect(identities([CERTIFICATE_KEY])).toEqual([
      'identity:acme-bot!build',
      'identity:build.acme.example',
      'identity:https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main',
      'identity:release@acme.example',
    ])
    expect(identities([hashOfKey])).toEqual([])
  })

  it('an entry that cannot be read has its id and its keys', () => {
    expect(termsOfUnreadable('raw:sha256:00', ['SHA256:x'])).toEqual(['entry:raw:sha256:00', 'key:SHA256:x'])
  })

  it.each([
    ['bytes that are not text', Buffer.of(0xff, 0xfe)],
    ['nothing', Buffer.alloc(0)],
    ['nested too deeply', Buffer.from(`${'['.repeat(100_000)}`)],
    ['another type', Buffer.from('{"_type":"x"}')],
  ])('a payload of %s gives fewer, and throws nothing', (_, payload) => {
    for (const kind of ['dsse', 'raw'] as const) {
      const terms = termsOf({ ...statement({}), kind, payload }, known)
      expect(terms).toContain(`run:${run.uid}`)
      expect(terms.some((term) => term.startsWith('digest:'))).toBe(false)
    }
  })

  it('whatever a payload and a certificate say, each term is short, plain text', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (predicate, odd, uid) => {
          const entry = statement({
            predicateType: odd || 'x',
            subject: [{ name: odd, digest: { [odd]: odd, sha256: uid } }],
            predicate: { builder: { id: odd }, runDetails: { metadata: { invocationId: uid } }, more: predicate },
          })
          const certified = { ...entry, signatures: [{ sig: Buffer.of(1), certificate: odd }] }
          for (const term of termsOf(certified, { keyids: [odd], runs: [{ uid, namespace: odd, name: uid }] })) {
            expect(Buffer.byteLength(term)).toBeLessThanOrEqual(512)
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
            expect(term).not.toMatch(/[\u0000-\u001f\u007f]/)
            expect(term.isWellFormed()).toBe(true)
          }
        },
      ),
    )
  })

  it('of a certificate that was cut or altered anywhere never throw', () => {
    const whole = new X509Certificate(CERTIFICATE).raw
    for (let at = 0; at < whole.length; at += 1) {
      for (const bytes of [
        whole.subarray(0, at),
        Buffer.concat([whole.subarray(0, at), Buffer.of(0x84), whole.subarray(at + 1)]),
      ]) {
        const pem = `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`
        expect(namesOfCertificate(pem)?.names.length ?? 0).toBeLessThanOrEqual(4)
      }
    }
  })
})

describe('what a person asks', () => {
  const digest = hex('app')
  const long = `https://builder.example/${'x'.repeat(2000)}`

  test.each<[Asked, string, string]>([
    ['sha', digest, `digest:sha256:${digest}`],
    ['sha', `sha256:${digest}`, `digest:sha256:${digest}`],
    ['sha', `SHA256:${digest.toUpperCase()}`, `digest:sha256:${digest}`],
    ['sha', 'aa'.repeat(64), `digest:sha512:${'aa'.repeat(64)}`],
    ['sha', `gitCommit:${'c'.repeat(40)}`, `digest:gitcommit:${'c'.repeat(40)}`],
    ['key', key.keyid, `key:${key.keyid}`],
    ['key', `${key.keyid.replace('SHA256', 'sha256')}=`, `key:${key.keyid}`],
    ['key', hashOfKey.toUpperCase(), `key:${hashOfKey}`],
    ['key', `sha256:${hashOfKey}`, `key:${hashOfKey}`],
    ['builder', 'HTTPS://Tekton.DEV/chains/V2', 'builder:https://tekton.dev/chains/V2'],
    ['builder', 'https://Me@Host.example', 'builder:https://Me@host.example'],
    ['builder', 'no URI at all', 'builder:no URI at all'],
    ['builder', long, `#sha256:${hex(`builder:${long}`)}`],
    ['identity', 'Release@ACME.example', 'identity:release@acme.example'],
    ['run', run.uid.toUpperCase(), `run:${run.uid}`],
    [
      'image',
      `docker.io/alpine:3@SHA256:${digest.toUpperCase()}`,
      `image:index.docker.io/library/alpine@sha256:${digest}`,
    ],
    ['type', 'https://SLSA.dev/provenance/v1', 'type:https://slsa.dev/provenance/v1'],
  ])('--%s %s', (by, text, term) => {
    expect(askedTerm(by, text)).toBe(term)
  })

  it('is the term that was written', async () => {
    const terms = termsOf(await attest(run, key), known)
    for (const [by, text] of [
      ['sha', hex('app').toUpperCase()],
      ['key', key.keyid],
      ['key', hashOfKey],
      ['builder', 'https://TEKTON.dev/chains/v2'],
      ['run', run.uid],
      ['image', `registry.example/app:latest@sha256:${hex('app')}`],
      ['type', 'https://slsa.dev/provenance/v0.2'],
    ] as const) {
      expect(terms).toContain(askedTerm(by, text))
    }
    const odd = statement({ predicateType: long })
    expect(termsOf(odd, { keyids: [], runs: [] })).toContain(askedTerm('type', long))
    expect(termOf('type', long)).toMatch(/^#sha256:[0-9a-f]{64}$/)
  })

  test.each<[Asked, string]>([
    ['sha', ''],
    ['sha', 'xyz'],
    ['sha', 'abc'],
    ['sha', 'sha256:abc'],
    ['sha', `sha512:${digest}`],
    ['key', 'cosign.pub'],
    ['key', 'SHA256:short'],
    ['builder', ''],
    ['builder', 'a\nb'],
    ['identity', ' a@b'],
    ['run', 'ci/build'],
    ['run', ''],
    ['image', 'alpine'],
    ['image', 'ghcr.io/acme/app:latest'],
    ['type', '\u0000'],
  ])('--%s %j finds nothing, and says what to give', (by, text) => {
    const hint = expect.stringMatching(/^give /)
    expect(() => askedTerm(by, text)).toThrow(expect.objectContaining({ code: 'usage', hint }))
  })
})
