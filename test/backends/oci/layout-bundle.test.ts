import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  buildIndex,
  bundleLayer,
  bundlesOf,
  mayBeBundle,
  parseReferrers,
  referrerOf,
} from '../../../backends/oci/bundles/layout.ts'
import { readBundle } from '../../../backends/oci/bundles/read.ts'
import { cosignSign } from '../../../src/formats/cosign-sign.ts'
import { meaningOf } from '../../../src/model/canonical.ts'
import { type Entry, SIMPLESIGNING_TYPE, sha256Hex } from '../../../src/model/entry.ts'
import { loadTrust, trustOf } from '../../../src/trust/trusted-keys.ts'
import { checkEntry } from '../../../src/trust/verify-entry.ts'
import { LEAF, sampleEntry, sampleImage, sampleRun, simplesigning } from '../../conformance/samples.ts'

/** What cosign 3.1.3 left in a registry without the referrers API: fixtures/bundles. */
const stored = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/bundles/${name}`, import.meta.url))
const KEY = new URL('../../../fixtures/bundles/cosign.pub', import.meta.url).pathname
const SUBJECT = 'sha256:f7cb1412b03b61235e095584a249f4ae576cecc5337b751e29e46bd61d6df7e0'
const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())

describe.each(['sign', 'attest'])('what cosign stored with %s', (name) => {
  const bundle = stored(`${name}-bundle.json`)
  const manifest = stored(`${name}-manifest.json`)

  test('is read, and verifies', async () => {
    const entry = readBundle(bundle)
    expect(entry).toMatchObject({ kind: 'dsse', payloadType: 'application/vnd.in-toto+json' })
    expect(entry.envelope).toBeUndefined()
    const { verified } = checkEntry(entry, await loadTrust([KEY]))
    expect(verified.map(({ key }) => key.hint)).toEqual([entry.signatures[0]?.keyHint])
  })

  test('is made again from the entry: the bundle with the same members, the manifest byte for byte', () => {
    const entry = readBundle(bundle)
    const made = bundlesOf(entry)[0]?.bytes ?? Buffer.from('')
    expect(json(made)).toEqual(json(bundle))
    const { subject, annotations } = json(manifest) as {
      readonly subject: { readonly mediaType: string; readonly digest: string; readonly size: number }
      readonly annotations: Readonly<Record<string, string>>
    }
    const created = Date.parse(annotations['org.opencontainers.image.created'] ?? '')
    const referrer = referrerOf({ bytes: bundle }, entry.payload, subject, created)
    expect(Buffer.from(referrer.manifest).toString()).toBe(manifest.toString())
    const listed = parseReferrers(stored('index.json')).referrers.find((r) => r.digest === referrer.descriptor.digest)
    const { annotations: _, ...descriptor } = referrer.descriptor
    expect(listed).toEqual(descriptor)
  })

  test('is found in the manifest, and only with its own image', () => {
    expect(bundleLayer(manifest, SUBJECT)?.digest).toBe(`sha256:${sha256Hex(bundle)}`)
    expect(() => bundleLayer(manifest, `sha256:${'0'.repeat(64)}`)).toThrow('refers to another')
  })
})

test('an image signature means what cosign signs', () => {
  const { payload } = readBundle(stored('sign-bundle.json'))
  const image = { repository: '127.0.0.1:5600/prov/bunx', digest: SUBJECT }
  expect(meaningOf(cosignSign.payload({ type: 'image', image }, OPTIONS))).toBe(meaningOf(payload))
})

const OPTIONS = { builderId: '', buildType: '', deepInspection: false }

describe('bundles of entries', () => {
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = sampleRun('build-1', image)

  test('hold one signature each, with what stands beside it', () => {
    const timestamps = [new Uint8Array([48, 3, 2, 1, 0])]
    const made = sampleEntry('dsse', run, image, 'x', { signatures: 2, certificate: LEAF, timestamps })
    const read = bundlesOf(made).map(({ bytes }) => readBundle(bytes))
    expect(read.flatMap(signaturesOf)).toEqual(signaturesOf(made))
    expect(read).toHaveLength(2)
    expect(b64(read[0]?.payload ?? [])).toBe(b64(made.payload))
  })

  test('name the key by its hint, or not at all', () => {
    const made = sampleEntry('dsse', run, image)
    expect(
      bundlesOf(made)
        .map(({ bytes }) => readBundle(bytes))
        .map(signaturesOf),
    ).toEqual([signaturesOf(made)])
    const signatures = made.signatures.map((signature) => ({ ...signature, keyHint: 'aGludA==' }))
    const hinted = { ...made, signatures }
    expect(
      bundlesOf(hinted)
        .map(({ bytes }) => readBundle(bytes))
        .map(signaturesOf),
    ).toEqual([signaturesOf(hinted)])
  })

  test('are never made of a raw signature', () => {
    expect(() => bundlesOf(sampleEntry('raw', run, image))).toThrow('no place for a raw signature')
  })
})

test('the form in which Chains keeps an image signature is read as the raw signature it is', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const payload = simplesigning(sampleImage('registry.example/acme/app', 'app'))
  const sig = sign('sha256', payload, privateKey).toString('base64')
  const entry = readBundle(
    withEnvelope({ payload: b64(payload), payloadType: SIMPLESIGNING_TYPE, signatures: [{ sig }] }),
  )
  expect(entry.kind).toBe('raw')
  expect(checkEntry(entry, trustOf(publicKey)).verified).toHaveLength(1)
})

describe('refused', () => {
  const envelope = (json(stored('sign-bundle.json')) as { readonly dsseEnvelope: Record<string, unknown> }).dsseEnvelope
  const [signature] = envelope['signatures'] as readonly object[]

  test.each([
    ['no JSON', Buffer.from('{"pay')],
    ['another version', withEnvelope(envelope, 'application/vnd.example+json')],
    ['two signatures', withEnvelope({ ...envelope, signatures: [signature, signature] })],
    ['no signature', withEnvelope({ ...envelope, signatures: [] })],
    ['base64 that is not canonical', withEnvelope({ ...envelope, payload: `${envelope['payload']}\n` })],
  ])('as malformed: %s', (_, bytes) => {
    expect(() => readBundle(bytes)).toThrow(expect.objectContaining({ code: 'copy_malformed' }))
  })

  test('as somebody else’s: a signed blob', () => {
    const { dsseEnvelope: _, ...rest } = json(stored('sign-bundle.json')) as Record<string, unknown>
    const messageDigest = { algorithm: 'SHA2_256', digest: b64(Buffer.from('digest')) }
    const bytes = Buffer.from(
      JSON.stringify({ ...rest, messageSignature: { messageDigest, signature: b64(Buffer.from('s')) } }),
    )
    expect(() => readBundle(bytes)).toThrow(expect.objectContaining({ code: 'stranger' }))
  })
})

describe('lists of referrers', () => {
  test('keep what others wrote, to the letter', () => {
    const odd = `{"schemaVersion":2,"x":[1],"manifests":[{"size":3,"digest":"sha256:${'a'.repeat(64)}","mediaType":"m/x","y":{"z":null}}]}`
    const { json: base, referrers } = parseReferrers(Buffer.from(odd))
    expect(Buffer.from(buildIndex(base, referrers).manifest).toString()).toBe(odd)
  })

  test('may be null where nothing refers', () => {
    expect(parseReferrers(Buffer.from('{"manifests":null}')).referrers).toEqual([])
  })

  test.each(['[]', '{}', '{"manifests":7}', '{"manifests":[{}]}', 'x'])(
    'are refused when they are none: %s',
    (text) => {
      expect(() => parseReferrers(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'copy_malformed' }))
    },
  )

  test('show a bundle under the empty type too, and nothing under another', () => {
    const [first] = parseReferrers(stored('index.json')).referrers
    if (first === undefined) throw new Error('an empty index')
    const types = ['application/vnd.oci.empty.v1+json', '', 'application/spdx+json']
    expect(types.map((artifactType) => mayBeBundle({ ...first, artifactType }))).toEqual([true, true, false])
  })
})

function withEnvelope(dsseEnvelope: object, mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'): Buffer {
  return Buffer.from(JSON.stringify({ mediaType, verificationMaterial: { publicKey: {} }, dsseEnvelope }))
}

/** Signatures with their bytes as comparable text. */
function signaturesOf(entry: Entry): readonly object[] {
  return entry.signatures.map((s) => ({ ...s, sig: b64(s.sig), timestamps: s.timestamps?.map(b64) }))
}

function b64(bytes: Uint8Array | readonly number[]): string {
  return Buffer.from([...bytes]).toString('base64')
}
