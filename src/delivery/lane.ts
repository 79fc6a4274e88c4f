/** One lane: claim → verify → deliver → settle, until nothing in it is due, it pauses, or the signal says stop. */

import type { Backend } from '../backend/backend.ts'
import type { CopyReceipt } from '../backend/receipt.ts'
import { failedCopy } from '../copies/write-copy.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import { entryId, signatureId } from '../model/entry.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import type { IndexStore } from '../search/index-store.ts'
import { deliver } from '../store/deliver.ts'
import type { PlanRow } from '../store/plan.ts'
import { runOf } from '../store/seal.ts'
import type { Trust } from '../trust/trust.ts'
import { waitAfter } from '../truth/due.ts'
import { INDEX } from '../truth/term-pages.ts'
import { type Claimed, type Outcome, SEAL, type Truth } from '../truth/truth.ts'
import { type Checked, checkEntryOf, checkRow, type GoodRow } from './check.ts'
import { deliverToIndex } from './index-row.ts'
import { isLaneFault, outcomeOf } from './outcome.ts'

export interface LaneJob {
  readonly truth: Truth
  /** Names of the backends that it serves. */
  readonly targets: readonly string[]
  /** A backend by its name; undefined for one that this worker does not serve. */
  backend(name: string): Backend | undefined
  /** Absent for a worker that does not serve the search index. */
  readonly index?: IndexStore | undefined
  /** What is trusted now; asked anew for each row. */
  trust(): Trust
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

/**
 * Claims again as soon as a quarter of its places is free, so that one slow delivery holds up none of the others. Ends when nothing of the lane is
 * due any more, or it pauses; gives how many rows it has claimed. Throws what the truth throws, once nothing is in flight any more.
 */
export async function runLane(lane: string, job: LaneJob): Promise<number> {
  const { truth, leaseMs, holder, host, only, targets, concurrency } = job
  const flight = flightOf(job)
  const health = healthOf(lane, job)
  let claimed = 0
  try {
    while (!job.drain.aborted && !job.stop.aborted) {
      // SQLite answers at once: without this a long lane would keep signals and timers from ever being heard.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const leave = await truth.laneOpen(lane, leaseMs)
      if (leave === 'paused') break
      const limit = leave === 'probe' ? 1 : concurrency - flight.size
      const wanted = { lane, targets, holder, host, leaseMs, limit, without: [...job.givenBack] }
      const rows = await truth.claim({ ...wanted, ...(only === undefined ? {} : { only }) })
      for (const row of rows) flight.add(row)
      claimed += rows.length
      if (flight.size === 0) break
      // Where little is due it is not asked for each time: half of what is left has to be done first.
      const busy = rows.length < limit ? Math.floor(flight.size / 2) : concurrency - Math.ceil(concurrency / 4)
      await flight.untilAtMost(leave === 'probe' ? 0 : busy)
      await health.told(flight.results(), flight.size)
    }
  } finally {
    await flight.end()
  }
  await health.told(flight.results(), 0)
  return claimed
}

/** What a delivery came to for its lane: the fault that its others would meet alike, or none. */
type Result = ErrorJson | undefined

interface Health {
  /** With how many are still in flight. */
  told(results: readonly Result[], inFlight: number): Promise<void>
}

/** Counts what went wrong, all that was in flight together at once, and says when all is well. */
function healthOf(lane: string, { truth, retry, concurrency }: LaneJob): Health {
  let well = 0
  return {
    told: async (results, inFlight) => {
      const faults = results.filter((one) => one !== undefined)
      const [fault] = faults
      well += results.length - faults.length
      if (fault !== undefined) await truth.laneFailed(lane, fault, retry.random(), faults.length)
      if (well === 0 || (fault === undefined && well < concurrency && inFlight > 0)) return
      well = 0
      await truth.laneWell(lane)
    },
  }
}

/** Rows that are being delivered, under leases that are renewed. */
interface Flight {
  readonly size: number
  add(row: Claimed): void
  /**
   * Resolves when so many rows at most are in flight; after a fault of the lane, when none is: nothing more is tried until all is counted. Throws
   * what kept a row from being settled.
   */
  untilAtMost(rows: number): Promise<void>
  /** What has ended since the last call. */
  results(): readonly Result[]
  /** Resolves when nothing is in flight; throws nothing. */
  end(): Promise<void>
}

/** What another worker has taken over is stopped, and so is everything when the job says stop. */
function flightOf(job: LaneJob): Flight {
  const open = new Map<number, { readonly row: Claimed; readonly stop: AbortController }>()
  let results: Result[] = []
  let failure: { readonly thrown: unknown } | undefined
  let wake = (): void => undefined
  const stopAll = (): void => {
    for (const { stop } of open.values()) stop.abort(job.stop.reason)
  }
  const renew = async (): Promise<void> => {
    const claims = [...open.values()].map(({ row }) => row)
    if (claims.length === 0) return
    const held = await job.truth.renew(claims, job.leaseMs).catch((): readonly number[] => [])
    for (const { id } of claims) if (!held.includes(id)) open.get(id)?.stop.abort(new Error('the lease was lost'))
  }
  const timer = setInterval(renew, job.leaseMs / 3)
  job.stop.addEventListener('abort', stopAll, { once: true })
  const fly = async (row: Claimed, stop: AbortController): Promise<void> => {
    try {
      results.push(await work(row, job, stop.signal).catch((thrown: unknown) => giveUp(row, thrown, job)))
    } catch (thrown) {
      failure ??= { thrown }
    } finally {
      open.delete(row.id)
      wake()
    }
  }
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return {
    get size() {
      return open.size
    },
    add: (row) => {
      const stop = new AbortController()
      open.set(row.id, { row, stop })
      if (job.stop.aborted) stop.abort(job.stop.reason)
      void fly(row, stop)
    },
    untilAtMost: async (rows) => {
      const most = (): number => (results.some((one) => one !== undefined) ? 0 : rows)
      await until(() => failure !== undefined || open.size <= most())
      if (failure !== undefined) throw failure.thrown
    },
    results: () => {
      const ended = results
      results = []
      return ended
    },
    end: async () => {
      await until(() => open.size === 0)
      clearInterval(timer)
      job.stop.removeEventListener('abort', stopAll)
    },
  }
}

async function work(row: Claimed, job: LaneJob, signal: AbortSignal): Promise<ErrorJson | undefined> {
  const way = wayOf(row, job, signal)
  if (way === undefined) {
    await job.truth.settle(row, { state: 'pending', afterMs: UNSERVED_MS, untried: true })
    return undefined
  }
  const checked = way.check()
  if (checked.verdict !== 'good') {
    await refuse(row, checked.verdict, checked.error, job)
    return undefined
  }
  const began = job.retry.now()
  const receipt = await way.deliver(checked)
  await settle(row, outcomeOf(row, receipt, job.retry.random()), job, job.retry.now() - began)
  return receipt.error !== undefined && isLaneFault(receipt.error, row.lane) ? receipt.error : undefined
}

interface Way {
  check(): Checked
  deliver(good: GoodRow): Promise<CopyReceipt>
}

/** Undefined for what this worker does not serve. */
function wayOf(row: Claimed, job: LaneJob, signal: AbortSignal): Way | undefined {
  const { truth, index } = job
  const trust = job.trust()
  if (row.target === INDEX) {
    if (index === undefined) return undefined
    return { check: () => checkEntryOf(row, trust), deliver: (good) => deliverToIndex(row, good, { index, truth }) }
  }
  const backend = job.backend(row.target === SEAL ? row.slotKey : row.target)
  if (backend === undefined) return undefined
  return { check: () => checkRow(row, backend, trust), deliver: (good) => receiptOf(row, good, backend, job, signal) }
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
    const made = await deliver(plan, { about, entry }, backend, { trust: job.trust(), retry, signal })
    return made ?? failedCopy(backend, slot, entry, notARun())
  } catch (thrown) {
    return failedCopy(backend, slot, entry, signal.aborted ? new ProvError('aborted', 'stopped') : thrown)
  }
}

function notARun(): ProvError {
  return new ProvError('config_invalid', 'the row says nothing that could be delivered')
}
