/** Brings one entry, signed bytes untouched, into one place of another backend, and out of the place it came from. */
import type { Backend, CallOptions, Found, FoundEntry, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { asProvError, errorJson, ProvError } from '../errors.ts'
import { type Entry, entryId, holds, sameBytes, signatureId } from '../model/entry.ts'
import type { IdSet } from '../platform/async/hashed-set.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { isThere, notThere } from './read-back.ts'

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
 * Writes the entry and looks again. What stands in its way stays: nothing is ever replaced here. Never throws for what the backend
 * does.
 *
 * @example (await putCopy(docdb, slot, entry, options)).outcome // 'written', or 'unchanged' when it was there
 */
export async function putCopy(backend: Backend, slot: Slot, entry: Entry, options: MoveOptions): Promise<MovedCopy> {
  return tried(backend, slot, entry, async () => {
    const receipt = await retry(async () => {
      const made = await backend.put(slot, entry, options)
      if (made.outcome === 'occupied') throw occupied(backend, slot, made.found ?? [], entry)
      if (made.outcome !== 'unchanged' && !isThere(await backend.get(slot, options), entry)) {
        throw notThere(backend.name, slot.key)
      }
      return made
    }, options.retry)
    const { location } = receipt
    if (receipt.outcome === 'unchanged') return { location, outcome: 'unchanged', confirmed: true }
    return { location, outcome: 'written', confirmed: true, bytes: backend.size(slot, entry) }
  })
}

/** What a plan needs to know of itself: places and entries that it has written to in thought. */
export interface PlanOptions extends MoveOptions {
  readonly planned: IdSet
}

/**
 * What {@link putCopy} would do; looks, and writes nothing. An entry that the source has in several places is planned once, and is there for
 * the others.
 */
export async function planCopy(backend: Backend, slot: Slot, entry: Entry, options: PlanOptions): Promise<MovedCopy> {
  return tried(backend, slot, entry, async () => {
    const bytes = backend.size(slot, entry)
    const found = await retry(() => backend.get(slot, options), options.retry)
    if (isThere(found, entry)) return { location: slot.key, outcome: 'unchanged', confirmed: true }
    if (slot.holds === 'one' && found.length > 0) throw occupied(backend, slot, found, entry)
    const place = `${backend.name} ${slot.key}`
    const isNew = options.planned.add(`${place} ${entryId(entry)} ${entry.signatures.map(signatureId).join(' ')}`)
    if (!isNew) return { location: slot.key, outcome: 'unchanged', confirmed: false }
    if (slot.holds === 'one' && !options.planned.add(place)) throw occupied(backend, slot, [], entry)
    return { location: slot.key, outcome: 'planned', confirmed: false, bytes }
  })
}

/** A place that an entry was moved to, and what was put there. */
export interface NewPlace {
  readonly backend: Backend
  readonly slot: Slot
  readonly parts: readonly Entry[]
}

/**
 * Takes the entry out of the place it came from, after a second, fresh look has found it in every new place. Throws
 * `read_back_failed` when one of them does not hold it any more, what the source throws, and `usage` when a new place turns out to be
 * the old one under another name (a link, an alias of a server): then it is put back first.
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
    if (!isThere(found, entry)) throw notThere(place.backend.name, place.slot.key)
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

/** What went out of the new places with the old one is put back into each, Ctrl-C or not. */
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

/** An error that says what was lost there and is back, or that nobody can tell; none when the entry is where it was. */
async function restore(
  source: Backend,
  entry: Entry,
  { backend, slot, parts }: NewPlace,
  options: MoveOptions,
): Promise<readonly ProvError[]> {
  const found = await retry(() => backend.get(slot, options), options.retry).catch(() => undefined)
  if (found !== undefined && isThere(found, entry)) return []
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

async function tried(
  backend: Backend,
  slot: Slot,
  entry: Entry,
  work: () => Promise<Pick<MovedCopy, 'location' | 'outcome' | 'confirmed' | 'bytes'>>,
): Promise<MovedCopy> {
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  const base = { backend: backend.name, slot: slot.key, ...ids }
  try {
    return { ...base, ...(await work()) }
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    const location = error.location ?? slot.key
    return {
      ...base,
      location,
      outcome: 'failed',
      confirmed: false,
      error: { ...errorJson(error), backend: backend.name },
    }
  }
}

function occupied(backend: Backend, slot: Slot, found: readonly Found[], entry: Entry): ProvError {
  const id = entryId(entry)
  const same = found.some((item) => item.entry !== undefined && entryId(item.entry) === id)
  const what = same ? 'the same payload with other signatures' : 'something else'
  return new ProvError('occupied', `the place holds ${what}, which stays`, {
    backend: backend.name,
    operation: 'put',
    location: found[0]?.location ?? slot.key,
    hint: 'prov verify compares the two; prov repair decides between them',
  })
}
