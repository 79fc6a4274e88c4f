/** The work of `prov store --truth`: commit first, then deliver what this process was asked to deliver. */
import { existsSync } from 'node:fs'
import type { Settings } from '../../../config/settings.ts'
import { noWorker, type Served, servedBy } from '../../../delivery/served.ts'
import { waitFor } from '../../../delivery/wait.ts'
import { openTellers } from '../../../delivery/wake/open.ts'
import { ERRORS, type ErrorJson, gravest, ProvError } from '../../../errors.ts'
import { linkedSignal } from '../../../platform/async/linked-signal.ts'
import type { HttpContext } from '../../../platform/http/context.ts'
import { pause } from '../../../platform/io.ts'
import { durationMs } from '../../../platform/text/duration.ts'
import { timeText } from '../../../platform/text/time-text.ts'
import type { ReportedDelivery, TruthReport } from '../../../report/text/commit-text.ts'
import type { Setup } from '../../../setup/backends.ts'
import { briefLooks } from '../../../setup/brief-looks.ts'
import { deliveryJob, thisHost } from '../../../setup/delivery.ts'
import { hasIndex, indexPlace } from '../../../setup/index-place.ts'
import { truthOf } from '../../../setup/truth.ts'
import { wakeTargets } from '../../../setup/wake.ts'
import { type CommitReport, type CommittedStoreItem, commitStore } from '../../../store/commit.ts'
import type { OwedCopy } from '../../../store/ledger.ts'
import type { StoredItem, StoreJob, StoreReport } from '../../../store/store.ts'
import { ledgerOf, owedCopy } from '../../../truth/ledger.ts'
import { shownUrl, sqliteFile } from '../../../truth/open.ts'
import { INDEX } from '../../../truth/term-pages.ts'
import { SEAL, type Truth } from '../../../truth/truth.ts'

/** Copies in files of this machine are delivered by the command itself, for at most so long. */
const HERE_MS = 60_000
/** A command that was killed is given again at once, and should not wait for long for what the first one held. */
const LEASE_MS = 10_000
/** Workers hear of a commit within so long, or look by themselves later. */
const TELL_MS = 200
/** In an outbox of so many rows nobody can find one. */
const LISTED = 100_000

export interface TruthFlags {
  /** Milliseconds. */
  readonly wait?: number | undefined
  readonly requireWorker?: boolean | undefined
}

export interface CommittedReport extends StoreReport {
  readonly truth: TruthReport
  /** What people should know. */
  readonly notes: readonly string[]
}

/** Throws what stops a store before anything is signed: then nothing is promised. */
export async function commitAndDeliver(
  job: StoreJob,
  flags: TruthFlags,
  setup: Setup,
  world: HttpContext,
): Promise<CommittedReport> {
  const { settings, backends } = setup
  // A setting that no worker could use is said before anything is signed.
  if (hasIndex(settings)) await indexPlace(settings)
  const places = await wakeTargets(settings)
  const truth = await truthOf(settings, { make: true })
  const tellers = job.dryRun || places.length === 0 ? undefined : openTellers(places, world)
  try {
    if (!job.dryRun) await refuseFull(truth, setup)
    const served = await servedBy(truth)
    const names = backends.map(({ name }) => name)
    if (flags.requireWorker === true) refuseUnserved([...names, ...(hasIndex(settings) ? [INDEX] : [])], served)
    const lookMs = durationMs(settings.get('truth.look-timeout') ?? '2s')
    const brief = new Map(backends.map((one) => [one, briefLooks(one, lookMs, setup.retry.now)]))
    const items = job.items.map((item) => ({ ...item, backends: item.backends.map((one) => brief.get(one) ?? one) }))
    const report = await commitStore({
      ...job,
      items,
      ledger: ledgerOf(truth, thisHost(), { indexed: hasIndex(settings) }),
    })
    const isOwed = report.items.some(({ owed }) => owed.some(isOpen))
    const told = isOwed ? tellers?.tell(TELL_MS) : undefined
    if (!job.dryRun) await deliverNow(report, flags, { job, setup, truth })
    await told
    const ids = report.items.flatMap(({ owed }) => owed.map(({ id }) => id))
    return reportOf(report, await statesOf(truth, ids), flags, { settings, served })
  } finally {
    tellers?.close()
    await truth.close()
  }
}

/**
 * False in a dry run for a SQLite file that is not there: nothing would be found in it.
 *
 * @example hasTruth(settings, false)
 */
export function hasTruth(settings: Settings, dryRun: boolean): boolean {
  const url = settings.get('truth.url')
  if (url === undefined) return false
  const file = sqliteFile(url)
  return !dryRun || file === undefined || existsSync(file)
}

