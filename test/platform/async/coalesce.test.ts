/** Calls of one turn become one; each still has its own result, its own failure and its own wish to stop. */
import { expect, it } from 'vitest'
import { ProvError } from '../../../src/errors.ts'
import { batching } from '../../../src/platform/async/coalesce.ts'

const calm = () => ({ signal: new AbortController().signal })

it('gives each caller its own result, and no batch more than it may hold', async () => {
  const batches: (readonly number[])[] = []
  const twice = batching(3, async (items: readonly number[]) => {
    batches.push(items)
    return items.map((item) => item * 2)
  })
  expect(await Promise.all([1, 2, 3, 4].map((n) => twice(n, calm())))).toEqual([2, 4, 6, 8])
  expect(await twice(5, calm())).toBe(10)
  expect(batches).toEqual([[1, 2, 3], [4], [5]])
})

it('does each by itself where one of them fails for what it is', async () => {
  const work = batching(8, async (items: readonly number[]) => {
    if (items.includes(2)) throw new ProvError('entry_too_large', 'two is too large')
    return items
  })
  const settled = await Promise.allSettled([1, 2, 3].map((n) => work(n, calm())))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

it('fails all at once for an outage, and asks no more', async () => {
  let asked = 0
  const work = batching(8, async (): Promise<readonly number[]> => {
    asked++
    throw new ProvError('unreachable', 'nobody there')
  })
  const settled = await Promise.allSettled([1, 2, 3].map((n) => work(n, calm())))
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(asked).toBe(1)
})

it('stops the work only when all who wait for it have stopped', async () => {
  const seen: boolean[] = []
  const [first, second] = [new AbortController(), new AbortController()]
  const work = batching(8, async (items: readonly number[], { signal }) => {
    first.abort()
    seen.push(signal.aborted)
    second.abort()
    seen.push(signal.aborted)
    return items
  })
  await Promise.all([work(1, { signal: first.signal }), work(2, { signal: second.signal })])
  expect(seen).toEqual([false, true])
})

it('lets what comes meanwhile wait and go together, but nothing that fills a batch', async () => {
  const batches: (readonly number[])[] = []
  const gates: (() => void)[] = []
  const work = batching(3, async (items: readonly number[]) => {
    batches.push(items)
    await new Promise<void>((resolve) => gates.push(resolve))
    return items
  })
  const first = work(1, calm())
  await turns()
  const meanwhile = [work(2, calm())]
  await turns()
  meanwhile.push(work(3, calm()))
  await turns()
  expect(batches).toEqual([[1]])
  const full = [4, 5, 6].map((n) => work(n, calm()))
  await turns()
  expect(batches).toEqual([[1], [2, 3, 4]])
  while (gates.length > 0) {
    gates.shift()?.()
    await turns()
  }
  expect(await Promise.all([first, ...meanwhile, ...full])).toEqual([1, 2, 3, 4, 5, 6])
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6]])
})

it('waits for no batch that its callers have given up, and does nothing for those who stopped while they waited', async () => {
  const batches: (readonly number[])[] = []
  const work = batching(3, async (items: readonly number[]) => {
    batches.push(items)
    if (items.includes(1)) await new Promise(() => {}) // a driver that hangs and heeds no signal
    return items
  })
  const [hung, queued] = [new AbortController(), new AbortController()]
  void work(1, { signal: hung.signal })
  await turns()
  const stopped = work(2, { signal: queued.signal })
  const later = work(3, calm())
  await turns()
  expect(batches).toEqual([[1]])
  queued.abort()
  hung.abort()
  expect(await later).toBe(3)
  await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
  expect(batches).toEqual([[1], [3]])
})

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}
