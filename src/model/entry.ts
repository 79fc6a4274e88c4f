/** What prov stores: a payload, the signatures over it, and the proofs that came with them. Pure; knows no backend. */
import { hash } from 'node:crypto'

/** `dsse`: the signatures cover DSSE's PAE of payload type and payload. `raw`: they cover the payload bytes themselves. */
export type Kind = 'dsse' | 'raw'

export const STATEMENT_TYPE = 'application/vnd.in-toto+json'
export const SIMPLESIGNING_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** One signature over the payload, with what its maker put beside it. */
export interface Signature {
  /** The signature bytes as the algorithm makes them (ECDSA: ASN.1 DER), not base64. */
  readonly sig: Uint8Array
  /** DSSE key id as stored; absent for `raw` and where the envelope has none. */
  readonly keyid?: string
  /** base64 of sha256 of the key's SPKI DER, by which Sigstore bundles name a plain key; absent where it is not known. Unsigned. */
  readonly keyHint?: string
  /** Leaf certificate, PEM; absent for a plain key. */
  readonly certificate?: string
  /** Certificates up to the root, PEM; absent for a plain key. */
  readonly chain?: string
  /**
   * Entries of transparency logs, each the JSON text of a Sigstore bundle's `TransparencyLogEntry` as it was stored; absent when none. Rekor v2
   * makes no other form.
   */
  readonly logEntries?: readonly string[]
  /** The log's older proof exactly as stored, JSON text of cosign's `dev.sigstore.cosign/bundle`; absent when none. */
  readonly logProof?: string
  /** RFC 3161 time-stamp responses, DER; absent when none. */
  readonly timestamps?: readonly Uint8Array[]
}

export interface Entry {
  readonly kind: Kind
  /** Media type of the payload, e.g. {@link STATEMENT_TYPE}. */
  readonly payloadType: string
  /** The exact bytes that were signed (before PAE). Never re-serialised. */
  readonly payload: Uint8Array
  /** At least one. */
  readonly signatures: readonly Signature[]
  /** The DSSE envelope as it was found or first made, byte for byte; absent for `raw`, and for an entry merged of several. */
  readonly envelope?: Uint8Array
}

/** @example sha256Hex(Buffer.from('')) // 'e3b0c442…' */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes)
}

/**
 * Identity of an entry: kind and sha256 of the payload. Two items with one id in one store are one entry.
 *
 * @example entryId({ kind: 'raw', payload }) // 'raw:sha256:5e92e125…'
 */
export function entryId(entry: Pick<Entry, 'kind' | 'payload'>): string {
  return `${entry.kind}:sha256:${sha256Hex(entry.payload)}`
}

/**
 * Identity of a signature: sha256 of its bytes.
 *
 * @example entry.signatures.map(signatureId) // ['sha256:ab12…']
 */
export function signatureId(signature: Pick<Signature, 'sig'>): string {
  return `sha256:${sha256Hex(signature.sig)}`
}

/**
 * True when both hold the same bytes.
 *
 * @example sameBytes(found.payload, wanted.payload)
 */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/**
 * True when `found` holds the payload of `wanted` and every one of its signatures (it may hold more).
 *
 * @example holds(found, wanted) // the read-back test after a put
 */
export function holds(found: Entry, wanted: Entry): boolean {
  if (found.kind !== wanted.kind || found.payloadType !== wanted.payloadType) return false
  if (!sameBytes(found.payload, wanted.payload)) return false
  return wanted.signatures.every((w) => found.signatures.some((f) => sameBytes(f.sig, w.sig)))
}
