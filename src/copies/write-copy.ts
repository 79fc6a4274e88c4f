/** Writes one copy into one place: write, read back, say what became of it. The one way to write of store, migrate and repair. */
import type { Backend, Found, Receipt, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { type Entry, entryId, sameBytes, signatureId } from '../model/entry.ts'
import type { CallOptions } from '../platform/async/call.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { isThere, keptBy, notThere } from './read-back.ts'

/** What was found in a place that was thought to be free, and what that means for the copy. */
export type Occupied =
  /** These give way: the first is replaced, the others are removed. */
  | { readonly giveWay: readonly Found[] }
  /** A copy that is as good stays in this one's stead. */
  | { readonly stays: Pick<CopyReceipt, 'location' | 'entry' | 'signatures' | 'detail'> }

export interface WriteOptions extends CallOptions {
  readonly retry: RetryOptions
  /** Asked before each try: what the entry takes the place of, as it was read. Absent, or []: the place is thought to be free. */
  giveWay?(): Promise<readonly Found[]>
  /** The place holds one, and something else. Throws `occupied` when that must stay. Absent: it stays. */
  whenOccupied?(found: readonly Found[], receipt: Receipt): Occupied
  /** By what was read back: the damaged copy of this very entry, which a put takes for the entry. */
  spoiled?(found: readonly Found[]): Found | undefined
}

/**
 * Writes the entry and reads it back; says what stands there afterwards. A write-only store gives `accepted`, unconfirmed. What goes wrong
 * is in the receipt, under `failed`; throws only for a defect in prov (`internal`).
 *
 * @example (await writeCopy(docdb, slot, entry, { signal, retry })).outcome // 'written', or 'unchanged' when it was there
 */
export async function writeCopy(
  backend: Backend,
  slot: Slot,
  entry: Entry,
  options: WriteOptions,
): Promise<CopyReceipt> {
  try {
    return {
      ...idsOf(backend, slot, entry),
      ...(await retry((attempt) => writeOnce(backend, slot, entry, { ...options, attempt }), options.retry)),
    }
  } catch (thrown) {
    return failedCopy(backend, slot, entry, thrown)
  }
}

/**
 * The receipt of a copy that was not made. Throws what is a defect in prov.
 *
 * @example failedCopy(backend, slot, entry, new ProvError('denied', 'no write access')).outcome // 'failed'
 */
export function failedCopy(backend: Pick<Backend, 'name'>, slot: Slot, entry: Entry, thrown: unknown): CopyReceipt {
  const error = asProvError(thrown)
  if (error.code === 'internal') throw error
  const json: ErrorJson = { ...errorJson(error), backend: backend.name }
  const location = error.location ?? slot.key
  return { ...idsOf(backend, slot, entry), location, outcome: 'failed', confirmed: false, error: json }
}

function idsOf(
  backend: Pick<Backend, 'name'>,
  slot: Slot,
  entry: Entry,
): Pick<CopyReceipt, 'backend' | 'slot' | 'entry' | 'signatures'> {
  return { backend: backend.name, slot: slot.key, entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
}

type Made = Pick<CopyReceipt, 'location' | 'outcome' | 'confirmed'> & Partial<CopyReceipt>

async function writeOnce(
  backend: Backend,
  slot: Slot,
  entry: Entry,
  options: WriteOptions & { readonly attempt: number },
): Promise<Made> {
  const older = (await options.giveWay?.()) ?? []
  const made =
    older.length > 0 ? await supersede(backend, slot, older, entry, options) : await put(backend, slot, entry, options)
  if (made.confirmed || made.outcome === 'accepted') return made
  // A first put that changed nothing has just read the place. After a try that failed, nobody's word is taken for it.
  const isKnown = made.outcome === 'unchanged' && options.attempt === 1 && options.spoiled === undefined
  if (isKnown) return { ...made, confirmed: true }
  let found = await backend.get(slot, options)
  let { location, outcome } = made
  const spoiled = options.spoiled?.(found)
  if (spoiled !== undefined && backend.replace !== undefined) {
    location = (await backend.replace(slot, spoiled, entry, options)).location
    outcome = 'replaced'
    found = await backend.get(slot, options)
  }
  if (!isThere(found, entry, keptBy(backend, entry))) throw notThere(backend.name, slot.key)
  return { location, outcome, confirmed: true }
}

async function put(backend: Backend, slot: Slot, entry: Entry, options: WriteOptions): Promise<Made> {
  const receipt = await backend.put(slot, entry, options)
  const { location, outcome } = receipt
  if (outcome !== 'occupied') return { location, outcome, confirmed: false }
  const found = receipt.found ?? []
  if (options.whenOccupied === undefined) throw occupied(backend, slot, found, entry)
  const decided = options.whenOccupied(found, receipt)
  if ('stays' in decided) return { ...decided.stays, outcome: 'unchanged', confirmed: true }
  return supersede(backend, slot, decided.giveWay, entry, options)
}

/** The entry takes the place of the first; the others are removed. */
async function supersede(
  backend: Backend,
  slot: Slot,
  [first, ...rest]: readonly Found[],
  entry: Entry,
  options: CallOptions,
): Promise<Made> {
  if (first === undefined || backend.replace === undefined || (rest.length > 0 && backend.remove === undefined)) {
    const where = { backend: backend.name, location: slot.key }
    throw new ProvError('not_supported', 'this backend cannot replace a copy', where)
  }
  const receipt = await backend.replace(slot, first, entry, options)
  if (receipt.outcome === 'occupied') {
    throw new ProvError('occupied', 'another writer put something there meanwhile', { location: receipt.location })
  }
  for (const stale of rest) {
    // The state token of the first reading is spent: find the item again before it is removed.
    const items = await backend.get(slot, options)
    const again = items.find((item) => sameBytes(item.raw, stale.raw) && item.entry !== undefined)
    if (again !== undefined) await backend.remove?.(slot, again, options)
  }
  return { location: receipt.location, outcome: 'replaced', confirmed: false }
}

/**
 * Why an entry cannot go where something else stands, which stays.
 *
 * @example throw occupied(docdb, slot, await docdb.get(slot, { signal }), entry)
 */
export function occupied(backend: Backend, slot: Slot, found: readonly Found[], entry: Entry): ProvError {
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
