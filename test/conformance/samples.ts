/** Entries and artifacts for the conformance suite: real shapes, real ECDSA signatures, made-up names. */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { About } from '../../src/backend/backend.ts'
import type { ImageRef, RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, type Kind, SIMPLESIGNING_TYPE, type Signature, STATEMENT_TYPE } from '../../src/model/entry.ts'

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const SAMPLE_KEY = KEY.publicKey
export const SAMPLE_KEYID = 'SHA256:Yd8a9Jv0nJ1h0b1oE9S4kq2cM2cX8c3l9T7oQe2x0aE'

/** Self-signed, made for these tests. */
export const LEAF = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUWbXHgBX4OO1kS0Ix141Z360YLbEwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcHJvdiB0ZXN0IGxlYWYwIBcNMjYxMTIyMDkxOTQwWhgPMjEy
NjEwMjkwOTE5NDBaMBkxFzAVBgNVBAMMDnByb3YgdGVzdCBsZWFmMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE81I2yChbixmLha35/DbfNjKbwyrTEmxKAvlEnrzu
gqYyej3EfS0JOnwhGVQFfjG7Sx8N1NujhyndOHdmVmlEzKNTMFEwHQYDVR0OBBYE
FIi2Q/TsaOuWL6MG18eLxXU6dk4TMB8GA1UdIwQYMBaAFIi2Q/TsaOuWL6MG18eL
xXU6dk4TMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgKmjJLQaX
Nl+U4fOUtNN4IkF5OiZsfZz2eGnt/fOGEbYCIQDskWMVR8c54EAuLNm8a3Fq33rg
Cutb6KQH6ajvcy6acg==
-----END CERTIFICATE-----
`
export const ROOT = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUNIUWY3L7NX3MVfhOWPABrfWwcb4wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcHJvdiB0ZXN0IHJvb3QwIBcNMjYxMTIyMDkxOTQwWhgPMjEy
NjEwMjkwOTE5NDBaMBkxFzAVBgNVBAMMDnByb3YgdGVzdCByb290MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEPTpV/ueW5iKAcPIxZ7QbHw6xMY4u99hFMXsokneU
Uvr1/wz8j2Vt72DK2ixALrOH9U3NDpV+7IXM1Clt1hvwXKNTMFEwHQYDVR0OBBYE
FPLqYabShD0TET6vh0lRcQzyMARXMB8GA1UdIwQYMBaAFPLqYabShD0TET6vh0lR
cQzyMARXMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgFacia2E6
MaGmJGd7Pyv1OblnwYZRkkbe+5rFzkeRrogCIQCh3dtn1ZiTO40+Ci6Zk3JZC3tg
hxs0Hx5qgZF2HFLQ9Q==
-----END CERTIFICATE-----
`

/** @example sampleImage('127.0.0.1:5000/acme/app', 'one') // a digest that follows from the label */
export function sampleImage(repository: string, label: string): ImageRef {
  return { repository, digest: `sha256:${createHash('sha256').update(label).digest('hex')}` }
}

/** A TaskRun as `kubectl get -o json` shows it, with one image result. */
export function sampleRun(name: string, image: ImageRef, uid: string = randomUUID()): RunArtifact {
  const object = {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      annotations: { 'build.acme.example/ticket': 'ORD-4471' },
      creationTimestamp: '2026-11-19T06:03:30Z',
      labels: { 'tekton.dev/task': 'build' },
      name,
      namespace: 'ci',
      uid,
    },
    spec: { serviceAccountName: 'default', taskRef: { kind: 'Task', name: 'build' } },
    status: {
      results: [
        { name: 'IMAGE_URL', type: 'string', value: image.repository },
        { name: 'IMAGE_DIGEST', type: 'string', value: image.digest },
      ],
    },
  }
  return { type: 'run', kind: 'TaskRun', namespace: 'ci', name, uid, object, children: [] }
}

