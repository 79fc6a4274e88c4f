/** Items of one slot with one id are one entry. Pure. */
import type { Found, FoundEntry } from '../backend/backend.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'

export interface MergedEntry {
  readonly entry: Entry
  readonly items: readonly FoundEntry[]
}

/**
 * The entries among the items, in their order. One that lies in several items has all their signatures, and no envelope of its own.
 *
 * @example mergedEntries(await backend.get(slot, { signal })).length
 */
export function mergedEntries(found: readonly Found[]): readonly MergedEntry[] {
  const byId = new Map<string, FoundEntry[]>()
  for (const item of found) {
    if (item.entry === undefined) continue
    const id = entryId(item.entry)
    byId.set(id, [...(byId.get(id) ?? []), item])
  }
  return [...byId.values()].flatMap((items) => {
    const [first, ...others] = items
    if (first === undefined) return []
    if (others.length === 0) return [{ entry: first.entry, items }]
    const { envelope: _, ...entry } = first.entry
    const all = items.flatMap((item) => item.entry.signatures)
    const signatures = [...new Map(all.map((signature) => [signatureId(signature), signature])).values()]
    return [{ entry: { ...entry, signatures }, items }]
  })
}
