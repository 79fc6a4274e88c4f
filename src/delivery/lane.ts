/** One lane: claim → verify → deliver → settle, until nothing in it is due, it pauses, or the signal says stop. */

import type { Backend } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { failedCopy } from '../copies/write-copy.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import { entryId, signatureId } from '../model/entry.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import { deliver } from '../store/deliver.ts'
import type { PlanRow } from '../store/plan.ts'
import { runOf } from '../store/seal.ts'
import type { Trust } from '../trust/trust.ts'
import { waitAfter } from '../truth/due.ts'
import { type Claimed, type Outcome, SEAL, type Truth } from '../truth/truth.ts'
import { checkRow, type GoodRow } from './check.ts'
import { isLaneFault, outcomeOf } from './outcome.ts'

export interface LaneJob {
  readonly truth: Truth
  /** Names of the backends that it serves. */
  readonly targets: readonly string[]
  /** A backend by its name; undefined for one that this worker does not serve. */
  backend(name: string): Backend | undefined
  readonly trust: Trust
  readonly retry: Omit<RetryOptions, 'budget' | 'signal'>
  /** Aborted when the worker is to drain: what is in flight is finished, nothing more is claimed. */
  readonly drain: AbortSignal
  /** Aborted when what is in flight is to stop as well. */
  readonly stop: AbortSignal
  readonly holder: string
  readonly host: string
  readonly leaseMs: number
  readonly concurrency: number
  /** Entries that are signed by none of the worker's keys; grows. */
  readonly givenBack: Set<number>
  /** Only these rows. */
  readonly only?: readonly number[]
  /** Called with each row that was settled, given back, or found to be somebody else's by now (`stale`). */
  told(row: Claimed, what: Told): void
}

export type Told =
  /** `ms`: how long it took from the claim's check to the read-back. */
  | { readonly settled: Outcome; readonly ms: number }
  | { readonly quarantined: ErrorJson }
  | { readonly givenBack: ErrorJson }
  | { readonly stale: true }

/** Entries that a worker remembers not to claim again; one that it has forgotten is looked at and given back once more. */
const MOST_GIVEN_BACK = 10_000

/** A row of a backend that is not served comes again only after so long. */
const UNSERVED_MS = 60_000

/** One try a claim: when it is tried again is the database's to say. */
const ONE_TRY = { attempts: 1, totalMs: 0 }

/** Ends when nothing of the lane is due any more, or it pauses; gives how many rows it has claimed. Throws what the truth throws. */
export async function runLane(lane: string, job: LaneJob): Promise<number> {
  const { truth, leaseMs, holder, host, only, targets } = job
  let claimed = 0
  while (!job.drain.aborted && !job.stop.aborted) {
    // SQLite answers at once: without this a long lane would keep signals and timers from ever being heard.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const leave = await truth.laneOpen(lane, leaseMs)
    if (leave === 'paused') return claimed
    const limit = leave === 'probe' ? 1 : job.concurrency
    const wanted = { lane, targets, holder, host, leaseMs, limit, without: [...job.givenBack] }
    const rows = await truth.claim({ ...wanted, ...(only === undefined ? {} : { only }) })
    if (rows.length === 0) return claimed
    claimed += rows.length
    const faults = await underLease(rows, job)
    const failed = faults.filter((one) => one !== undefined)
    const [fault] = failed
    if (fault !== undefined) await truth.laneFailed(lane, fault, job.retry.random(), failed.length)
    if (fault === undefined || faults.includes(undefined)) await truth.laneWell(lane)
  }
  return claimed
}

/** Delivers all rows while their leases are renewed; what another worker has taken over is stopped. Gives each row's fault of the lane. */
async function underLease(rows: readonly Claimed[], job: LaneJob): Promise<readonly (ErrorJson | undefined)[]> {
  const open = new Map(rows.map((row) => [row.id, { row, stop: new AbortController() }]))
  const stopAll = (): void => {
    for (const { stop } of open.values()) stop.abort(job.stop.reason)
  }
  const renew = async (): Promise<void> => {
    const claims = [...open.values()].map(({ row }) => row)
    const held = await job.truth.renew(claims, job.leaseMs).catch((): readonly number[] => [])
    for (const { id } of claims) if (!held.includes(id)) open.get(id)?.stop.abort(new Error('the lease was lost'))
  }
  const timer = setInterval(renew, job.leaseMs / 3)
  job.stop.addEventListener('abort', stopAll, { once: true })
  if (job.stop.aborted) stopAll()
  try {
    return await Promise.all(
      [...open.values()].map(async ({ row, stop }) => {
        try {
          return await work(row, job, stop.signal).catch((thrown: unknown) => giveUp(row, thrown, job))
        } finally {
          open.delete(row.id)
        }
      }),
    )
  } finally {
    clearInterval(timer)
    job.stop.removeEventListener('abort', stopAll)
  }
}

