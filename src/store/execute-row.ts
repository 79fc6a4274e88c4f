/** Carries out one row of a plan: write, read back, receipt. One backend's failure never touches another's row. */
import type { About, Backend, FoundEntry, Receipt, Slot } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { type Judged, judge, spoiledCopy } from '../copies/judge-slot.ts'
import { isThere, notThere } from '../copies/read-back.ts'
import { asProvError, errorJson, ProvError } from '../errors.ts'
import { type Entry, entryId, holds, sameBytes, signatureId } from '../model/entry.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import type { Trust } from '../trust/trusted-keys.ts'
import { foreignSigner, type PlanRow } from './plan.ts'

export interface FanoutOptions {
  readonly trust: Trust
  readonly signal: AbortSignal
  readonly retry: RetryOptions
  readonly resign: boolean
  readonly foreign: boolean
}

/**
 * Executes `row` and says what stands there afterwards. Never throws for what a backend does.
 *
 * @example (await carryOut(backend, row, about, entry, options)).confirmed // true
 */
export async function carryOut(
  backend: Backend,
  row: PlanRow & { readonly slot: Slot },
  about: About,
  entry: Entry,
  options: FanoutOptions,
): Promise<CopyReceipt> {
  const { slot } = row
  const base = {
    backend: backend.name,
    slot: slot.key,
    entry: entryId(entry),
    signatures: entry.signatures.map(signatureId),
  }
  if (row.action === 'present') {
    const detail = row.detail === undefined ? {} : { detail: row.detail }
    return { ...base, location: slot.key, outcome: 'unchanged', confirmed: true, ...detail }
  }
  if (row.action === 'blocked') {
    const error = row.error ?? { code: 'occupied' as const, message: 'the place is taken' }
    return { ...base, location: slot.key, outcome: 'failed', confirmed: false, error }
  }
  try {
    if (row.action === 'send') {
      const { location, outcome } = await retry(() => backend.put(slot, entry, options), options.retry)
      return { ...base, location, outcome: outcome === 'accepted' ? outcome : 'failed', confirmed: false }
    }
    const receipt = await retry(() => writeOnce(backend, slot, about, entry, options), options.retry)
    return { ...receipt, backend: backend.name }
  } catch (thrown) {
    const error = asProvError(thrown)
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

async function writeOnce(
  backend: Backend,
  slot: Slot,
  about: About,
  entry: Entry,
  options: FanoutOptions,
): Promise<CopyReceipt> {
  const { signal, trust } = options
  const before = options.resign ? judge(about, slot, await backend.get(slot, { signal }), trust) : undefined
  let receipt =
    before === undefined || olderIn(slot, before).length === 0
      ? await putOrMend(backend, slot, about, entry, options)
      : await supersede(backend, slot, before, entry, options)
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  if ('detail' in receipt) return { ...ids, ...receipt }
  let found = await backend.get(slot, { signal })
  const spoiled = spoiledCopy(judge(about, slot, found, trust), entry)
  if (spoiled !== undefined && backend.replace !== undefined) {
    receipt = written(await backend.replace(slot, spoiled, entry, { signal }), 'replaced')
    found = await backend.get(slot, { signal })
  }
  if (!isThere(found, entry)) throw notThere(backend.name, slot.key)
  return { ...ids, ...receipt, confirmed: true }
}

type Written = Pick<CopyReceipt, 'backend' | 'slot' | 'location' | 'outcome' | 'confirmed'> | CopyReceipt

async function putOrMend(
  backend: Backend,
  slot: Slot,
  about: About,
  entry: Entry,
  options: FanoutOptions,
): Promise<Written> {
  const { signal, trust } = options
  const receipt = await backend.put(slot, entry, { signal })
  if (receipt.outcome !== 'occupied') return written(receipt, receipt.outcome)
  const judged = judge(about, slot, receipt.found ?? [], trust)
  const good = judged.good[0]
  const claimant = judged.others.find((other) => other.claims)
  // Nothing was there, but the artifact brought a copy of its own along.
  if (good !== undefined && options.resign) return supersede(backend, slot, judged, entry, options)
  if (good !== undefined && claimant === undefined) {
    // Another writer was first with a copy that verifies: it stays.
    const detail = 'another writer stored a valid copy first'
    const ids = { entry: good.id, signatures: good.verified.map(signatureId) }
    return { ...written(receipt, 'unchanged'), ...ids, location: good.found.location, confirmed: true, detail }
  }
  const foreign = foreignSigner(judged, options.foreign)
  if (claimant === undefined || foreign !== undefined || backend.replace === undefined) {
    const { message, ...details } = foreign ?? {
      message: 'the place is taken by something that prov must not overwrite',
    }
    throw new ProvError('occupied', message, { location: receipt.location, ...details, backend: backend.name })
  }
  return written(await backend.replace(slot, claimant.found, entry, { signal }), 'replaced')
}

/** --resign: the new entry takes the place of every copy of ours. */
async function supersede(
  backend: Backend,
  slot: Slot,
  before: Judged,
  entry: Entry,
  options: FanoutOptions,
): Promise<Written> {
  const older = olderIn(slot, before).filter((found) => !holds(found.entry, entry))
  const [first, ...rest] = older
  if (first === undefined) return { ...base(backend, slot), outcome: 'unchanged', confirmed: true }
  if (backend.replace === undefined || (rest.length > 0 && backend.remove === undefined)) {
    throw new ProvError('not_supported', 'this backend cannot replace a copy', {
      backend: backend.name,
      location: slot.key,
    })
  }
  const receipt = await backend.replace(slot, first, entry, options)
  for (const stale of rest) {
    // The state token of the first read is spent: find the item again before it is removed.
    const again = (await backend.get(slot, options)).find(
      (item) => sameBytes(item.raw, stale.raw) && item.entry !== undefined,
    )
    if (again !== undefined) await backend.remove?.(slot, again, options)
  }
  return written(receipt, 'replaced')
}

/** What a new entry takes the place of: our copies, and where there is room for one only, our copy in another format. */
function olderIn(slot: Slot, before: Judged): readonly FoundEntry[] {
  const ours = before.good.map((copy) => copy.found)
  if (slot.holds === 'many' || slot.kind === 'raw') return ours
  return [...ours, ...before.neighbours.flatMap((found) => (found.entry === undefined ? [] : [found]))]
}

function base(backend: Backend, slot: Slot): { backend: string; slot: string; location: string } {
  return { backend: backend.name, slot: slot.key, location: slot.key }
}

function written(receipt: Receipt, outcome: CopyReceipt['outcome']): Written {
  const { backend, slot, location } = receipt
  return { backend, slot, location, outcome, confirmed: false }
}
