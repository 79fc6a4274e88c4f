/** Removes an entry from its old slot, once it was found in every new slot. */
import type { Backend, FoundEntry, Slot } from '../backend/backend.ts'
import { isThere, keptBy, notThere } from '../copies/read-back.ts'
import { ProvError } from '../errors.ts'
import { type Entry, holds, sameBytes } from '../model/entry.ts'
import { retry } from '../platform/async/retry.ts'
import { type MovedCopy, type MoveOptions, putCopy } from './copy-entry.ts'

/** A slot that an entry was moved to, and what was written there. */
export interface NewPlace {
  readonly backend: Backend
  readonly slot: Slot
  readonly parts: readonly Entry[]
}

/**
 * Removes the entry from its old slot, after reading every new slot once more. Throws `read_back_failed` when one of them does not hold it
 * any more, what the source throws, and `usage` when a new slot turns out to be the old one under another name (a link, an alias of a
 * server): then it is put back first.
 *
 * @example await removeMoved(source, slot, entry, [{ backend: docdb, slot: target, parts: [entry] }], options)
 */
export async function removeMoved(
  source: Backend,
  slot: Slot,
  entry: Entry,
  places: readonly NewPlace[],
  options: MoveOptions,
): Promise<void> {
  if (source.remove === undefined) {
    throw new ProvError('not_supported', 'this backend cannot remove a copy', {
      backend: source.name,
      location: slot.key,
    })
  }
  for (const place of places) {
    const found = await retry(() => place.backend.get(place.slot, options), options.retry)
    if (!isThere(found, entry, keptBy(place.backend, entry))) throw notThere(place.backend.name, place.slot.key)
  }
  try {
    await removeAll(source, slot, entry, options)
  } finally {
    await restoreLost(source, entry, places, options)
  }
}

async function removeAll(source: Backend, slot: Slot, entry: Entry, options: MoveOptions): Promise<void> {
  // The state token of a look is spent with the first removal: look anew for each item.
  for (let last: FoundEntry | undefined; ; ) {
    const found = await retry(() => source.get(slot, options), options.retry)
    const item = found.find((one): one is FoundEntry => one.entry !== undefined && holds(entry, one.entry))
    if (item === undefined) return
    if (last !== undefined && last.location === item.location && sameBytes(last.raw, item.raw)) {
      throw new ProvError('conflict', 'the copy was removed and is still there', {
        backend: source.name,
        location: slot.key,
      })
    }
    last = item
    await source.remove?.(slot, item, options)
  }
}

/** Puts back into each new slot what was removed from it together with the old one, also after Ctrl-C. */
async function restoreLost(
  source: Backend,
  entry: Entry,
  places: readonly NewPlace[],
  { retry: calm }: MoveOptions,
): Promise<void> {
  const { signal } = new AbortController()
  const options = { signal, retry: { ...calm, signal } }
  const errors: ProvError[] = []
  for (const place of places) errors.push(...(await restore(source, entry, place, options)))
  const [first] = errors.toSorted((a, b) => Number(b.code === 'usage') - Number(a.code === 'usage'))
  if (first !== undefined) throw first
}

/** An error that says what was lost and put back, or that this is not known; undefined when the entry is where it was. */
async function restore(
  source: Backend,
  entry: Entry,
  { backend, slot, parts }: NewPlace,
  options: MoveOptions,
): Promise<readonly ProvError[]> {
  const found = await retry(() => backend.get(slot, options), options.retry).catch(() => undefined)
  if (found !== undefined && isThere(found, entry, keptBy(backend, entry))) return []
  const copies: MovedCopy[] = []
  for (const part of parts) copies.push(await putCopy(backend, slot, part, options))
  const failed = copies.find(({ outcome }) => outcome === 'failed')?.error
  const where = { backend: backend.name, location: slot.key }
  if (failed !== undefined && found === undefined) return [new ProvError(failed.code, failed.message, where)]
  if (copies.every(({ outcome }) => outcome === 'unchanged')) return []
  const what = failed === undefined ? 'and was put back' : `and could not be put back: ${failed.message}`
  const message = `the entry went out of ${backend.name} as it was taken out of ${source.name}, ${what}`
  const hint = 'source and target are one place: leave --delete-source out'
  return [new ProvError('usage', message, { ...where, hint })]
}
