/** What a store leaves as proof, one receipt a copy. Plain data. */
import type { ErrorJson } from '../errors.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'
import type { Receipt, Slot } from './backend.ts'

/** `failed`: not confirmed by a read-back, `error` says why. `accepted`: a write-only store took it, nobody can look. */
export type CopyOutcome = 'written' | 'unchanged' | 'replaced' | 'accepted' | 'failed'

export interface CopyReceipt {
  readonly backend: string
  readonly slot: string
  readonly location: string
  readonly outcome: CopyOutcome
  /** Found again by a fresh look with every byte of payload and signature. */
  readonly confirmed: boolean
  /** Id of the entry that stands there. */
  readonly entry: string
  readonly signatures: readonly string[]
  /** Set when what stands there is a valid copy, but not byte for byte this entry. */
  readonly detail?: string
  readonly error?: ErrorJson
}

/**
 * What a backend answers about one write of `entry` into `slot`.
 *
 * @example receiptOf(slot, 's3://b/taskrun-ci-build/taskrun-b0a4….payload', entry, 'written').backend // 's3'
 */
export function receiptOf(slot: Slot, location: string, entry: Entry, outcome: Receipt['outcome']): Receipt {
  const signatures = entry.signatures.map(signatureId)
  return { backend: slot.backend, slot: slot.key, location, entry: entryId(entry), signatures, outcome }
}
