/** The guard round every provider: no call takes long, and one that keeps failing is left alone for a second. */
import { asProvError } from '../errors.ts'
import { within } from '../platform/async/deadline.ts'
import type { Cache, CacheEvents, Provider } from './cache.ts'

export interface GuardOptions {
  /** Longest time of one call, in milliseconds. */
  readonly budgetMs: number
  /** Milliseconds since the epoch. */
  now(): number
  readonly events: CacheEvents
}

/** Failures in a row after which the provider is not asked for a while. */
export const FAILURES = 5
export const PAUSE_MS = 1000

const NEVER = new AbortController().signal

/**
 * After {@link FAILURES} failures in a row no call reaches the provider for {@link PAUSE_MS}; the first that fails after that begins a pause anew.
 *
 * @example const cache = guarded(memoryProvider({ bytes: 1e6, now: Date.now }), { budgetMs: 50, now: Date.now, events })
 */
export function guarded(provider: Provider, { budgetMs, now, events }: GuardOptions): Cache {
  const { name, instant } = provider
  let failures = 0
  let pausedAt = Number.NEGATIVE_INFINITY

  /** A clock that was set back is not a reason to pause for longer. */
  function isPaused(): boolean {
    const since = now() - pausedAt
    return since >= 0 && since < PAUSE_MS
  }

  async function call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (isPaused()) {
      events.counted(name, 'open')
      return undefined
    }
    const began = now()
    try {
      const answer = await (instant === true ? work(NEVER) : within(work, { signal: NEVER }, budgetMs))
      failures = 0
      return answer
    } catch (thrown) {
      events.counted(name, 'error')
      events.failed?.(name, asProvError(thrown))
      failures++
      if (failures >= FAILURES && !isPaused()) {
        pausedAt = now()
        provider.renew?.()
      }
      return undefined
    } finally {
      events.took?.(name, Math.max(0, now() - began))
    }
  }

  return {
    provider: name,
    ...(instant === undefined ? {} : { instant }),
    get: (key) => call((signal) => provider.get(key, signal)),
    set: async (key, value, ttlMs) => void (await call((signal) => provider.set(key, value, ttlMs, signal))),
    delete: async (key) => void (await call((signal) => provider.delete(key, signal))),
    close: () => provider.close().catch(() => undefined),
  }
}
