/** What a signature covers, as the checks of signatures and of proofs ask for it. Pure but for the mathematics. */
import { createHash, type KeyObject } from 'node:crypto'
import type { Entry } from '../model/entry.ts'
import { signedBytes } from '../model/envelope.ts'
import { type Algorithm, madeBy } from './made-by.ts'

export type HashName = 'sha256' | 'sha384' | 'sha512'

/** One thing that was signed. */
export interface SignedContent {
  /** Digest of the payload. */
  payloadDigest(hash: HashName): Uint8Array
  /** Digest of the bytes that the signature covers: for DSSE the pre-authentication encoding. */
  signedDigest(hash: HashName): Uint8Array
  /** Whether the key made the signature with one of the algorithms. */
  isSignedBy(key: KeyObject, sig: Uint8Array, algorithms: readonly Algorithm[]): boolean
}

/**
 * Every digest is made once: a hostile envelope of many megabytes may have thousands of proofs beside its signatures.
 *
 * @example contentOf(entry).payloadDigest('sha256') // 32 bytes
 */
export function contentOf(entry: Pick<Entry, 'kind' | 'payloadType' | 'payload'>): SignedContent {
  let bytes: Uint8Array | undefined
  const signed = (): Uint8Array => (bytes ??= signedBytes(entry))
  const made = new Map<string, Uint8Array>()
  const digest = (hash: HashName, of: string, what: () => Uint8Array): Uint8Array => {
    const known = made.get(`${hash} ${of}`) ?? createHash(hash).update(what()).digest()
    made.set(`${hash} ${of}`, known)
    return known
  }
  return {
    payloadDigest: (hash) => digest(hash, 'payload', () => entry.payload),
    signedDigest: (hash) => digest(hash, 'signed', signed),
    isSignedBy: (key, sig, algorithms) => madeBy(key, signed(), sig, algorithms),
  }
}
