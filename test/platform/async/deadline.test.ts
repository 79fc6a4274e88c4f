import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { within } from '../../../src/platform/async/deadline.ts'

const forever = (): Promise<never> => new Promise(() => {})

describe('calls with one signal', () => {
  it('share one listener, and leave none behind', async () => {
    const { signal } = new AbortController()
    const ends: (() => void)[] = []
    const calls = [0, 1, 2].map((i) =>
      within(() => new Promise<number>((resolve) => ends.push(() => resolve(i))), { signal }, 60_000),
    )
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    ends[1]?.()
    expect(await calls[1]).toBe(1)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    for (const end of ends) end()
    expect(await Promise.all(calls)).toEqual([0, 1, 2])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('all end with it, and so does what each of them waits for', async () => {
    const stop = new AbortController()
    const inner: AbortSignal[] = []
    const calls = [0, 1, 2].map(() =>
      within(
        (signal) => {
          inner.push(signal)
          return within(forever, { signal }, 60_000)
        },
        stop,
        60_000,
      ),
    )
    stop.abort()
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'aborted' })
    expect(inner.map(({ aborted }) => aborted)).toEqual([true, true, true])
    await expect(within(forever, stop, 60_000)).rejects.toMatchObject({ code: 'aborted' })
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('one that takes too long ends alone', async () => {
    const { signal } = new AbortController()
    const other = within(forever, { signal }, 60_000)
    other.catch(() => {})
    await expect(within(forever, { signal }, 5)).rejects.toMatchObject({ code: 'timed_out' })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  })
})
