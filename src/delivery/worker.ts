/** A worker: looks for lanes that have something to deliver, runs each by itself, and gives a sign of life. */
import type { ErrorCode, ErrorJson } from '../errors.ts'
import { asProvError, errorJson } from '../errors.ts'
import { linkedSignal } from '../platform/async/linked-signal.ts'
import type { BucketObjects } from './bucket-objects.ts'
import { type LaneJob, runLane, type Told } from './lane.ts'
import { type FollowJob, follow } from './wake/follow.ts'
import { notifyTransport } from './wake/notify.ts'
import type { Transport } from './wake/wake.ts'

export interface WorkerJob extends Omit<LaneJob, 'givenBack' | 'only' | 'stop'> {
  /** Ends once nothing can be delivered any more. */
  readonly once: boolean
  /** How long what is in flight may take once it is to drain, in milliseconds. */
  readonly drainMs: number
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Called when the truth could not be asked; a worker goes on, `once` ends with it. */
  failed(error: ErrorJson): void
  /** Called after each look at the truth that succeeded. */
  looked?(): void
  /** What makes it look at once, beside the truth itself; not with `once`. */
  readonly wake?: readonly Transport[]
  /** Called with each hint, and with `poll` for a look without one. */
  woke?(transport: string): void
  /** Takes in what others write into buckets; `imported` makes the worker look at once. */
  objects?(imported: () => void): BucketObjects
  /** Called once when a transport is lost: the worker looks without it, and connects again. */
  wakeLost?(line: string): void
}

/** What a worker did until its end. */
export interface WorkerEnd {
  readonly delivered: number
  /** Rows that wait for an operator now. */
  readonly held: number
  readonly gone: number
  /** Entries that do not verify, or are about something else. */
  readonly quarantined: number
  /** Entries that are signed by none of the worker's keys. */
  readonly givenBack: number
  /** Results that came too late: another worker had taken over. */
  readonly stale: number
}

/** Between two looks: while there is something to do, while there is nothing, and after the truth could not be asked. */
const BUSY_MS = 1000
const IDLE_MS = 5000
/** Hints cost no more than a look in so long. */
const LOOK_MS = 100
const BEAT_MS = 60_000
/** Between two looks through an inbox. */
const SWEEP_MS = 600_000
/** What looking again does not heal: the truth that was opened is not there any more. */
const FINAL: readonly ErrorCode[] = ['config_invalid', 'schema_invalid']
/** With `once`: so many looks in a row that find something due and nothing to claim. */
const STUCK = 40
/** Lanes that run at one time. */
const MOST_LANES = 64
/** With `once`, a lane of which nothing can be claimed or settled so often in a row is given up. */
const BROKEN = 3
/** With `once`, rows that failed by themselves are tried so often. */
const TRIES = 5
/** With `once`, between two looks: what another worker holds may be done long before its lease ends. */
const OTHERS_MS = 250
/** With `once`, what becomes due later than this is left. */
const PATIENCE_MS = 61_000

/**
 * Delivers until it is told to drain, or with `once` until nothing is left that it can deliver. Throws what the truth throws, with `once` alone.
 *
 * @example const { delivered } = await runWorker(job)
 */
export async function runWorker(job: WorkerJob): Promise<WorkerEnd> {
  const { truth, drain, targets, host, holder } = job
  const stop = new AbortController()
  const givenBack = new Set<number>()
  const counts = { delivered: 0, held: 0, gone: 0, quarantined: 0, stale: 0 }
  const told: LaneJob['told'] = (row, what) => {
    count(counts, what)
    job.told(row, what)
  }
  const lanes = lanesOf({ ...job, told, givenBack, stop: stop.signal, renewed: onNewKeys(job, givenBack) })
  const bell = bellOf(job)
  const beat = (): void => void truth.beat({ holder, host, targets }).catch(() => undefined)
  const beating = setInterval(beat, BEAT_MS)
  const awake = linkedSignal(drain)
  const objects = job.objects?.(bell.ring)
  let followed: Promise<unknown> | undefined
  try {
    await truth.beat({ holder, host, targets })
    if (job.once) {
      await objects?.sweep()
      await objects?.settled()
      await untilDone(job, lanes, givenBack)
      // What is safe now goes.
      await objects?.sweep()
    } else {
      const following = follow(transportsOf(job), followJob(job, objects, bell, awake.signal))
      followed = Promise.all([following, sweepAgain(job, objects)])
      await forever(job, lanes, bell)
    }
  } finally {
    clearInterval(beating)
    awake.abort()
    const late = setTimeout(() => stop.abort(new Error('the time to drain is over')), job.drainMs)
    await lanes.settled()
    await objects?.settled()
    clearTimeout(late)
    bell.release()
    await followed
    awake.release()
    await truth.leave(holder).catch(() => undefined)
  }
  return { ...counts, givenBack: givenBack.size }
}

/** What none of the earlier keys had signed may be signed by one of the new ones. */
function onNewKeys({ trust }: WorkerJob, givenBack: Set<number>): () => void {
  let before = trust().hash
  return () => {
    const { hash } = trust()
    if (hash !== before) givenBack.clear()
    before = hash
  }
}

function transportsOf({ truth, wake = [] }: WorkerJob): readonly Transport[] {
  const told = notifyTransport(truth)
  return [...(told === undefined ? [] : [told]), ...wake]
}

