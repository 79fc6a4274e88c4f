/**
 * Entries as notes and occurrences of Grafeas (Container Analysis v1), under the names that Tekton Chains gives them
 * (pkg/chains/storage/grafeas). Pure. Chains stores a whole DSSE envelope where the signature belongs: that is read, and not written.
 */

import type { About, Found, Slot } from '../../src/backend/backend.ts'
import { errorJson, ProvError } from '../../src/errors.ts'
import type { Artifact, RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, type Kind, SIMPLESIGNING_TYPE, type Signature, sameBytes } from '../../src/model/entry.ts'
import { decodeEnvelope } from '../../src/model/envelope.ts'

import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { isRecord } from '../../src/platform/text/guards.ts'

export const NAME = 'grafeas'

export interface Names {
  readonly project: string
  /** `storage.grafeas.noteid`; unset: `tekton-<namespace>` of each run. */
  readonly noteid: string | undefined
  /** `storage.grafeas.notehint` */
  readonly hint: string
}

/**
 * One slot for each artifact URI that the entry is about: `repository@sha256:…` of an image, `name@algorithm:hex` of each subject. Without
 * subjects, or without a run while no note id is configured, there is none.
 *
 * @example slotsOf(about, names)[0]?.key // 'projects/p/notes/tekton-ci-taskrun-intoto ghcr.io/acme/app@sha256:09e7…'
 */
export function slotsOf(about: About, names: Names): readonly Slot[] {
  const note = noteOf(about, names)
  if (note === undefined) return []
  return [...new Set(urisOf(about))].map((uri) => slotOf(note, uri, about.kind))
}

/** @example slotOf('projects/p/notes/tekton-ci-simplesigning', uri, 'raw') */
export function slotOf(note: string, uri: string, kind: Kind): Slot {
  return { backend: NAME, key: `${note} ${uri}`, kind, holds: 'many', address: { note, uri } }
}

/** The same slot with what note and URI say. */
export function namedSlotOf(note: string, uri: string, kind: Kind): Slot {
  // Names of Kubernetes are shorter, and a longer one would be searched again from every place in it.
  const [, namespace, run] =
    note.length > 1000 ? [] : (/\/notes\/tekton-(.+)-(taskrun|pipelinerun)-intoto$/.exec(note) ?? [])
  const [, subject] = /@sha256:([0-9a-f]{64})$/.exec(uri) ?? []
  const claim = { kind: run === 'taskrun' ? ('TaskRun' as const) : ('PipelineRun' as const) }
  return {
    ...slotOf(note, uri, kind),
    names: {
      ...(namespace === undefined ? {} : { run: { ...claim, namespace } }),
      ...(subject === undefined ? {} : { subject }),
    },
  }
}

/** The kind of entry that a note of Chains' is for; undefined for somebody else's note. */
export function kindOfNote(note: string): Kind | undefined {
  if (note.endsWith('-simplesigning')) return 'raw'
  return note.endsWith('-intoto') ? 'dsse' : undefined
}

/** The note as it is created, with Chains' words. */
export function noteBody(note: string, names: Names): Readonly<Record<string, unknown>> {
  if (kindOfNote(note) === 'raw') {
    return {
      kind: 'ATTESTATION',
      shortDescription: 'OCI Artifact Attestation Note',
      attestation: { hint: { humanReadableName: names.hint } },
    }
  }
  const run = note.endsWith('-pipelinerun-intoto') ? 'PipelineRun' : 'TaskRun'
  return {
    kind: 'BUILD',
    shortDescription: 'Build Provenance Note for TaskRun',
    build: { builderVersion: `tekton.dev/v1/${run}` },
  }
}

/**
 * The occurrence of an entry. The envelope holds the payload and the real signatures, so that any reader of DSSE can verify it.
 *
 * @example occurrenceOf(slot, entry)['kind'] // 'BUILD'
 */
export function occurrenceOf(slot: Slot, entry: Entry): Readonly<Record<string, unknown>> {
  const payload = base64(entry.payload)
  const envelope = {
    payload,
    payloadType: entry.payloadType,
    signatures: entry.signatures.map(({ sig, keyid }) => ({ sig: base64(sig), keyid: keyid ?? '' })),
  }
  const common = { resourceUri: slot.address['uri'], noteName: slot.address['note'], envelope }
  if (entry.kind === 'dsse') return { ...common, kind: 'BUILD', build: buildOf(entry.payload) }
  const signatures = entry.signatures.map(({ sig, keyid }) => ({ signature: base64(sig), publicKeyId: keyid ?? '' }))
  return { ...common, kind: 'ATTESTATION', attestation: { serializedPayload: payload, signatures } }
}

/**
 * One occurrence as an entry of the slot's kind. What is none is damage.
 *
 * @example foundOf(slot, occurrence).entry?.signatures.length
 */
