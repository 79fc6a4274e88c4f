/** Verification through a cache: one at a time for each key, and what it comes to is kept for as long as its kind may be. */
import { singleFlight } from '../platform/async/single-flight.ts'
import { type Cache, type CacheEvents, MOST_VALUE_BYTES } from './cache.ts'
import { bodyOf, counts, type Kept, type Report, readBody, type Ttl, ttlOf } from './kept.ts'
import { seal, unseal } from './sealed.ts'

/** What is asked for. */
export interface Question {
  /** Of key.ts: says everything that the answer depends on. */
  readonly key: string
  verify(signal: AbortSignal): Promise<Report>
}

export interface Answer {
  readonly report: Report
  /** Whether it is a kept verdict, and how old it is, in milliseconds (0 for a fresh one). */
  readonly cached: boolean
  readonly ageMs: number
}

export interface CachedVerify {
  /**
   * `signal` ends this caller's wait, with `aborted`; the work goes on for the others, and stops when nobody waits any more: the last caller
   * gets what it came to by then. Throws what the verification throws.
   */
  ask(question: Question, signal: AbortSignal): Promise<Answer>
  /** Waits for what is being written, and closes the cache. */
  close(): Promise<void>
}

export interface CachedVerifyOptions {
  readonly cache: Cache
  /** 32 bytes. */
  readonly macKey: Uint8Array
  readonly ttl: Ttl
  readonly events: CacheEvents
  /** Milliseconds since the epoch. */
  now(): number
  /** Longest time of one verification that others than its caller may wait for; absent: it ends by itself. */
  readonly longestMs?: number
}

/** @example const { ask } = cachedVerify({ cache, macKey, ttl, events, now: Date.now }) */
export function cachedVerify({ cache, macKey, ttl, events, now, longestMs }: CachedVerifyOptions): CachedVerify {
  const flight = singleFlight<Answer>({ longestMs })
  /** What is being written: until it is, nobody finds it in the cache. */
  const fresh = new Map<string, { readonly report: Report; readonly at: number; readonly written: Promise<void> }>()

  function keptAnswer({ report, at }: { readonly report: Report; readonly at: number }): Answer {
    return { report, cached: true, ageMs: Math.max(0, now() - at) }
  }

  /** Values whose seal was checked: who answers within the process gives the very same object again. */
  const opened = new WeakMap<Uint8Array, { readonly key: string; readonly kept: Kept }>()

  function readIn(key: string, value: Uint8Array, again: boolean): Kept | undefined {
    const known = opened.get(value)
    if (known?.key === key) return counts(known.kept, ttl, now()) ? known.kept : undefined
    const body = unseal(macKey, key, value)
    if (body === undefined && !again) events.counted(cache.provider, 'forged')
    const kept = body === undefined ? undefined : readBody(body, ttl, now())
    if (kept !== undefined && cache.instant === true) opened.set(value, { key, kept })
    return kept
  }

  /** @param again what kept it from being found was counted already */
  async function find(key: string, again = false): Promise<Answer | undefined> {
    const value = await cache.get(key)
    const kept = value === undefined ? undefined : readIn(key, value, again)
    if (kept !== undefined) events.counted(cache.provider, 'hit')
    else if (!again) events.counted(cache.provider, 'miss')
    return kept === undefined ? undefined : keptAnswer(kept)
  }

  function keep(key: string, report: Report): void {
    const at = now()
    const ms = ttlOf(report, ttl, at)
    if (ms === undefined || cache.provider === 'none') return
    const value = seal(macKey, key, bodyOf({ report, at, until: at + ms }))
    if (value.length > MOST_VALUE_BYTES) return
    const written = cache.set(key, value, ms).then(() => {
      fresh.delete(key)
    })
    fresh.set(key, { report, at, written })
  }

  async function answer({ key, verify }: Question, signal: AbortSignal): Promise<Answer> {
    const kept = await find(key, cache.instant)
    if (kept !== undefined) return kept
    const report = await verify(signal)
    if (!signal.aborted) keep(key, report)
    return { report, cached: false, ageMs: 0 }
  }

  return {
    async ask(question, signal) {
      const { key } = question
      const known = fresh.get(key)
      if (known !== undefined) return keptAnswer(known)
      // Who answers within the process is asked before anybody waits for anybody.
      const kept = cache.instant === true ? await find(key) : undefined
      return kept ?? flight(key, (own) => answer(question, own), signal)
    },
    async close() {
      await Promise.all([...fresh.values()].map(({ written }) => written))
      await cache.close()
    },
  }
}