/** What an entry of this kind is about: a Statement of the run, or a signature of its image. */
export function aboutOf(kind: Kind, run: RunArtifact, image: ImageRef): About {
  const subjects = [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }]
  return kind === 'dsse'
    ? { artifact: run, kind, subjects }
    : { artifact: { type: 'image', image, run }, kind, subjects }
}

export interface StatementLook {
  /** Makes two statements of one run differ. */
  readonly note?: string
  /** One space after every comma, as some builds of Chains write. */
  readonly spaced?: boolean
}

/** A SLSA v1.0 Statement of the run. */
export function statement(run: RunArtifact, image: ImageRef, look: StatementLook = {}): Uint8Array {
  const text = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: image.repository, digest: { sha256: image.digest.slice('sha256:'.length) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://tekton.dev/chains/v2/slsa',
        externalParameters: { note: look.note ?? 'plain' },
        internalParameters: {},
        resolvedDependencies: [],
      },
      runDetails: { builder: { id: 'https://tekton.dev/chains/v2' }, metadata: { invocationId: run.uid } },
    },
  })
  return Buffer.from(look.spaced ? text.replaceAll(',"', ', "') : text)
}

/** A simplesigning document of the image. */
export function simplesigning(image: ImageRef, note?: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': image.repository },
        image: { 'docker-manifest-digest': image.digest },
        type: 'cosign container image signature',
      },
      optional: note === undefined ? null : { note },
    }),
  )
}

/** DSSE's pre-authentication encoding. */
function pae(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])
}

export interface SignedLook {
  readonly signatures?: number
  readonly certificate?: string
  readonly chain?: string
  readonly logProof?: string
  readonly logEntries?: readonly string[]
  readonly timestamps?: readonly Uint8Array[]
}

/** Signs the payload anew: every call gives other signature bytes. */
export function signed(kind: Kind, payload: Uint8Array, look: SignedLook = {}): Entry {
  const payloadType = kind === 'dsse' ? STATEMENT_TYPE : SIMPLESIGNING_TYPE
  const bytes = kind === 'dsse' ? pae(payloadType, payload) : payload
  const signatures: Signature[] = Array.from({ length: look.signatures ?? 1 }, () => ({
    sig: new Uint8Array(sign('sha256', bytes, KEY.privateKey)),
    ...(kind === 'dsse' ? { keyid: SAMPLE_KEYID } : {}),
    ...(look.certificate === undefined ? {} : { certificate: look.certificate }),
    ...(look.chain === undefined ? {} : { chain: look.chain }),
    ...(look.logProof === undefined ? {} : { logProof: look.logProof }),
    ...(look.logEntries === undefined ? {} : { logEntries: look.logEntries }),
    ...(look.timestamps === undefined ? {} : { timestamps: look.timestamps }),
  }))
  const entry: Entry = { kind, payloadType, payload: new Uint8Array(payload), signatures }
  return kind === 'dsse' ? { ...entry, envelope: envelope(entry) } : entry
}

/** A DSSE envelope as Chains spells it. */
export function envelope(entry: Entry): Uint8Array {
  const signatures = entry.signatures.map((s) => ({ keyid: s.keyid ?? '', sig: base64(s.sig) }))
  return Buffer.from(JSON.stringify({ payloadType: entry.payloadType, payload: base64(entry.payload), signatures }))
}

/** The same entry in an envelope that nobody would write but anybody may: other order, spaces, an unknown member, a newline. */
export function oddlySpelled(entry: Entry): Entry {
  const signatures = entry.signatures.map((s) => ({ sig: base64(s.sig), keyid: s.keyid ?? '' }))
  const odd = { signatures, payload: base64(entry.payload), payloadType: entry.payloadType, 'x-note': 'größer' }
  return { ...entry, envelope: Buffer.from(`${JSON.stringify(odd, null, 3)}\n`) }
}

/** One signed entry about this run or image; `note` tells several of one place apart. */
export function sampleEntry(
  kind: Kind,
  run: RunArtifact,
  image: ImageRef,
  note = 'plain',
  look: SignedLook = {},
): Entry {
  return signed(kind, kind === 'dsse' ? statement(run, image, { note }) : simplesigning(image, note), look)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
