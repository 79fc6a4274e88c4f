/** One signature: who made it, and whether the proofs beside it are those that this signer needs. */

import { type Signature, signatureId } from '../model/entry.ts'
import { joinProofs } from '../model/proofs.ts'
import type { SignedContent } from './content.ts'
import type { ProofJudge, Proven, SignatureFault, SignatureVerdict, Trust, TrustedKey } from './trust.ts'
import { amongMakers } from './trusted-keys.ts'
import { firstEnd } from './validity.ts'

export interface VerifiedSignature {
  readonly signature: Signature
  readonly key: TrustedKey
  /** The end of the first validity that this rests on, milliseconds since the epoch; absent: none ends. */
  readonly until?: number
  /** The backend whose copy of the same signature has the proof that this one lacks. */
  readonly proofFrom?: string
}

/** Proofs beside the same signature in other backends, by the signature's id. */
export type Lent = ReadonlyMap<string, readonly LentProofs[]>

export interface LentProofs {
  readonly backend: string
  readonly signature: Signature
}

/** @example lentTo(lent, signature) // [] when no other backend has a proof for it */
export function lentTo(lent: Lent | undefined, signature: Signature): readonly LentProofs[] {
  return lent?.get(signatureId(signature)) ?? []
}

export interface Judging {
  readonly content: SignedContent
  readonly signature: Signature
  /** The trusted keys that made it. */
  readonly makers: readonly TrustedKey[]
  readonly lent: readonly LentProofs[]
}

type Verdict =
  | (Extract<SignatureVerdict, { ok: true }> & Pick<VerifiedSignature, 'proofFrom'>)
  | Extract<SignatureVerdict, { ok: false }>

/**
 * The verdict over one signature. Its own proofs count first, and one of them that does not verify is a fault; a proof that is only missing may
 * come from another backend.
 *
 * @example verdictOf({ content: contentOf(entry), signature, makers, lent: [] }, trust).ok
 */
export function verdictOf({ content, signature, makers, lent }: Judging, trust: Trust): Verdict {
  const { proofs } = trust
  if (proofs === undefined) return amongMakers(trust, signature, makers, [])
  const verdict = judged(content, signature, makers, trust, proofs)
  if (verdict.ok || !isLack(verdict.code)) return verdict
  for (const { backend, signature: other } of lent) {
    const helped = judged(content, joinProofs(signature, other), makers, trust, proofs)
    if (helped.ok) return { ...helped, proofFrom: backend }
  }
  return verdict
}

/** Codes that another backend's proof for the same signature can cure. A certificate may be such a proof: without it the signer is unknown. */
const LACKS: readonly SignatureFault[] = [
  'log_proof_missing',
  'timestamp_missing',
  'key_untrusted',
  'signature_invalid',
]

/** @example isLack('timestamp_missing') // true */
export function isLack(code: string): boolean {
  return (LACKS as readonly string[]).includes(code)
}

function judged(
  content: SignedContent,
  signature: Signature,
  makers: readonly TrustedKey[],
  trust: Trust,
  proofs: ProofJudge,
): SignatureVerdict {
  const byCertificate = makers.length === 0 && Boolean(signature.certificate) && proofs.identities.length > 0
  if (makers.length === 0 && !byCertificate) return amongMakers(trust, signature, makers, [])
  const proven = proofs.prove(content, signature)
  if ('code' in proven) return { ok: false, ...proven }
  const missing = lackOf(proven, byCertificate ? proofs.demands : proofs.keyDemands)
  if (missing !== undefined) return missing
  const verdict = byCertificate ? proven.certified() : amongMakers(trust, signature, makers, proven.times)
  if (!verdict.ok) return verdict
  const until = firstEnd([verdict.until, proven.until])
  return { ...verdict, ...(until === undefined ? {} : { until }) }
}

function lackOf({ logs, clocks }: Proven, wanted: ProofJudge['demands']): SignatureVerdict | undefined {
  if (logs < wanted.logs) {
    const message = `${logs} of the ${wanted.logs} transparency logs that are asked for prove that they hold it`
    return { ok: false, code: 'log_proof_missing', message }
  }
  if (clocks >= wanted.timestamps) return undefined
  const message = `${clocks} of the ${wanted.timestamps} proofs of time that are asked for stand beside it`
  return { ok: false, code: 'timestamp_missing', message }
}