function reportOf(
  { exit, items }: CommitReport,
  now: ReadonlyMap<number, OwedCopy>,
  flags: TruthFlags,
  { settings, served }: { readonly settings: Settings; readonly served: Served },
): CommittedReport {
  const url = settings.get('truth.url') ?? ''
  const current = (one: OwedCopy): OwedCopy => now.get(one.id) ?? one
  const rows = items.map((item) => item.owed.map(current))
  const open = rows.flat().filter(isOpen)
  const unserved = served.without(open.map(targetOf))
  const file = sqliteFile(url)
  return {
    exit: gravest([exit, ...(rows.flat().some((one) => isLate(one, flags)) ? [ERRORS.incomplete.exit] : [])]),
    items: items.map(({ owed: _owed, run: _run, ...item }, at) => storedItem(item, rows[at] ?? [], flags)),
    sealed: items.flatMap(({ run }, at) =>
      run !== undefined && rows[at]?.some((one) => one.target === SEAL && one.state === 'done') ? [run] : [],
    ),
    findings: items.flatMap(({ findings }, at) => [...findings, ...errorsOf(rows[at] ?? [], flags)]),
    truth: {
      url: shownUrl(url),
      committed: rows.flat().length > 0,
      deliveries: items.flatMap(({ artifact }, at) => (rows[at] ?? []).map((one) => deliveryOf(artifact, one))),
      unserved,
    },
    notes: file !== undefined && flags.wait === undefined && unserved.length > 0 ? [mustOutlive(file)] : [],
  }
}

function storedItem(
  item: Omit<CommittedStoreItem, 'owed' | 'run'>,
  rows: readonly OwedCopy[],
  flags: TruthFlags,
): StoredItem {
  return {
    ...item,
    copies: rows.flatMap(({ receipt, target }) => (receipt === undefined || target === SEAL ? [] : [receipt])),
    exit: rows.some((one) => isLate(one, flags)) ? ERRORS.incomplete.exit : item.exit,
    findings: [...item.findings, ...errorsOf(rows, flags)],
  }
}

function errorsOf(rows: readonly OwedCopy[], flags: TruthFlags): readonly ErrorJson[] {
  return rows
    .filter((one) => isLate(one, flags))
    .map((one) => {
      const backend = targetOf(one)
      return {
        code: 'incomplete',
        message: 'the copy was not delivered in time',
        ...one.error,
        backend,
        location: one.slot,
      }
    })
}

function deliveryOf(artifact: string, { receipt: _receipt, ...one }: OwedCopy): ReportedDelivery {
  return { artifact, ...one, due: timeText(one.due) }
}

async function refuseFull(truth: Truth, { settings }: Setup): Promise<void> {
  const { rows, bytes } = await truth.owed()
  const [most, mostBytes] = [Number(settings.get('truth.max-pending')), settings.get('truth.max-bytes')]
  const isFull = rows >= most || (mostBytes !== undefined && bytes >= Number(mostBytes))
  if (!isFull) return
  const what =
    rows >= most ? `${rows} deliveries (truth.max-pending ${most})` : `${bytes} bytes (truth.max-bytes ${mostBytes})`
  throw new ProvError('outbox_full', `the truth owes ${what}: nothing was signed`, {
    hint: 'prov outbox ls --count says to which backends; start a worker for them',
  })
}

function refuseUnserved(targets: readonly string[], served: Served): void {
  const names = served.without(targets)
  if (names.length === 0) return
  throw noWorker(names, 'start prov worker with these backends, or leave out --require-worker', ': nothing was signed')
}

async function deliverNow(
  report: CommitReport,
  { wait }: TruthFlags,
  { job, setup, truth }: { readonly job: StoreJob; readonly setup: Setup; readonly truth: Truth },
): Promise<void> {
  // The index is written by workers alone.
  const owed = report.items.flatMap((item) => item.owed).filter((one) => isOpen(one) && one.target !== INDEX)
  const host = thisHost()
  // Nobody else can write a file of this machine, and tomorrow the machine may be gone.
  const mine = wait === undefined ? owed.filter((one) => one.host === host) : owed
  if (mine.length === 0) return
  const stop = linkedSignal(job.signal)
  const timer = setTimeout(() => stop.abort(new Error('the time is over')), wait ?? HERE_MS)
  try {
    const delivery = deliveryJob(setup, truth, await job.trust())
    await waitFor({
      ...delivery,
      leaseMs: Math.min(delivery.leaseMs, LEASE_MS),
      rows: mine.map(({ id }) => id),
      signal: stop.signal,
      sleep: pause,
      told: () => undefined,
    })
  } finally {
    clearTimeout(timer)
    stop.release()
  }
}

async function statesOf(truth: Truth, ids: readonly number[]): Promise<ReadonlyMap<number, OwedCopy>> {
  const found = new Map<number, OwedCopy>()
  for (let at = 0; at < ids.length; at += LISTED) {
    for (const row of await truth.list({ ids: ids.slice(at, at + LISTED), limit: LISTED }))
      found.set(row.id, owedCopy(row))
  }
  return found
}

function isOpen({ state }: OwedCopy): boolean {
  return state === 'pending' || state === 'waiting' || state === 'held'
}

/** The backend that a row is owed to; a mark as signed is owed to the backend that it is named after. */
function targetOf({ target, slot }: OwedCopy): string {
  return target === SEAL ? slot : target
}

/** Owed still, although this process was to deliver it. */
function isLate(one: OwedCopy, { wait }: TruthFlags): boolean {
  if (!isOpen(one) && one.state !== 'gone') return false
  if (one.target === SEAL) return wait !== undefined
  return one.required && (wait !== undefined || one.host === thisHost())
}

function mustOutlive(file: string): string {
  return `${file} has to outlive this step, with a worker that reads it; --wait delivers in this process`
}
