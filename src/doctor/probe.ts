/** Tries in one slot what the capabilities of a backend promise. Uses only the contract: the same steps for every backend. */
import type { Backend, Found, FoundEntry, Slot } from '../backend/backend.ts'
import {
  type Check,
  type CheckResult,
  type Diagnosis,
  degraded,
  examine,
  skipped,
  stated,
} from '../backend/diagnosis.ts'
import { asProvError, type ErrorCode, ProvError } from '../errors.ts'
import { type Entry, entryId, holds, sameBytes } from '../model/entry.ts'
import { encodeEnvelope } from '../model/envelope.ts'
import { linkedSignal } from '../platform/async/linked-signal.ts'

export interface ProbeJob {
  readonly backend: Backend
  readonly slot: Slot
  readonly entries: readonly [Entry, Entry, Entry]
  /** Absent: everything is tried. Else why nothing is written. */
  readonly unwritten?: CheckResult | undefined
  readonly signal: AbortSignal
  now(): number
  /** Called right before the first write. */
  begun(): void
}

/** How many slots of a listing are read; the listing of a larger store is not read to its end. */
const LISTED = 1000
const LIST_MS = 10_000
const STEPS = ['write', 'read-back', 'repeat', 'list', 'replace', 'conditional-write', 'delete'] as const

/**
 * Every check of one slot, in the order in which they run. Never throws. After a failed step the entries that were written are still there:
 * see cleanUp.
 *
 * @example (await probe({ backend, slot, entries, signal, now, begun })).every(({ outcome }) => outcome === 'ok')
 */
export async function probe(job: ProbeJob): Promise<readonly Diagnosis[]> {
  const { backend, slot, signal, now } = job
  const read = await examine('read', now, async () => {
    if (!backend.capabilities.readable) return impossible('write-only: what it was given cannot be read')
    const found = await backend.get(slot, { signal })
    if (found.length > 0) throw wrong('response_invalid', 'a place that nobody has written to is not empty', job)
    return 'a place that holds nothing reads as empty'
  })
  if (read.outcome === 'failed') return [read, ...notTried(STEPS, 'not tried, since reading failed')]
  if (job.unwritten !== undefined) {
    const list = backend.capabilities.readable ? [await examine('list', now, () => listed(job, undefined))] : []
    return [read, ...list, stated('write', job.unwritten)]
  }
  return [read, ...(await writes(job))]
}

async function writes(job: ProbeJob): Promise<readonly Diagnosis[]> {
  const { backend, now } = job
  const [first] = job.entries
  const done: Diagnosis[] = []
  const step = async (check: Check, work: () => Promise<CheckResult>): Promise<boolean> => {
    const diagnosis = await examine(check, now, work)
    done.push(diagnosis)
    return diagnosis.outcome !== 'failed'
  }
  const rest = (reason: string) => {
    const tried = done.map(({ check }) => check)
    return [
      ...done,
      ...notTried(
        STEPS.filter((check) => !tried.includes(check)),
        reason,
      ),
    ]
  }
  if (!(await step('write', () => written(job)))) return rest('not tried, since writing failed')
  if (!(await step('read-back', () => readBack(job)))) return rest('not tried, since reading back failed')
  await step('repeat', () => repeated(job))
  await step('list', () => listed(job, first))
  let stale: Found | undefined
  await step('replace', async () => {
    if (backend.replace === undefined) return impossible('nothing is ever replaced here; a new copy goes beside')
    stale = await ours(job, first)
    return replaced(job, stale)
  })
  await step('conditional-write', () => guarded(job, stale))
  await step('delete', () => removed(job))
  return done
}

async function written(job: ProbeJob): Promise<CheckResult> {
  const { backend, slot, entries, signal } = job
  job.begun()
  const { outcome, location } = await backend.put(slot, entries[0], { signal })
  if (outcome !== 'written') throw wrong('read_back_failed', `the first write was answered ${outcome}`, job)
  return `the probe stood at ${location}`
}

async function readBack(job: ProbeJob): Promise<CheckResult> {
  const [first] = job.entries
  const { entry } = await ours(job, first)
  if (job.backend.capabilities.keepsEnvelope && first.kind === 'dsse') {
    const same = sameBytes(encodeEnvelope(entry), encodeEnvelope(first))
    if (!same) return degraded('payload and signature come back, the envelope is spelled differently')
  }
  return 'byte for byte'
}

async function repeated(job: ProbeJob): Promise<CheckResult> {
  const { outcome } = await job.backend.put(job.slot, job.entries[0], job)
  return outcome === 'unchanged' ? 'unchanged' : degraded(`writing the same again was answered ${outcome}`)
}

