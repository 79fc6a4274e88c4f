/** A stream worked through a few items at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isInShard, parseShard } from '../../../src/migrate/shard.ts'
import { pace, pool } from '../../../src/platform/async/stream-pool.ts'

async function* numbers(count: number, read: { n: number } = { n: 0 }): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) {
    read.n = n + 1
    yield n
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

test('every item is worked on once, at most so many at a time', async () => {
  let now = 0
  let most = 0
  const results = await all(
    pool(numbers(200), 7, async (n) => {
      most = Math.max(most, ++now)
      await sleep(n % 3)
      now--
      return { n }
    }),
  )
  expect(results.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual([...Array(200).keys()])
  expect(most).toBe(7)
})

test('a slow reader holds the source back', async () => {
  const read = { n: 0 }
  const results = pool(numbers(1000, read), 4, async (n) => ({ n }))
  await results.next()
  await sleep(20)
  expect(read.n).toBeLessThanOrEqual(6)
  await results.return()
  expect(read.n).toBeLessThanOrEqual(7)
})

test.each(['work', 'source'])('a failure of the %s is thrown after what was done', async (which) => {
  async function* failing(): AsyncGenerator<number> {
    yield* numbers(5)
    if (which === 'source') throw new Error('broken')
  }
  const seen: number[] = []
  const reading = (async () => {
    const results = pool(failing(), 2, async (n) => {
      if (which === 'work' && n === 3) throw new Error('broken')
      return { n }
    })
    for await (const { n } of results) seen.push(n)
  })()
  await expect(reading).rejects.toThrow('broken')
  expect(seen).toEqual(expect.arrayContaining([0, 1, 2]))
})

test('a pace is kept, and idle time is not made up for', async () => {
  let time = 0
  const starts: number[] = []
  const turn = pace(10, {
    now: () => time,
    sleep: async (ms) => {
      time += ms
    },
  })
  for (let n = 0; n < 3; n++) {
    await turn()
    starts.push(time)
  }
  time += 1000
  await turn()
  starts.push(time)
  await turn()
  starts.push(time)
  expect(starts).toEqual([0, 100, 200, 1200, 1300])
})

test('shards cover everything once, counted from 0 or from 1', () => {
  const keys = Array.from({ length: 500 }, (_, n) => `sqlite:x#taskrun-${n}`)
  for (const texts of [
    ['0/3', '1/3', '2/3'],
    ['1/3', '2/3', '3/3'],
  ]) {
    const shards = texts.map((text) => parseShard(text, {}))
    for (const key of keys) expect(shards.filter((shard) => isInShard(key, shard))).toHaveLength(1)
    for (const shard of shards) expect(keys.filter((key) => isInShard(key, shard)).length).toBeGreaterThan(100)
  }
})

test('an Indexed Job says which part is whose', () => {
  expect(parseShard('/4', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 3, count: 4 })
  for (const bad of ['/4', '5/4', '1/0', 'x/2', '1', '']) {
    expect(() => parseShard(bad, {})).toThrow(expect.objectContaining({ code: 'usage' }))
  }
})
