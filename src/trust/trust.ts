/**
 * What is trusted, and how it is asked: keys here, and behind a port certificates, transparency logs and timestamps, so that who asks loads no
 * library for them.
 */
import type { KeyObject } from 'node:crypto'
import type { Signature } from '../model/entry.ts'
import type { SignedContent } from './content.ts'
import type { Identity, IdentityRule } from './identity.ts'
import type { Algorithm } from './made-by.ts'
import type { Validity } from './validity.ts'

export interface TrustedKey {
  /** Chains' key id, `SHA256:…`. */
  readonly keyid: string
  /** base64 of sha256 of the SPKI DER, as in Sigstore bundles. */
  readonly hint: string
  readonly publicKey: KeyObject
  /** Where it came from, for reports: a path, `env://NAME`, or `the signing key`. */
  readonly source: string
  /** When its signatures count; absent: always. */
  readonly validity?: Validity
  /** The algorithm that counts; absent: those that Chains and cosign use with such a key. */
  readonly algorithm?: Algorithm
  /** The end of its validity is past. */
  readonly retired?: true
  /** What its certificate states; absent for a key that was given as such. */
  readonly identity?: Identity
  /** Its owner has revoked it: only what is proven to be from before counts. */
  readonly revoked?: Revocation
}

export interface Revocation {
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly reason: string
}

/** A key set from which keys came. */
export interface KeySetSource {
  /** Its URL. */
  readonly source: string
  /** Who says that these are the keys: the publishers of regions, whose signatures were verified, or nobody but the server of the URL. */
  readonly word: 'publishers' | 'server'
}

/** How long ago a region said something new, for monitoring: times are RFC 3339. */
export interface RegionAge {
  readonly region: string
  readonly issuedAt: string
  /** Since when its youngest active key signs; absent: it does not say. */
  readonly activeSince?: string
}

/** What is trusted: keys, and whoever signs with a certificate, each with its validity and its source. */
export interface Trust {
  readonly keys: readonly TrustedKey[]
  /** Judges certificates, proofs of transparency logs and timestamps; absent: only keys count, and proofs are not looked at. */
  readonly proofs?: ProofJudge
  /** How many trusted signers an entry needs; absent: one. */
  readonly threshold?: number
  /** URLs that keys came from; absent: none. */
  readonly keySets?: readonly KeySetSource[]
  /** What the key sets say of their regions, for monitoring alone: part of neither the hash nor a report; absent: no set of regions. */
  readonly regions?: readonly RegionAge[]
  /**
   * `sha256:<hex>`, the same for the same keys, identities, roots, windows and thresholds, whatever their order, spelling or source; but a URL
   * that is taken on the word of its server is part of it.
   */
  readonly hash: string
}

/** A trust as reports show it. */
export interface TrustSummary {
  readonly hash: string
  readonly keyids: readonly string[]
  /** Who may sign with a certificate, as it was written; absent: nobody. */
  readonly identities?: readonly Identity[]
  /** The Sigstore trusted root, and where it came from; absent: proofs are not looked at. */
  readonly root?: { readonly source: string; readonly hash: string }
  /** Signers that an entry needs; absent: one. */
  readonly threshold?: number
  /** URLs that keys came from; absent: none. */
  readonly keySets?: readonly KeySetSource[]
}

/** Why a signature does not count. */
export type SignatureFault =
  | 'signature_invalid'
  | 'key_untrusted'
  | 'key_expired'
  | 'key_revoked'
  | 'identity_untrusted'
  | 'issuer_untrusted'
  | 'certificate_untrusted'
  | 'certificate_time'
  | 'sct_missing'
  | 'log_proof_invalid'
  | 'log_untrusted'
  | 'log_entry_other'
  | 'log_proof_missing'
  | 'timestamp_invalid'
  | 'timestamp_missing'

/**
 * `until`: the end of the first validity that this rests on, in milliseconds since the epoch; absent: none ends.
 * `signer`: the identity of the certificate, or the key id, printable; with `key_untrusted` only the name of a key that stands beside the signature, unproven.
 * Absent: nobody knows.
 */
export type SignatureVerdict =
  | { readonly ok: true; readonly key: TrustedKey; readonly until?: number }
  | { readonly ok: false; readonly code: SignatureFault; readonly message: string; readonly signer?: string }

/** A key as it was given. */
export interface GivenKey
  extends Pick<TrustedKey, 'publicKey' | 'source' | 'validity' | 'algorithm' | 'retired' | 'revoked'> {}

/** How many proofs a signature needs. */
export interface ProofDemands {
  /** Transparency logs that prove inclusion. */
  readonly logs: number
  /** Proofs of time, by a log or by a timestamp authority. */
  readonly timestamps: number
  /** Certificate transparency logs that prove that they hold the certificate. */
  readonly scts: number
}

/** What the proofs beside a signature prove. */
export interface Proven {
  /** When the signature was made, milliseconds since the epoch: one for each proof of time, [] when none was there. */
  readonly times: readonly number[]
  /** Transparency logs that hold it. */
  readonly logs: number
  /** Logs and timestamp authorities that say when. */
  readonly clocks: number
  /** The end of the first validity that this rests on; absent: none ends. */
  readonly until?: number
  /** Checks the certificate at these times, who stands in it, and that its key made the signature. */
  certified(): SignatureVerdict
}

export interface ProofFault {
  readonly code: SignatureFault
  readonly message: string
}

/** When one key or authority of a trusted root counts; milliseconds since the epoch. */
export interface RootWindow extends Validity {
  readonly what: 'transparency log' | 'certificate log' | 'certificate authority' | 'timestamp authority'
  /** Its URL. */
  readonly name: string
  readonly from: number
}

export interface ProofJudge {
  /** Who may sign with a certificate. */
  readonly identities: readonly IdentityRule[]
  /** What a signature by a plain key needs. */
  readonly keyDemands: ProofDemands
  /** What a signature by a certificate needs. */
  readonly demands: ProofDemands
  /** Where the trusted root came from and what it holds, for reports. */
  readonly root: { readonly source: string; readonly hash: string; readonly windows: readonly RootWindow[] }
  /** Where certificate authorities beside those of the root came from. */
  readonly authorities: readonly string[]
  /** All of the above as lines for the hash of a trust. */
  readonly lines: readonly string[]
  /**
   * Checks every log entry and timestamp beside the signature; one that does not verify is a fault, as cosign and sigstore-js have it.
   */
  prove(content: SignedContent, signature: Signature): Proven | ProofFault
}
