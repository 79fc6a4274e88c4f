/**
 * An entry as four annotations of its run, the way Tekton Chains writes them (pkg/chains/storage/tekton/tekton.go). Pure.
 *
 * `chains.tekton.dev/payload-<key>`, `signature-<key>`, `cert-<key>` and `chain-<key>`, each standard padded base64. The signature of a
 * Statement is its whole DSSE envelope, that of an image the signature's own bytes. cert and chain are `""` with a plain key.
 */

import { asProvError, type ErrorCode, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import { type Entry, type Kind, SIMPLESIGNING_TYPE, type Signature, sameBytes } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/model/envelope.ts'
import { PROOFS } from '../../src/model/proofs.ts'
import {
  addedTo,
  BESIDE_CHAINS,
  proofsIn,
  proofsLacking,
  proofsText,
  readProofs,
  withProofs,
} from '../../src/model/proofs-json.ts'
import { isCertificates } from '../../src/platform/text/pem-text.ts'

export const NAME = 'tekton'
export const PREFIX = 'chains.tekton.dev/'
/** Marks a run as signed: Chains never touches it again, whoever wrote it. */
export const SIGNED = `${PREFIX}signed`

/** Kubernetes' limit for all annotations of an object: UTF-8 bytes of keys and values (k8s.io/apimachinery TotalAnnotationSizeLimitB). */
export const TOTAL_LIMIT = 262_144

/** Kubernetes' limit for the part of an annotation's name that follows the prefix. */
const NAME_LIMIT = 63

const PARTS = ['payload', 'signature', 'cert', 'chain'] as const

/** Before the key: an annotation of prov's own, beside Chains' four, with the proofs for which those have no place. */
const OWN_PREFIX = 'dev.prov/proofs-'

export type Annotations = Readonly<Record<string, string>>

/**
 * Names of the four annotations under a key. Throws `input_invalid` when Kubernetes would refuse them as too long.
 *
 * @example annotationNames('09e72cd46682').signature // 'chains.tekton.dev/signature-09e72cd46682'
 */
export function annotationNames(key: string): Readonly<Record<(typeof PARTS)[number], string>> {
  if (`signature-${key}`.length > NAME_LIMIT) {
    throw new ProvError(
      'input_invalid',
      `the annotations of ${key} would have names of more than ${NAME_LIMIT} bytes`,
      {
        backend: NAME,
        hint: 'Kubernetes gives uids of 36 characters',
      },
    )
  }
  return {
    payload: `${PREFIX}payload-${key}`,
    signature: `${PREFIX}signature-${key}`,
    cert: `${PREFIX}cert-${key}`,
    chain: `${PREFIX}chain-${key}`,
  }
}

/**
 * The name of the annotation with the proofs beside a copy. Not longer than Chains' longest.
 *
 * @example proofsName('09e72cd46682') // 'dev.prov/proofs-09e72cd46682'
 */
export function proofsName(key: string): string {
  return `${OWN_PREFIX}${key}`
}

/**
 * The annotations that hold `entry` under `key`: Chains' four, and prov's own where it has proofs for which those have no place. Throws `not_supported` for what four annotations cannot hold: several raw signatures, or
 * signatures with unlike certificates.
 *
 * @example annotationsOf(entry, 'taskrun-b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9')
 */
export function annotationsOf(entry: Entry, key: string): Annotations {
  const names = annotationNames(key)
  const [first, ...others] = entry.signatures
  if (first === undefined) throw new ProvError('internal', 'an entry without a signature', { backend: NAME })
  if (entry.kind === 'raw' && others.length > 0) throw cannotHold('several signatures of one image signature')
  if (
    others.some((s) => (s.certificate ?? '') !== (first.certificate ?? '') || (s.chain ?? '') !== (first.chain ?? ''))
  ) {
    throw cannotHold('signatures with unlike certificates')
  }
  return {
    [names.payload]: base64(entry.payload),
    [names.signature]: base64(entry.kind === 'dsse' ? encodeEnvelope(entry) : first.sig),
    [names.cert]: base64(Buffer.from(first.certificate ?? '')),
    [names.chain]: base64(Buffer.from(first.chain ?? '')),
    ...besideChains(entry, key),
  }
}

function besideChains(entry: Entry, key: string): Annotations {
  const text = proofsText(proofsIn(entry.signatures, BESIDE_CHAINS))
  return text === undefined ? {} : { [proofsName(key)]: text }
}

/**
 * What has to be changed so that the copy under `key`, which holds `found`, has all proofs of `entry`; {} when it has. Throws `not_supported` for
 * proofs of a later version.
 *
 * @example moreProofs(annotations, key, item.entry, entry)
 */
export function moreProofs(annotations: Annotations, key: string, found: Entry, entry: Entry): Annotations {
  const lacking = proofsLacking(found, entry, PROOFS)
  if (lacking.size === 0) return {}
  const name = proofsName(key)
  const text = addedTo(Object.hasOwn(annotations, name) ? annotations[name] : undefined, lacking)
  return text === undefined ? {} : { [name]: text }
}

/**
 * The changes that take away the copy under `key`, proofs and all, with another entry in its place or none.
 *
 * @example replaced(annotations, key, undefined) // each of its annotations: undefined
 */
export function replaced(
  annotations: Annotations,
  key: string,
  entry: Entry | undefined,
): Readonly<Record<string, string | undefined>> {
  const names = [...Object.values(annotationNames(key)), proofsName(key)].filter((name) =>
    Object.hasOwn(annotations, name),
  )
  const gone = Object.fromEntries(names.map((name) => [name, undefined]))
  return entry === undefined ? gone : { ...gone, ...annotationsOf(entry, key) }
}

/** What stands under one key. `raw` is JSON of its annotations, as found. */
export type Item =
  | EntryItem
  | { readonly key: string; readonly raw: Uint8Array; readonly damage: ErrorJson; readonly entry?: never }

interface EntryItem {
  readonly key: string
  readonly raw: Uint8Array
  readonly entry: Entry
  /** Of the annotation beside: the entry is without its proofs. */
  readonly proofsDamage?: ErrorJson
  readonly damage?: never
}

/**
 * What stands under `key`; undefined when none of the four annotations does. Damage is `copy_malformed` (a half is missing, no base64, no
 * envelope, no certificate) or `payload_mismatch` (the payload is not the one in the envelope).
 *
 * @example readItem(annotations, 'taskrun-b0a4…', 'dsse')?.entry?.payload
 */
export function readItem(annotations: Annotations, key: string, kind: Kind): Item | undefined {
  const names = annotationNames(key)
  const own = Object.fromEntries(PARTS.flatMap((p) => present(annotations, names[p])))
  if (Object.keys(own).length === 0) return undefined
  const beside = Object.fromEntries(present(annotations, proofsName(key)))
  const raw = Buffer.from(JSON.stringify({ ...own, ...beside }))
  try {
    return { key, raw, ...withBeside(readEntry(own, names, kind), beside[proofsName(key)]) }
  } catch (thrown) {
    const error = asProvError(thrown)
    return { key, raw, damage: errorJson(new ProvError(error.code, error.message, { backend: NAME })) }
  }
}

function withBeside(entry: Entry, text: string | undefined): Pick<EntryItem, 'entry' | 'proofsDamage'> {
  if (text === undefined) return { entry }
  try {
    return { entry: withProofs(entry, readProofs(text)) }
  } catch (thrown) {
    const { code, message } = asProvError(thrown)
    return { entry, proofsDamage: errorJson(new ProvError(code, message, { backend: NAME })) }
  }
}

function present(annotations: Annotations, name: string): readonly (readonly [string, string])[] {
  const value = Object.hasOwn(annotations, name) ? annotations[name] : undefined
  return value === undefined ? [] : [[name, value]]
}

function readEntry(own: Annotations, names: ReturnType<typeof annotationNames>, kind: Kind): Entry {
  const payload = unbase64(own, names.payload)
  const stored = unbase64(own, names.signature)
  if (payload.length === 0) throw damaged('copy_malformed', `${names.payload} is missing or empty`)
  if (stored.length === 0) throw damaged('copy_malformed', `${names.signature} is missing or empty`)
  const certificate = pem(own, names.cert)
  const chain = pem(own, names.chain)
  const certified = (signature: Signature): Signature => ({
    ...signature,
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
  })
  if (kind === 'raw') {
    return { kind, payloadType: SIMPLESIGNING_TYPE, payload, signatures: [certified({ sig: stored })] }
  }
  const entry = decodeEnvelope(stored)
  if (!sameBytes(entry.payload, payload)) {
    throw damaged('payload_mismatch', `${names.payload} is not the payload in ${names.signature}`)
  }
  return { ...entry, signatures: entry.signatures.map(certified) }
}

/** Bytes that these annotations count towards Kubernetes' limit. */
export function annotationBytes(annotations: Annotations): number {
  let bytes = 0
  for (const [name, value] of Object.entries(annotations)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  return bytes
}

/** Node's decoder skips what is not base64; here anything but the one canonical spelling is damage. */
function unbase64(own: Annotations, name: string): Uint8Array {
  const text = own[name] ?? ''
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw damaged('copy_malformed', `${name} is not base64`)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function pem(own: Annotations, name: string): string | undefined {
  const text = Buffer.from(unbase64(own, name)).toString('utf8')
  if (text === '') return undefined
  if (!isCertificates(text)) throw damaged('copy_malformed', `${name} holds no PEM certificate`)
  return text
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function cannotHold(what: string): ProvError {
  return new ProvError('not_supported', `annotations cannot hold ${what}`, {
    backend: NAME,
    operation: 'put',
    hint: 'oci can hold it',
  })
}

function damaged(code: ErrorCode, message: string): ProvError {
  return new ProvError(code, message, { backend: NAME })
}
