/** Signatures that somebody else has put beside an entry, in items of their own. Pure but for the mathematics. */
import type { FoundEntry } from '../backend/backend.ts'
import type { Checks, FailedSignature } from '../trust/verify-entry.ts'
import { type MergedEntry, mergedEntries } from './merge-items.ts'

export interface ForeignSignature extends Pick<FailedSignature, 'code' | 'message'> {
  readonly item: FoundEntry
}

export interface WithoutForeign {
  readonly kept: readonly MergedEntry[]
  readonly foreignSignatures: readonly ForeignSignature[]
}

/**
 * The entries without the items that do not verify, where another item of the same entry does; an entry of which none does stays whole.
 *
 * @example withoutForeign(mergedEntries(found), checksUnder(trust)).foreignSignatures[0]?.code // 'key_untrusted'
 */
export function withoutForeign(merged: readonly MergedEntry[], checks: Checks): WithoutForeign {
  const foreignSignatures: ForeignSignature[] = []
  const kept = merged.flatMap((one) => {
    const good = one.items.filter((item) => checks.of(item.entry).verified.length > 0)
    if (good.length === 0 || good.length === one.items.length) return [one]
    for (const item of one.items) {
      const [why] = good.includes(item) ? [] : checks.of(item.entry).failed
      if (why !== undefined) foreignSignatures.push({ item, code: why.code, message: why.message })
    }
    return mergedEntries(good)
  })
  return { kept, foreignSignatures }
}