/** Again and again until the worker is to drain: messages may be lost. */
async function sweepAgain({ drain, sleep }: WorkerJob, objects: BucketObjects | undefined): Promise<void> {
  while (objects !== undefined && !drain.aborted) {
    await objects.sweep()
    await sleep(SWEEP_MS, drain).catch(() => undefined)
  }
}

function followJob(
  { retry, sleep, woke, wakeLost }: WorkerJob,
  objects: BucketObjects | undefined,
  bell: Bell,
  signal: AbortSignal,
): FollowJob {
  return {
    ...(objects === undefined ? {} : { object: objects.take }),
    signal,
    now: retry.now,
    random: retry.random,
    sleep,
    woke: (transport) => {
      woke?.(transport)
      bell.ring()
    },
    lost: (line) => wakeLost?.(line),
  }
}

function count(counts: Record<'delivered' | 'held' | 'gone' | 'quarantined' | 'stale', number>, what: Told): void {
  if ('stale' in what) counts.stale++
  else if ('quarantined' in what) counts.quarantined++
  else if ('settled' in what) {
    const { state } = what.settled
    if (state === 'done') counts.delivered++
    else if (state === 'held' || state === 'gone') counts[state]++
  }
}

interface Lanes {
  /** Starts what has something to do and is not running: how many run now. */
  start(): Promise<number>
  /** Lanes that pause, or of which again and again nothing could be claimed or settled. */
  readonly paused: ReadonlySet<string>
  /** True when every lane that has something due was tried, and gave nothing. */
  isIdle(): boolean
  /** Tries every lane again. */
  refresh(): void
  /** Resolves when one of them ends; at once when none runs. */
  next(): Promise<unknown>
  settled(): Promise<void>
}

function lanesOf(job: LaneJob & Pick<WorkerJob, 'targets' | 'failed' | 'looked'> & { renewed(): void }): Lanes {
  const running = new Map<string, Promise<void>>()
  const paused = new Set<string>()
  const empty = new Set<string>()
  const broken = new Map<string, number>()
  const run = async (lane: string): Promise<void> => {
    try {
      if ((await runLane(lane, job)) === 0) empty.add(lane)
      else empty.clear()
      broken.delete(lane)
    } catch (thrown) {
      empty.add(lane)
      broken.set(lane, (broken.get(lane) ?? 0) + 1)
      job.failed(errorJson(asProvError(thrown)))
    } finally {
      running.delete(lane)
    }
  }
  return {
    paused,
    start: async () => {
      job.renewed()
      const lanes = await job.truth.lanes(job.targets, job.host)
      job.looked?.()
      paused.clear()
      for (const { lane, pausedMs } of lanes) {
        if (pausedMs > 0 || (broken.get(lane) ?? 0) >= BROKEN) paused.add(lane)
        if (pausedMs > 0 || running.has(lane) || empty.has(lane) || running.size >= MOST_LANES) continue
        running.set(lane, run(lane))
      }
      return running.size
    },
    isIdle: () => running.size === 0,
    refresh: () => empty.clear(),
    next: () => Promise.race(running.values()),
    settled: async () => {
      await Promise.all(running.values())
    },
  }
}

async function untilDone(
  { truth, targets, host, drain, sleep }: WorkerJob,
  lanes: Lanes,
  givenBack: ReadonlySet<number>,
): Promise<void> {
  const gaveUp = new Set<string>()
  let stuck = 0
  while (!drain.aborted) {
    const running = await lanes.start()
    for (const lane of lanes.paused) gaveUp.add(lane)
    if (running > 0) {
      stuck = 0
      await lanes.next()
      continue
    }
    const wanted = { targets, host, tries: TRIES, without: [...givenBack], withoutLanes: [...gaveUp] }
    const ms = await truth.nextDue(wanted)
    // What is said to be due and yet cannot be claimed, again and again, was changed by hand.
    if (ms === undefined || ms > PATIENCE_MS || (ms === 0 && stuck++ > STUCK)) return
    await sleep(Math.min(Math.max(50, ms), OTHERS_MS), drain).catch(() => undefined)
    lanes.refresh()
  }
}

async function forever({ drain, failed, woke }: WorkerJob, lanes: Lanes, bell: Bell): Promise<void> {
  while (!drain.aborted) {
    let pause = IDLE_MS
    try {
      if ((await lanes.start()) > 0) pause = BUSY_MS
    } catch (thrown) {
      const error = errorJson(asProvError(thrown))
      if (FINAL.includes(error.code)) throw thrown
      failed(error)
    }
    lanes.refresh()
    if (!(await bell.orAfter(pause)) && !drain.aborted) woke?.('poll')
  }
}

interface Bell {
  ring(): void
  /**
   * Resolves when it rang since the last time, after so many milliseconds, or at once when the worker is to drain; a ring that comes within
   * {@link LOOK_MS} of the last time waits for them to be over. True when it rang.
   */
  orAfter(ms: number): Promise<boolean>
  release(): void
}

function bellOf({ drain, sleep, retry }: WorkerJob): Bell {
  let rang = false
  let last = Number.NEGATIVE_INFINITY
  let wake = linkedSignal(drain)
  return {
    ring: () => {
      rang = true
      wake.abort()
    },
    orAfter: async (ms) => {
      if (!rang) await sleep(ms, wake.signal).catch(() => undefined)
      const early = last + LOOK_MS - retry.now()
      if (early > 0) await sleep(Math.min(early, LOOK_MS), drain).catch(() => undefined)
      last = retry.now()
      const hasRung = rang
      rang = false
      wake.release()
      wake = linkedSignal(drain)
      return hasRung
    },
    release: () => wake.release(),
  }
}
