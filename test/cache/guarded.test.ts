/** No call of a cache is slow or fails, and a provider that keeps failing is left alone. */
import { expect, it } from 'vitest'
import type { Provider } from '../../src/cache/cache.ts'
import { FAILURES, guarded, PAUSE_MS } from '../../src/cache/guarded.ts'
import { ProvError } from '../../src/errors.ts'
import { counting, handClock } from '../support/verdicts.ts'

function failing(): Provider & { calls: number; renewed: number; fails: boolean } {
  const provider = {
    name: 'redis' as const,
    calls: 0,
    renewed: 0,
    fails: true,
    async get() {
      provider.calls++
      if (provider.fails) throw new ProvError('unreachable', 'down')
      return Buffer.from('x')
    },
    set: async () => undefined,
    delete: async () => undefined,
    renew: () => {
      provider.renewed++
    },
    close: async () => {
      throw new ProvError('unreachable', 'down')
    },
  }
  return provider
}

it('a failure is a miss and a count, and says why to who listens', async () => {
  const events = counting()
  const cache = guarded(failing(), { budgetMs: 1000, now: Date.now, events })
  expect(await cache.get('k')).toBeUndefined()
  expect(events).toMatchObject({ counts: { error: 1 }, failures: ['unreachable: down'] })
  await cache.close()
})

it('what hangs ends in its time, and is told to', async () => {
  const events = counting()
  let told: AbortSignal | undefined
  const hanging: Provider = {
    ...failing(),
    get: (_, signal) => {
      told = signal
      return new Promise(() => undefined)
    },
  }
  const cache = guarded(hanging, { budgetMs: 20, now: Date.now, events })
  expect(await cache.get('k')).toBeUndefined()
  expect(events.failures).toEqual(['timed_out: no answer within 20 ms'])
  expect(told?.aborted).toBe(true)
})

it('after five failures in a row the provider is left alone for a second, then asked once more', async () => {
  const [events, clock, provider] = [counting(), handClock(), failing()]
  const cache = guarded(provider, { budgetMs: 1000, now: clock.now, events })
  for (let i = 0; i < 20; i++) await cache.get('k')
  expect(provider).toMatchObject({ calls: FAILURES, renewed: 1 })
  expect(events.counts).toEqual({ error: FAILURES, open: 20 - FAILURES })
  clock.at += PAUSE_MS
  for (let i = 0; i < 20; i++) await cache.get('k')
  expect(provider).toMatchObject({ calls: FAILURES + 1, renewed: 2 })
  provider.fails = false
  clock.at += PAUSE_MS
  expect(await cache.get('k')).toEqual(Buffer.from('x'))
  provider.fails = true
  for (let i = 0; i < FAILURES - 1; i++) await cache.get('k')
  provider.fails = false
  expect(await cache.get('k')).toEqual(Buffer.from('x'))
})

it('a success between failures begins the count anew', async () => {
  const [events, clock, provider] = [counting(), handClock(), failing()]
  const cache = guarded(provider, { budgetMs: 1000, now: clock.now, events })
  for (let i = 0; i < 30; i++) {
    provider.fails = i % FAILURES !== 0
    await cache.get('k')
  }
  expect(provider.calls).toBe(30)
  expect(events.counts.open).toBeUndefined()
})

it('a clock that is set back does not lengthen the pause', async () => {
  const [events, clock, provider] = [counting(), handClock(), failing()]
  const cache = guarded(provider, { budgetMs: 1000, now: clock.now, events })
  for (let i = 0; i < FAILURES; i++) await cache.get('k')
  clock.at -= 3_600_000
  await cache.get('k')
  expect(provider.calls).toBe(FAILURES + 1)
})