export function foundOf(slot: Slot, occurrence: Readonly<Record<string, unknown>>): Found {
  const name = occurrence['name']
  const location = typeof name === 'string' ? name : slot.key
  const raw = new Uint8Array(Buffer.from(JSON.stringify(occurrence)))
  try {
    return { location, raw, entry: slot.kind === 'raw' ? readImage(occurrence) : readStatement(occurrence) }
  } catch (thrown) {
    if (!(thrown instanceof ProvError)) throw thrown
    return { location, raw, damage: { ...errorJson(thrown), backend: NAME } }
  }
}

function readStatement(occurrence: Readonly<Record<string, unknown>>): Entry {
  const { envelope } = occurrence
  if (!isRecord(envelope)) throw malformed('the occurrence has no envelope')
  const { payloadType } = envelope
  if (typeof payloadType !== 'string' || payloadType === '') throw malformed('the envelope has no payloadType')
  const payload = bytesOf(envelope['payload'], 'payload')
  const signatures = signaturesOf(envelope['signatures'], 'sig', 'keyid').flatMap((one) => inner(one, payload))
  return { kind: 'dsse', payloadType, payload, signatures }
}

/** Chains' own form: what stands in place of a signature is the envelope that holds it. */
function inner(signature: Signature, payload: Uint8Array): readonly Signature[] {
  if (signature.sig[0] !== 0x7b) return [signature]
  const envelope = decodeEnvelope(signature.sig)
  if (!sameBytes(envelope.payload, payload)) throw malformed('it holds an envelope of another payload')
  return envelope.signatures
}

function readImage(occurrence: Readonly<Record<string, unknown>>): Entry {
  const { attestation } = occurrence
  if (!isRecord(attestation)) throw malformed('the occurrence is not an attestation')
  const payload = bytesOf(attestation['serializedPayload'], 'serializedPayload')
  const signatures = signaturesOf(attestation['signatures'], 'signature', 'publicKeyId')
  return { kind: 'raw', payloadType: SIMPLESIGNING_TYPE, payload, signatures }
}

function signaturesOf(list: unknown, sigName: string, keyName: string): readonly Signature[] {
  if (!Array.isArray(list) || list.length === 0) throw malformed('it has no signatures')
  return list.map((item: unknown) => {
    if (!isRecord(item)) throw malformed('a signature is not an object')
    const sig = bytesOf(item[sigName], 'signature')
    if (sig.length === 0) throw malformed('a signature is empty')
    const keyid = item[keyName]
    return typeof keyid === 'string' && keyid !== '' ? { sig, keyid } : { sig }
  })
}

/** The Statement in the typed form of the service: SLSA v0.2 and v1 have one, of others only the head is told. */
function buildOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  let statement: unknown
  try {
    statement = parseBounded(Buffer.from(payload).toString('utf8'))
  } catch {}
  if (!isRecord(statement)) return {}
  const { _type, subject, predicateType, predicate } = statement
  const head = { _type, subject, predicateType }
  if (predicateType === 'https://slsa.dev/provenance/v1') return { inTotoSlsaProvenanceV1: { ...head, predicate } }
  const zeroTwo = predicateType === 'https://slsa.dev/provenance/v0.2' ? { slsaProvenanceZeroTwo: predicate } : {}
  return { intotoStatement: { ...head, ...zeroTwo } }
}

function noteOf({ artifact, kind }: About, { project, noteid }: Names): string | undefined {
  const run = runOf(artifact)
  const base = noteid ?? (run === undefined || run.namespace === '' ? undefined : `tekton-${run.namespace}`)
  if (base === undefined) return undefined
  if (kind === 'raw') return `projects/${project}/notes/${base}-simplesigning`
  if (run !== undefined) return `projects/${project}/notes/${base}-${run.kind.toLowerCase()}-intoto`
  // Which run's note an image's provenance is under, nobody says.
  return artifact.type === 'image' ? undefined : `projects/${project}/notes/${base}-intoto`
}

function runOf(artifact: Artifact): RunArtifact | undefined {
  if (artifact.type === 'run') return artifact
  return artifact.type === 'image' ? artifact.run : undefined
}

function urisOf({ artifact, kind, subjects }: About): readonly string[] {
  if (kind === 'raw') return artifact.type === 'image' ? [`${artifact.image.repository}@${artifact.image.digest}`] : []
  return subjects.flatMap(({ name, digest }) =>
    Object.entries(digest)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([algorithm, hex]) => `${name}@${algorithm}:${hex}`),
  )
}

function bytesOf(text: unknown, what: string): Uint8Array {
  if (typeof text !== 'string') throw malformed(`it has no ${what}`)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw malformed(`its ${what} is not base64`)
  return new Uint8Array(bytes)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function malformed(reason: string): ProvError {
  return new ProvError('copy_malformed', `not an occurrence of an entry (${reason})`)
}
