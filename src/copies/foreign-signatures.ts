/** Signatures that somebody else has put beside an entry, in items of their own. Pure but for the mathematics. */
import type { FoundEntry } from '../backend/backend.ts'
import type { Checks, FailedSignature } from '../trust/verify-entry.ts'
import { type MergedEntry, mergedEntries } from './merge-items.ts'

export interface Stray extends Pick<FailedSignature, 'code' | 'message'> {
  readonly item: FoundEntry
}

export interface WithoutStrays {
  readonly kept: readonly MergedEntry[]
  readonly strays: readonly Stray[]
}

/**
 * The entries without the items that do not verify, where another item of the same entry does; an entry of which none does stays whole.
 *
 * @example withoutStrays(mergedEntries(found), checksUnder(trust)).strays[0]?.code // 'key_untrusted'
 */
export function withoutStrays(merged: readonly MergedEntry[], checks: Checks): WithoutStrays {
  const strays: Stray[] = []
  const kept = merged.flatMap((one) => {
    const good = one.items.filter((item) => checks.of(item.entry).verified.length > 0)
    if (good.length === 0 || good.length === one.items.length) return [one]
    for (const item of one.items) {
      const [why] = good.includes(item) ? [] : checks.of(item.entry).failed
      if (why !== undefined) strays.push({ item, code: why.code, message: why.message })
    }
    return mergedEntries(good)
  })
  return { kept, strays }
}
