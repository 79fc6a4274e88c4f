/** An answer of the verification service, and who gives it: the port between the service and the verification behind its cache. */
import type { ErrorJson } from '../errors.ts'

/** The word for an exit status of `prov verify`: 0 · 3, 4 · 5 · 6. */
export type VerdictWord = 'verified' | 'refused' | 'absent' | 'unknown'

export interface Judged {
  readonly verdict: VerdictWord
  /** The exit status that `prov verify` ends with. */
  readonly exit: number
  /** Codes and sentences, the gravest first; empty where all is well. */
  readonly findings: readonly ErrorJson[]
  /** Backends that hold a copy that verifies and agrees. */
  readonly holding: readonly string[]
  /** Whether this is a kept verdict, and how old it is, in milliseconds (0 for a fresh one). */
  readonly cached: boolean
  readonly ageMs: number
  /** Hashes of the policy and of the trusted keys that it was judged by. */
  readonly policy: string
  readonly keys: string
}

export interface Judge {
  /**
   * The verdict on one image, by digest. `signal` ends this caller's wait, not the work of others who wait for the same image.
   * A failure to look is a verdict (`unknown`, 6); only defects, `usage` and `aborted` are thrown.
   */
  image(reference: { readonly repository: string; readonly digest: string }, signal: AbortSignal): Promise<Judged>
}
