/** A layer's annotations: whose they are, what cosign's have no room for, and how they are added to. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  newEffort,
  OWN_PROOFS,
  proofAnnotations,
  readAnnotations,
  withMoreProofs,
} from '../../../backends/oci/tags/annotations.ts'
import { fuller, type Layer, layersOf, readLayer } from '../../../backends/oci/tags/layout.ts'
import { type Entry, type Signature, STATEMENT_TYPE } from '../../../src/model/entry.ts'
import { encodeEnvelope, signedBytes } from '../../../src/model/envelope.ts'
import { logProofOf } from '../../../src/model/log-entry.ts'
import { LOG_ENTRY, LOG_ENTRY_V2, LOG_PROOF, STAMPS } from '../../conformance/proof-samples.ts'
import { LEAF, ROOT } from '../../conformance/samples.ts'
import { certified } from '../../support/certified.ts'

const COSIGN = 'dev.sigstore.cosign'
const payload = Buffer.from('{"predicateType":"https://slsa.dev/provenance/v1"}')
const unsigned = { kind: 'dsse', payloadType: STATEMENT_TYPE, payload } as const
const [alice, bob] = [certified('alice'), certified('bob')]
const by = ({ privateKey }: typeof alice): Signature => ({
  sig: new Uint8Array(sign('sha256', signedBytes(unsigned), privateKey)),
})
const plain = by({ ...alice, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) })
const entryOf = (...signatures: Signature[]): Entry => ({ ...unsigned, signatures })
const readBack = (entry: Entry): readonly Signature[] =>
  layersOf(entry).flatMap(({ layer, blob }) => readLayer(layer, blob, entry.kind).entry.signatures)
const bare = (signatures: readonly Signature[]): readonly Signature[] =>
  signatures.map((one) => ({ ...one, sig: new Uint8Array(one.sig) }))

test('what cosign has room for stands in its own annotations alone', () => {
  const made = proofAnnotations([
    { ...by(alice), certificate: LEAF, chain: ROOT, logProof: LOG_PROOF, timestamps: STAMPS.slice(0, 1) },
  ])
  expect(Object.keys(made)).toEqual([
    `${COSIGN}/bundle`,
    `${COSIGN}/certificate`,
    `${COSIGN}/chain`,
    `${COSIGN}/rfc3161timestamp`,
  ])
  expect(proofAnnotations([plain])).toEqual({ [`${COSIGN}/certificate`]: '', [`${COSIGN}/chain`]: '' })
})

test('entries of Rekor v2 and a second time-stamp go beside; of an entry with a promise cosign gets its older form', () => {
  const made = proofAnnotations([{ ...plain, logEntries: [LOG_ENTRY_V2, LOG_ENTRY], timestamps: STAMPS }])
  expect(made[`${COSIGN}/bundle`]).toBe(logProofOf(LOG_ENTRY))
  expect(JSON.parse(made[`${COSIGN}/rfc3161timestamp`] ?? '')).toEqual({
    SignedRFC3161Timestamp: Buffer.from(STAMPS[0] ?? []).toString('base64'),
  })
  const own = JSON.parse(made[OWN_PROOFS] ?? '')
  expect(own.signatures).toHaveLength(1)
  expect(own.signatures[0].timestamps).toEqual([Buffer.from(STAMPS[1] ?? []).toString('base64')])
  const [back] = readAnnotations(made, [plain], () => payload, newEffort()).signatures
  expect(back?.logEntries).toEqual([LOG_ENTRY_V2, LOG_ENTRY])
  expect(back).not.toHaveProperty('logProof')
  expect(back?.timestamps?.map((one) => [...one])).toEqual(STAMPS.map((one) => [...one]))
})

describe('an envelope of several signatures', () => {
  const one = { ...by(alice), certificate: alice.certificate, timestamps: STAMPS.slice(0, 1) }
  const two = { ...by(bob), certificate: bob.certificate, timestamps: STAMPS.slice(1) }

  test('with several certificates becomes a layer a signature, each with its own and no other', () => {
    const layers = layersOf(entryOf(one, two))
    expect(layers.map(({ layer }) => layer.annotations?.[`${COSIGN}/certificate`])).toEqual([
      alice.certificate,
      bob.certificate,
    ])
    expect(layers.map(({ blob }) => JSON.parse(Buffer.from(blob).toString()).signatures.length)).toEqual([1, 1])
    const back = readBack(entryOf(one, two))
    expect(back.map(({ certificate }) => certificate)).toEqual([alice.certificate, bob.certificate])
    expect(back.map(({ timestamps }) => timestamps?.map((stamp) => [...stamp]))).toEqual([
      [[...(STAMPS[0] ?? [])]],
      [[...(STAMPS[1] ?? [])]],
    ])
  })

  test('with one certificate stays whole, and says whose it is', () => {
    const entry = { ...entryOf(plain, two), envelope: encodeEnvelope(entryOf(plain, two)) }
    expect(layersOf(entry)).toHaveLength(1)
    expect(bare(readBack(entry))).toEqual(
      bare([plain, { ...two, timestamps: STAMPS.slice(1).map((stamp) => Buffer.from(stamp)) }]),
    )
  })

  test('of another tool: the certificate goes to the signature of its key, wherever that stands, and to no other', () => {
    for (const signatures of [
      [by(alice), by(bob), plain],
      [plain, by(bob), by(alice)],
    ]) {
      const mine = signatures.findIndex(
        ({ sig }) => signatures.length > 0 && sig === signatures.find((s) => isBy(s, bob.certificate))?.sig,
      )
      const annotations = { [`${COSIGN}/certificate`]: bob.certificate, [`${COSIGN}/bundle`]: LOG_PROOF }
      const back = readAnnotations(annotations, signatures, () => signedBytes(unsigned), newEffort()).signatures
      expect(back.map(({ certificate }) => certificate === bob.certificate)).toEqual(
        signatures.map((_, i) => i === mine),
      )
      expect(back.map(({ logProof }) => logProof === LOG_PROOF)).toEqual(signatures.map((_, i) => i === mine))
    }
  })

  test('where none fits, nothing can be read, or too much would have to be verified: the first has it, and no other', () => {
    const signatures = [plain, by(alice)]
    const cases: readonly [Record<string, string>, ReturnType<typeof newEffort>][] = [
      [{ [`${COSIGN}/certificate`]: bob.certificate }, newEffort()],
      [{ [`${COSIGN}/certificate`]: 'no certificate' }, newEffort()],
      [{ [`${COSIGN}/bundle`]: LOG_PROOF }, newEffort()],
      [{ [`${COSIGN}/certificate`]: alice.certificate }, { verifications: 1, bytes: 1e9 }],
    ]
    for (const [annotations, effort] of cases) {
      const [first, second] = readAnnotations(annotations, signatures, () => signedBytes(unsigned), effort).signatures
      expect(Object.keys(first ?? {})).toHaveLength(2)
      expect(second).toEqual(signatures[1])
    }
  })
})

describe('what is added to a layer', () => {
  const layer: Layer = {
    mediaType: 'x',
    size: 1,
    digest: 'sha256:x',
    annotations: { 'team.example/note': 'kept', predicateType: 'p' },
  }

  test('leaves what others wrote, and says all that is read from it', () => {
    const first = fuller(layer, [{ ...plain, timestamps: STAMPS.slice(0, 1) }])
    const [read] = readAnnotations(first.annotations ?? {}, [plain], () => payload, newEffort()).signatures
    const second = fuller(first, [{ ...(read ?? plain), logEntries: [LOG_ENTRY] }])
    expect(second.annotations).toMatchObject({ 'team.example/note': 'kept', predicateType: 'p' })
    const [all] = readAnnotations(second.annotations ?? {}, [plain], () => payload, newEffort()).signatures
    expect(all?.logEntries).toEqual([LOG_ENTRY])
    expect(all?.timestamps).toHaveLength(1)
  })

  test("of several signatures leaves cosign's annotations to the one that they are of", () => {
    const there = { [`${COSIGN}/certificate`]: bob.certificate, [`${COSIGN}/chain`]: '' }
    const added = withMoreProofs(there, [
      { ...by(alice), certificate: alice.certificate },
      { ...by(bob), certificate: bob.certificate },
    ])
    expect(added[`${COSIGN}/certificate`]).toBe(bob.certificate)
    expect(added[OWN_PROOFS]).toContain('sha256:')
  })
})

test("damage of prov's own annotation leaves the layer whole, and is told", () => {
  const annotations = { ...proofAnnotations([{ ...plain, certificate: LEAF }]), [OWN_PROOFS]: '{"v":1,' }
  const { signatures, proofsDamage } = readAnnotations(annotations, [plain], () => payload, newEffort())
  expect(signatures).toEqual([{ ...plain, certificate: LEAF }])
  expect(proofsDamage).toMatchObject({ code: 'copy_malformed', backend: 'oci' })
})

function isBy({ sig }: Signature, certificate: string): boolean {
  const read = readAnnotations(
    { [`${COSIGN}/certificate`]: certificate },
    [plain, { sig }],
    () => signedBytes(unsigned),
    newEffort(),
  )
  return read.signatures[1]?.certificate === certificate
}