async function listed(job: ProbeJob, wanted: Entry | undefined): Promise<CheckResult> {
  const { backend, slot, signal } = job
  if (backend.list === undefined) return impossible('it cannot be listed here')
  const stop = linkedSignal(signal)
  let late = false
  const timer = setTimeout(() => {
    late = true
    stop.abort()
  }, LIST_MS)
  let seen = 0
  try {
    for await (const { key } of backend.list({ kind: slot.kind }, { signal: stop.signal })) {
      seen++
      if (wanted !== undefined && key === slot.key) return 'the probe is listed'
      if (seen >= LISTED) return `the first ${LISTED} places were listed; looking ended there`
    }
  } catch (thrown) {
    if (late && !signal.aborted) return degraded(`listing goes on after ${LIST_MS / 1000} s (${seen} places)`)
    throw thrown
  } finally {
    clearTimeout(timer)
    stop.release()
  }
  if (wanted === undefined) return `${seen} ${seen === 1 ? 'place' : 'places'}`
  throw wrong('read_back_failed', 'what was just written is not listed', job)
}

async function replaced(job: ProbeJob, stale: Found): Promise<CheckResult> {
  const { backend, slot, entries, signal } = job
  await backend.replace?.(slot, stale, entries[2], { signal })
  const now = await backend.get(slot, { signal })
  const is = (entry: Entry) => now.some((item) => item.entry !== undefined && holds(item.entry, entry))
  if (!is(entries[2])) throw wrong('read_back_failed', 'the new copy is not there', job)
  if (is(entries[0])) throw wrong('read_back_failed', 'the old copy is still there', job)
  return 'the new copy stands in the place of the old'
}

async function guarded(job: ProbeJob, stale: Found | undefined): Promise<CheckResult> {
  const { backend, slot, entries, signal } = job
  const { outcome } = await backend.put(slot, entries[1], { signal })
  const wanted = slot.holds === 'one' ? 'occupied' : 'written'
  if (outcome !== wanted) throw wrong('conflict', `a second writer was answered ${outcome} instead of ${wanted}`, job)
  await ours(job, stale === undefined ? entries[0] : entries[2])
  if (
    stale !== undefined &&
    (await code(() => backend.replace?.(slot, stale, entries[1], { signal }))) !== 'conflict'
  ) {
    throw wrong('conflict', 'a writer that had not seen the newest state was let through', job)
  }
  const { sharedWrites } = backend.capabilities
  return sharedWrites === 'readback'
    ? degraded('a change is noticed, but of two writers at the same moment one may lose its copy')
    : sharedWrites === 'separate'
      ? 'nothing is shared: what each writer sends is kept by itself'
      : `kept by ${sharedWrites}`
}

async function removed(job: ProbeJob): Promise<CheckResult> {
  await removeAll(job.backend, job.slot, job.entries, job.signal)
  return 'removed, and the place reads as empty'
}

/**
 * Removes all entries of the probe from their slot. Throws when one of them could not be removed.
 *
 * @example await removeAll(backend, slot, entries, AbortSignal.timeout(30_000))
 */
export async function removeAll(
  backend: Backend,
  slot: Slot,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<void> {
  const ids = entries.map(entryId)
  // Each is looked up anew: what was read before another one went may be out of date.
  for (let tries = 0; tries < 2 * ids.length; tries++) {
    const found = await backend.get(slot, { signal })
    const mine = found.find((item) => item.entry !== undefined && ids.includes(entryId(item.entry)))
    if (mine === undefined) return
    await backend.remove?.(slot, mine, { signal })
  }
  throw new ProvError('read_back_failed', 'the probe is still there after it was removed', {
    backend: backend.name,
    location: slot.key,
  })
}

async function ours({ backend, slot, signal }: ProbeJob, entry: Entry): Promise<FoundEntry> {
  const found = await backend.get(slot, { signal })
  for (const item of found) if (item.entry !== undefined && holds(item.entry, entry)) return item
  throw new ProvError('read_back_failed', 'what was written does not come back as it was', {
    backend: backend.name,
    operation: 'read back',
    location: slot.key,
  })
}

async function code(work: () => Promise<unknown> | undefined): Promise<ErrorCode | undefined> {
  try {
    await work()
    return undefined
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'conflict') return error.code
    throw error
  }
}

function wrong(errorCode: ErrorCode, message: string, { backend, slot }: ProbeJob): ProvError {
  return new ProvError(errorCode, message, { backend: backend.name, operation: 'probe', location: slot.key })
}

function impossible(detail: string): CheckResult {
  return { outcome: 'not_possible', detail }
}

function notTried(checks: readonly Check[], reason: string): readonly Diagnosis[] {
  return checks.map((check) => stated(check, skipped(reason)))
}
