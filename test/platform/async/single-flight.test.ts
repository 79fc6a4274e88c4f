/** One piece of work for each key, on a signal of its own. */
import { expect, it } from 'vitest'
import { singleFlight } from '../../../src/platform/async/single-flight.ts'

const idle = (): AbortSignal => new AbortController().signal

/** Work that ends when it is told to, or with `finish`. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const seen: AbortSignal[] = []
  const work = (signal: AbortSignal): Promise<string> => {
    seen.push(signal)
    signal.addEventListener('abort', () => resolve('stopped'))
    return promise
  }
  return { work, seen, resolve, reject }
}

it('those who ask for the same meanwhile get one answer; whoever asks for something else, or later, another', async () => {
  const ask = singleFlight<string>()
  const [one, other] = [held(), held()]
  const asked = [ask('a', one.work, idle()), ask('a', one.work, idle()), ask('b', other.work, idle())]
  one.resolve('1')
  other.resolve('2')
  expect(await Promise.all(asked)).toEqual(['1', '1', '2'])
  expect([one.seen.length, other.seen.length]).toEqual([1, 1])
  await ask('a', one.work, idle())
  expect(one.seen.length).toBe(2)
})

it('the first caller may go: the others get their answer', async () => {
  const ask = singleFlight<string>()
  const { work, seen, resolve } = held()
  const first = new AbortController()
  const gone = ask('a', work, first.signal)
  const stays = ask('a', work, idle())
  first.abort()
  await expect(gone).rejects.toMatchObject({ code: 'aborted' })
  expect(seen[0]?.aborted).toBe(false)
  resolve('1')
  expect(await stays).toBe('1')
})

it('when the last one has gone the work stops, and the next begins anew', async () => {
  const ask = singleFlight<string>()
  const { work, seen } = held()
  const callers = [new AbortController(), new AbortController()]
  const [gone, last] = callers.map(({ signal }) => ask('a', work, signal))
  callers[0]?.abort()
  await expect(gone).rejects.toMatchObject({ code: 'aborted' })
  callers[1]?.abort()
  expect(await last).toBe('stopped')
  expect(seen[0]?.aborted).toBe(true)
  const next = held()
  next.resolve('new')
  expect(await ask('a', next.work, idle())).toBe('new')
})

it('one that has gone before it asked asks nothing', async () => {
  const { work, seen } = held()
  await expect(singleFlight<string>()('a', work, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  expect(seen).toEqual([])
})

it('a failure is that of all who waited, and is not remembered', async () => {
  const ask = singleFlight<string>()
  const { work, reject } = held()
  const asked = [ask('a', work, idle()), ask('a', work, idle())]
  reject(new Error('down'))
  for (const one of asked) await expect(one).rejects.toThrow('down')
  expect(await ask('a', async () => 'up', idle())).toBe('up')
})

it('work that is too long is told to stop, and nobody waits for it any more', async () => {
  const ask = singleFlight<string>({ longestMs: 20 })
  const { work, seen } = held()
  expect(await ask('a', work, idle())).toBe('stopped')
  expect(seen[0]?.aborted).toBe(true)
})
