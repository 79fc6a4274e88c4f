/**
 * An entry as four objects, the way Tekton Chains writes them to Google Cloud Storage (pkg/chains/storage/gcs/gcs.go): raw bytes under
 * `<key>.payload`, `.signature`, `.cert` and `.chain`. The signature of a Statement is its whole DSSE envelope, that of an image the
 * signature's own bytes. `.cert` and `.chain` are there and empty with a plain key. Pure.
 */

import { ProvError } from '../../src/errors.ts'
import { type Entry, type Kind, SIMPLESIGNING_TYPE, type Signature, sameBytes } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/model/envelope.ts'
import { isCertificates, MAX_PEM_LENGTH } from '../../src/platform/text/pem-text.ts'
import { oneForAll } from '../shared/one-signature.ts'

/** In the order in which they are written: the signature comes last and makes a copy of the four. */
export const PARTS = ['payload', 'cert', 'chain', 'signature'] as const
export type Part = (typeof PARTS)[number]
export type Parts = Readonly<Record<Part, Uint8Array>>

/**
 * The four objects of an entry. Throws `not_supported` for what they cannot hold: several raw signatures, or signatures with unlike
 * certificates.
 *
 * @example Buffer.from(partsOf(entry).cert).length // 0 with a plain key
 */
export function partsOf(entry: Entry): Parts {
  const first = oneForAll(entry, cannotHold)
  return {
    payload: entry.payload,
    cert: Buffer.from(first.certificate ?? ''),
    chain: Buffer.from(first.chain ?? ''),
    signature: entry.kind === 'dsse' ? encodeEnvelope(entry) : first.sig,
  }
}

/**
 * The entry in the objects of a copy; an absent `.cert` or `.chain` is as good as an empty one. Throws `copy_malformed` (a half is
 * missing, no envelope, no certificate) or `payload_mismatch` (the payload is not the one in the envelope).
 *
 * @example entryOf({ payload, signature }, 'raw').signatures[0]?.sig
 */
export function entryOf(parts: Readonly<Partial<Record<Part, Uint8Array>>>, kind: Kind): Entry {
  const { payload, signature } = parts
  if (payload === undefined || payload.length === 0) throw malformed('the payload is missing or empty')
  if (signature === undefined || signature.length === 0) throw malformed('the signature is missing or empty')
  const certificate = pem(parts.cert, 'cert')
  const chain = pem(parts.chain, 'chain')
  const certified = (one: Signature): Signature => ({
    ...one,
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
  })
  if (kind === 'raw')
    return { kind, payloadType: SIMPLESIGNING_TYPE, payload, signatures: [certified({ sig: signature })] }
  const entry = decodeEnvelope(signature)
  if (!sameBytes(entry.payload, payload)) {
    throw new ProvError('payload_mismatch', 'the payload object is not the payload in the envelope')
  }
  return { ...entry, signatures: entry.signatures.map(certified) }
}

const MARK = /^prov-pending-[0-9a-f]{32}\n$/
/** Bytes of {@link pendingMark}: no signature and no envelope has this length. */
export const MARK_BYTES = 46

/**
 * What stands in the place of the signature while a writer puts other objects under it: no copy, and nobody else can make one of what is
 * there. Every mark is another one, so that a store that tells contents apart tells marks apart.
 *
 * @example pendingMark(context.random(16))
 */
export function pendingMark(nonce: Uint8Array): Uint8Array {
  return Buffer.from(`prov-pending-${Buffer.from(nonce).toString('hex')}\n`)
}

/** True for what {@link pendingMark} makes. */
export function isPending(bytes: Uint8Array): boolean {
  return bytes.length === MARK_BYTES && MARK.test(Buffer.from(bytes).toString('latin1'))
}

function pem(bytes: Uint8Array | undefined, part: Part): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  if (bytes.length > MAX_PEM_LENGTH) throw malformed(`the ${part} is over ${MAX_PEM_LENGTH} bytes`)
  const text = Buffer.from(bytes).toString('utf8')
  if (!isCertificates(text)) throw malformed(`the ${part} holds no PEM certificate`)
  return text
}

function cannotHold(what: string): ProvError {
  return new ProvError('not_supported', `Chains' four objects cannot hold ${what}`, {
    operation: 'put',
    hint: 'oci can hold it',
  })
}

function malformed(message: string): ProvError {
  return new ProvError('copy_malformed', message)
}
