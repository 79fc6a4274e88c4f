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

/** @example contentOf(entry).payloadDigest('sha256') // 32 bytes */
export function contentOf(entry: Pick<Entry, 'kind' | 'payloadType' | 'payload'>): SignedContent {
  return {
    payloadDigest: (hash) => createHash(hash).update(entry.payload).digest(),
    signedDigest: (hash) => createHash(hash).update(signedBytes(entry)).digest(),
    isSignedBy: (key, sig, algorithms) => madeBy(key, signedBytes(entry), sig, algorithms),
  }
}
