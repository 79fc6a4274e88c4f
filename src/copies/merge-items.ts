/** Items of one slot with one id are one entry. Pure. */
import type { Found, FoundEntry } from '../backend/backend.ts'
import { type Entry, entryId, type Signature, signatureId } from '../model/entry.ts'
import { joinSignatures } from '../model/proofs.ts'

export interface MergedEntry {
  readonly entry: Entry
  readonly items: readonly FoundEntry[]
}

/**
 * The entries among the items, in their order. One that lies in several items has all their signatures, each with the proofs
 * of all, and no envelope of its own.
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
    const signatures = new Map<string, Signature>()
    for (const signature of items.flatMap((item) => item.entry.signatures)) {
      const id = signatureId(signature)
      const known = signatures.get(id)
      signatures.set(id, known === undefined ? signature : joinSignatures(known, signature))
    }
    return [{ entry: { ...entry, signatures: [...signatures.values()] }, items }]
  })
}
