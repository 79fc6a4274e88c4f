/** The queue of verifications: bounded, in order, and left by whoever goes. */
import { expect, test } from 'vitest'
import { boundedQueue } from '../../src/serve/limits.ts'

const never = new AbortController().signal

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve }
}

test('so many run, so many wait, and the next is told to come again', async () => {
  const queue = boundedQueue(2, 1)
  const [a, b, c] = [held(), held(), held()]
  const running = [queue.run(a.work, never), queue.run(b.work, never), queue.run(c.work, never)]
  expect([queue.running, queue.waiting]).toEqual([2, 1])
  await expect(queue.run(async () => undefined, never)).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 1000 })
  a.end()
  await running[0]
  expect([queue.running, queue.waiting]).toEqual([2, 0])
  b.end()
  c.end()
  await Promise.all(running)
  expect([queue.running, queue.waiting]).toEqual([0, 0])
})

test('who waits the longest is next, and who leaves gives up the place', async () => {
  const queue = boundedQueue(1, 10)
  const first = held()
  const order: string[] = []
  const log = (name: string) => async (): Promise<void> => void order.push(name)
  const gone = new AbortController()
  const all = [
    queue.run(first.work, never),
    queue.run(log('b'), never),
    queue.run(log('c'), gone.signal),
    queue.run(log('d'), never),
  ]
  gone.abort()
  await expect(all[2]).rejects.toMatchObject({ code: 'aborted' })
  first.end()
  await Promise.all([all[0], all[1], all[3]])
  expect(order).toEqual(['b', 'd'])
})

test('work that fails gives its place to the next', async () => {
  const queue = boundedQueue(1, 1)
  const failing = queue.run(() => Promise.reject(new Error('odd')), never)
  const next = queue.run(async () => 'next', never)
  await expect(failing).rejects.toThrow('odd')
  expect(await next).toBe('next')
  expect(queue.running).toBe(0)
})
