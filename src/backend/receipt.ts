/** What a store leaves as proof, one receipt a copy. Plain data. */
import type { ErrorJson } from '../errors.ts'

/** `failed`: not confirmed by a read-back, `error` says why. `accepted`: a write-only store took it, nobody can look. */
export type Outcome = 'written' | 'unchanged' | 'replaced' | 'accepted' | 'failed'

export interface CopyReceipt {
  readonly backend: string
  readonly slot: string
  readonly location: string
  readonly outcome: Outcome
  /** Found again by a fresh look with every byte of payload and signature. */
  readonly confirmed: boolean
  /** Id of the entry that stands there. */
  readonly entry: string
  readonly signatures: readonly string[]
  /** Set when what stands there is a valid copy, but not byte for byte this entry. */
  readonly detail?: string
  readonly error?: ErrorJson
}
