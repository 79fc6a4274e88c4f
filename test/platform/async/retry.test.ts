import { expect, it } from 'vitest'
import { ProvError } from '../../../src/errors.ts'
import { type RetryOptions, retry } from '../../../src/platform/async/retry.ts'

/** A clock that only waiting moves. */
function clock(options: Partial<RetryOptions> = {}): RetryOptions & { readonly waits: number[] } {
  const waits: number[] = []
  return {
    waits,
    budget: { attempts: 5, totalMs: 60_000 },
    signal: new AbortController().signal,
    now: () => waits.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => void waits.push(ms),
    random: () => 0,
    ...options,
  }
}

function failing(times: number, error: unknown): (attempt: number) => Promise<number> {
  return async (attempt) => {
    if (attempt <= times) throw error
    return attempt
  }
}

const conflict = new ProvError('conflict', 'changed')

it('tries again until it works, waiting longer each time', async () => {
  const options = clock()
  expect(await retry(failing(3, conflict), options)).toBe(4)
  expect(options.waits).toEqual([200, 400, 800])
  const jittered = clock({ random: () => 0.999 })
  await retry(failing(2, conflict), jittered)
  expect(jittered.waits).toEqual([100, 200])
})

it.each([
  ['what cannot heal', new ProvError('denied', 'no'), 1],
  ['a defect', new TypeError('x'), 1],
  ['an abort', new ProvError('aborted', 'stopped'), 1],
  ['a spent budget', conflict, 5],
])('throws %s as it was', async (_, error, tries) => {
  let count = 0
  const work = async (): Promise<void> => {
    count++
    throw error
  }
  await expect(retry(work, clock())).rejects.toBe(error)
  expect(count).toBe(tries)
})

it('waits as long as it was asked to, but not beyond the budget', async () => {
  const asked = clock()
  await retry(failing(1, new ProvError('throttled', 'slow', { retryAfterMs: 30_000 })), asked)
  expect(asked.waits).toEqual([30_000])
  const tooLong = new ProvError('throttled', 'slow', { retryAfterMs: 60_001 })
  await expect(retry(failing(1, tooLong), clock())).rejects.toBe(tooLong)
  const slow = clock({ budget: { attempts: 100, totalMs: 1000 } })
  await expect(retry(failing(100, conflict), slow)).rejects.toBe(conflict)
  expect(slow.waits).toEqual([200, 400])
})

it('stops when it is aborted, before and while waiting', async () => {
  const aborted = clock({ signal: AbortSignal.abort() })
  await expect(retry(failing(1, conflict), aborted)).rejects.toBe(conflict)
  const sleep = async (): Promise<void> => Promise.reject(new Error('aborted'))
  await expect(retry(failing(1, conflict), clock({ sleep }))).rejects.toMatchObject({
    code: 'aborted',
    message: expect.stringContaining('changed'),
  })
})
