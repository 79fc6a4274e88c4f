/** Objects that others write into a bucket become entries of the truth: each is read, verified, imported, and indexed before it counts as done. */
import type { Backend, Listed } from '../backend/backend.ts'
import { asProvError, type ErrorJson, errorJson } from '../errors.ts'
import { entryId } from '../model/entry.ts'
import { idSet } from '../platform/async/hashed-set.ts'
import { limitTo } from '../platform/async/limit.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { type ImportedItem, importSlot } from '../search/import.ts'
import type { Trust } from '../trust/trust.ts'
import type { Truth } from '../truth/truth.ts'
import type { ObjectHint } from './wake/wake.ts'

/** Where what is imported came from: the label of the metric. */
export type ObjectSource = 'bucket' | 'inbox'

export interface BucketSource {
  readonly bucket: string
  /** Reads it. */
  readonly backend: Backend
  /** Objects are only passing through: each is removed once it is safe in the truth and in the index. */
  readonly isInbox: boolean
}

export interface BucketJob {
  readonly sources: readonly BucketSource[]
  readonly truth: Pick<Truth, 'holding' | 'import' | 'refuse' | 'indexed'>
  /** What is trusted now; asked anew for each object. */
  trust(): Trust
  readonly retry: RetryOptions
  /** Name of this machine. */
  readonly host: string
  /** Whether there is a search index, which has to confirm each entry. */
  readonly isIndexed: boolean
  readonly signal: AbortSignal
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Called when something was imported: the index is owed it. */
  imported(): void
  /** Called with what was imported, and with what was refused, once for each look that settles it. */
  told(source: ObjectSource, item: ImportedItem): void
  /** Called when an object could not be read or settled; it is looked at again. */
  failed(error: ErrorJson): void
}

export interface BucketObjects {
  /** Looks at the object in its own time, and acknowledges the message once that is done. Resolves when it takes the next one. */
  take(hint: ObjectHint): Promise<void>
  /** Looks at all that is in the inboxes, since messages may be lost; throws nothing. */
  sweep(): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

const AT_ONCE = 8
/** Messages that wait for their turn. */
const MOST_WAITING = 64
/** So long a message waits for the index; then it comes again. */
const CONFIRM_MS = 5000
const LOOK_MS = 50
/** An object that is there half may be made whole for so long after the message. */
const HALF_MS = 600_000

/** @example const objects = bucketObjects(job); await objects.take(hint); await objects.settled() */
export function bucketObjects(job: BucketJob): BucketObjects {
  const limit = limitTo(AT_ONCE)
  const under = new Set<Promise<void>>()
  const start = (work: () => Promise<void>): void => {
    const own: Promise<void> = limit(work)
      .catch((thrown: unknown) => {
        if (!job.signal.aborted) job.failed(errorJson(asProvError(thrown)))
      })
      .finally(() => under.delete(own))
    under.add(own)
  }
  return {
    take: async ({ bucket, object, at, done }) => {
      const source = job.sources.find((one) => one.bucket === bucket)
      // Of a bucket that this worker has nothing to do with: another reader may.
      if (source === undefined) return
      start(async () => {
        const { placeOf } = source.backend
        if (placeOf === undefined) return
        const place = await retry(() => placeOf(object, job), job.retry)
        if (place === undefined || (await look(place, source, CONFIRM_MS, at, job))) await done()
      })
      while (under.size >= MOST_WAITING) await Promise.race(under)
    },
    sweep: async () => {
      for (const source of job.sources.filter(({ isInbox }) => isInbox)) {
        try {
          for await (const place of source.backend.list?.({}, job) ?? []) {
            start(async () => void (await look(place, source, 0, undefined, job)))
            while (under.size >= MOST_WAITING) await Promise.race(under)
          }
        } catch (thrown) {
          if (!job.signal.aborted) job.failed(errorJson(asProvError(thrown)))
        }
      }
    },
    settled: async () => {
      while (under.size > 0) await Promise.all(under)
    },
  }
}

/** True when nothing is left to do about the place: what it holds is in the truth and in the index, or refused. */
async function look(
  place: Listed,
  { backend, isInbox }: BucketSource,
  patienceMs: number,
  at: number | undefined,
  job: BucketJob,
): Promise<boolean> {
  const { isIndexed, retry: retries } = job
  const slotJob = {
    ...job,
    trust: job.trust(),
    source: backend,
    repair: true,
    indexed: isIndexed,
    leaves: isInbox,
    seen: idSet(),
  }
  const items = await importSlot(place, slotJob)
  const told = (outcome: ImportedItem['outcome']): void => {
    for (const item of items) if (item.outcome === outcome) job.told(isInbox ? 'inbox' : 'bucket', item)
  }
  if (items.some(({ outcome }) => outcome === 'imported')) job.imported()
  told('imported')
  const unread = items.find(({ outcome }) => outcome === 'unread')
  if (unread !== undefined) {
    if (unread.error !== undefined) job.failed(unread.error)
    return false
  }
  const refused = items.filter(({ outcome }) => outcome === 'refused')
  const isHalf = refused.some(({ error }) => error?.code === 'copy_malformed')
  const isYoung = at !== undefined && retries.now() - at < HALF_MS
  if (isHalf && isYoung) return false
  told('refused')
  const ids = items.flatMap(({ outcome, entry }) => (isHeld(outcome) && entry !== undefined ? [entry] : []))
  const until = retries.now() + patienceMs
  while (!(await areSafe(ids, job))) {
    if (retries.now() >= until) return false
    await job.sleep(LOOK_MS, job.signal)
  }
  if (isInbox && ids.length > 0) await removeSafe(place, backend, job)
  return true
}

function isHeld(outcome: ImportedItem['outcome']): boolean {
  return outcome === 'imported' || outcome === 'present'
}

/** Without an index there is nothing to wait for: they are committed. */
async function areSafe(ids: readonly string[], { truth, isIndexed }: BucketJob): Promise<boolean> {
  if (!isIndexed) return true
  for (const id of ids) if (!(await truth.indexed(id))) return false
  return true
}

/** Removes from an inbox what is read again and is in the truth, signature for signature; all else stays. */
async function removeSafe(place: Listed, backend: Backend, job: BucketJob): Promise<void> {
  const { truth, signal } = job
  for (const found of await backend.get(place, { signal })) {
    const { entry } = found
    if (entry === undefined || (await truth.holding(entry)) !== 'present') continue
    if (await areSafe([entryId(entry)], job)) await backend.remove?.(place, found, { signal })
  }
}