async function work(row: Claimed, job: LaneJob, signal: AbortSignal): Promise<ErrorJson | undefined> {
  const { truth } = job
  const backend = job.backend(row.target === SEAL ? row.slotKey : row.target)
  if (backend === undefined) {
    await truth.settle(row, { state: 'pending', afterMs: UNSERVED_MS, untried: true })
    return undefined
  }
  const checked = checkRow(row, backend, job.trust)
  if (checked.verdict !== 'good') {
    await refuse(row, checked.verdict, checked.error, job)
    return undefined
  }
  const began = job.retry.now()
  const receipt = await receiptOf(row, checked, backend, job, signal)
  await settle(row, outcomeOf(row, receipt, job.retry.random()), job, job.retry.now() - began)
  return receipt.error !== undefined && isLaneFault(receipt.error, row.lane) ? receipt.error : undefined
}

/** What one row throws is that row's trouble, and said there; where the truth itself does not answer, the lease runs out. */
async function giveUp(row: Claimed, thrown: unknown, job: LaneJob): Promise<undefined> {
  const error = errorJson(asProvError(thrown))
  await settle(row, { state: 'pending', afterMs: waitAfter(row.attempts, { chance: job.retry.random() }), error }, job)
}

/** Nothing of the row leaves the truth. */
async function refuse(
  row: Claimed,
  verdict: 'untrusted' | 'altered' | 'held',
  error: ErrorJson,
  job: LaneJob,
): Promise<void> {
  const { truth, told, givenBack } = job
  if (verdict === 'held') return settle(row, { state: 'held', error }, job)
  const back = { state: 'pending', afterMs: 0, untried: true } as const
  if (verdict === 'untrusted') {
    const [oldest] = givenBack
    if (givenBack.size >= MOST_GIVEN_BACK && oldest !== undefined) givenBack.delete(oldest)
    givenBack.add(row.seq)
    await truth.settle(row, back)
    return told(row, { givenBack: error })
  }
  await truth.quarantine(row.seq, error)
  await truth.settle(row, { ...back, error })
  return told(row, { quarantined: error })
}

async function settle(row: Claimed, outcome: Outcome, { truth, told }: LaneJob, ms = 0): Promise<void> {
  told(row, (await truth.settle(row, outcome)) ? { settled: outcome, ms } : { stale: true })
}

async function receiptOf(
  row: Claimed,
  { entry, about }: GoodRow,
  backend: Backend,
  job: LaneJob,
  signal: AbortSignal,
): Promise<CopyReceipt> {
  const { slot, foreign, resign } = row
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  try {
    const run = runOf(about.artifact)
    if (row.target === SEAL) {
      if (run === undefined) return failedCopy(backend, slot, entry, notARun())
      await backend.seal?.(run, { signal })
      const location = artifactName(run)
      return { backend: backend.name, slot: slot.key, location, ...ids, outcome: 'written', confirmed: true }
    }
    // What stood there at the time of the plan may be gone: the copy is written if it is not there, and read back.
    const action = row.action === 'send' || row.action === 'replace' ? row.action : 'write'
    const flags = { ...(foreign ? { foreign } : {}), ...(resign ? { resign } : {}) } as Pick<
      PlanRow,
      'foreign' | 'resign'
    >
    const plan: PlanRow = { backend: backend.name, slot, action, ...flags }
    const retry = { ...job.retry, budget: ONE_TRY, signal }
    const made = await deliver(plan, { about, entry }, backend, { trust: job.trust, retry, signal })
    return made ?? failedCopy(backend, slot, entry, notARun())
  } catch (thrown) {
    return failedCopy(backend, slot, entry, signal.aborted ? new ProvError('aborted', 'stopped') : thrown)
  }
}

function notARun(): ProvError {
  return new ProvError('config_invalid', 'the row says nothing that could be delivered')
}
