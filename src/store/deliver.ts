/** The second part of a store: one row of the plan → one receipt. One backend's failure never touches another's row. */

import type { Backend, Found, FoundEntry, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { type Judged, judge, spoiledCopy } from '../copies/judge-slot.ts'
import { type Occupied, type WriteOptions, writeCopy } from '../copies/write-copy.ts'
import { ProvError } from '../errors.ts'
import { entryId, holds, signatureId } from '../model/entry.ts'
import type { CallOptions } from '../platform/async/call.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import type { Trust } from '../trust/trust.ts'
import { checksUnder } from '../trust/verify-entry.ts'
import { foreignSigner, type PlanRow } from './plan.ts'
import type { PreparedItem } from './prepare.ts'

export interface DeliverOptions extends CallOptions {
  readonly trust: Trust
  readonly retry: RetryOptions
}

/** What the rows of one item share. */
export type Delivered = Pick<PreparedItem, 'about' | 'entry'>

/**
 * Carries out one row and says what stands there afterwards; undefined for a row without a place. Never throws for what a backend does.
 *
 * @example (await deliver(row, prepared, backend, { trust, retry, signal }))?.confirmed // true
 */
export async function deliver(
  row: PlanRow,
  item: Delivered,
  backend: Backend,
  options: DeliverOptions,
): Promise<CopyReceipt | undefined> {
  const { slot, action, detail, error } = row
  if (slot === undefined || action === 'not_kept') return undefined
  const { entry } = item
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  const base = { backend: backend.name, slot: slot.key, location: slot.key, ...ids }
  if (action === 'present') {
    return { ...base, outcome: 'unchanged', confirmed: true, ...(detail === undefined ? {} : { detail }) }
  }
  if (action === 'blocked') {
    const why = error ?? { code: 'occupied' as const, message: 'the place is taken' }
    return { ...base, outcome: 'failed', confirmed: false, error: why }
  }
  return writeCopy(backend, slot, entry, writeOptions(row, slot, item, backend, options))
}

/** The rules of a store for what is found in the place. */
function writeOptions(
  row: PlanRow,
  slot: Slot,
  { about, entry }: Delivered,
  backend: Backend,
  options: DeliverOptions,
): WriteOptions {
  const { signal, retry, trust } = options
  const judged = (found: readonly Found[]): Judged => judge(about, slot, found, checksUnder(trust))
  const resign = {
    giveWay: async () =>
      olderIn(slot, judged(await backend.get(slot, { signal }))).filter((found) => !holds(found.entry, entry)),
  }
  return {
    signal,
    retry,
    ...(row.resign === true && backend.capabilities.readable ? resign : {}),
    whenOccupied: (found, { location }) => whenOccupied(row, slot, judged(found), backend, location),
    spoiled: (found) => spoiledCopy(judged(found), entry),
  }
}

/** A copy of another writer that verifies stays; our own damage gives way; a signature by a key that was not given does not. */
function whenOccupied(row: PlanRow, slot: Slot, judged: Judged, backend: Backend, location: string): Occupied {
  const good = judged.good.find(({ altered }) => altered !== true)
  const claimant = judged.others.find((other) => other.claims)
  // Nothing was there, but the artifact brought a copy of its own along.
  if (good !== undefined && row.resign === true) return { giveWay: olderIn(slot, judged) }
  if (good !== undefined && claimant === undefined) {
    const ids = { entry: good.id, signatures: good.verified.map(signatureId) }
    return { stays: { ...ids, location: good.found.location, detail: 'another writer stored a valid copy first' } }
  }
  const foreign = foreignSigner(judged, row.foreign === true)
  if (claimant !== undefined && foreign === undefined && backend.replace !== undefined)
    return { giveWay: [claimant.found] }
  const { message, ...details } = foreign ?? { message: 'the place is taken by something that prov must not overwrite' }
  throw new ProvError('occupied', message, { location, ...details, backend: backend.name })
}

/** What a new entry takes the place of: our copies, and where there is room for one only, our copy in another format. */
function olderIn(slot: Slot, before: Judged): readonly FoundEntry[] {
  const ours = before.good.map((copy) => copy.found)
  if (slot.holds === 'many' || slot.kind === 'raw') return ours
  return [...ours, ...before.neighbours.flatMap((found) => (found.entry === undefined ? [] : [found]))]
}
