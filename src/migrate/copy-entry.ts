/** Copies one entry, signed bytes untouched, into one slot of a target; or says what it would do. */
import type { Backend, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { isThere, keptBy } from '../copies/read-back.ts'
import { failedCopy, occupied, writeCopy } from '../copies/write-copy.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'
import type { CallOptions } from '../platform/async/call.ts'
import type { IdSet } from '../platform/async/hashed-set.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'

export interface MoveOptions extends CallOptions {
  readonly retry: RetryOptions
}

/** A copy, or with `planned` what it would be. */
export interface MovedCopy extends Omit<CopyReceipt, 'outcome'> {
  readonly outcome: CopyReceipt['outcome'] | 'planned'
  /** What the copy adds in the backend's native form; absent when it is there already. */
  readonly bytes?: number
}

/**
 * Writes the entry and reads it back. What is in the slot already stays: nothing is ever replaced here. Never throws for what the backend
 * does.
 *
 * @example (await putCopy(docdb, slot, entry, options)).outcome // 'written', or 'unchanged' when it was there
 */
export async function putCopy(backend: Backend, slot: Slot, entry: Entry, options: MoveOptions): Promise<MovedCopy> {
  const copy = await writeCopy(backend, slot, entry, options)
  return copy.outcome === 'written' ? { ...copy, bytes: backend.size(slot, entry) } : copy
}

/** What a plan remembers: slots and entries that it would have written. */
export interface CopyPlanOptions extends MoveOptions {
  readonly planned: IdSet
}

/**
 * What {@link putCopy} would do; reads, and writes nothing. An entry that the source has in several slots is planned once; for the others it
 * counts as written.
 */
export async function planCopy(
  backend: Backend,
  slot: Slot,
  entry: Entry,
  options: CopyPlanOptions,
): Promise<MovedCopy> {
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  const base = { backend: backend.name, slot: slot.key, ...ids, location: slot.key, confirmed: false }
  try {
    const bytes = backend.size(slot, entry)
    const found = await retry(() => backend.get(slot, options), options.retry)
    if (isThere(found, entry, keptBy(backend, entry))) return { ...base, outcome: 'unchanged', confirmed: true }
    // What stands there without a proof of the entry's is given it.
    const standing = isThere(found, entry, [])
    if (slot.holds === 'one' && found.length > 0 && !standing) throw occupied(backend, slot, found, entry)
    const place = `${backend.name} ${slot.key}`
    const isNew = options.planned.add(`${place} ${ids.entry} ${ids.signatures.join(' ')}`)
    if (!isNew) return { ...base, outcome: 'unchanged' }
    if (slot.holds === 'one' && !standing && !options.planned.add(place)) throw occupied(backend, slot, [], entry)
    return { ...base, outcome: 'planned', bytes }
  } catch (thrown) {
    return failedCopy(backend, slot, entry, thrown)
  }
}
