/** Results in the order of the items, however long each takes; never more under way than asked for. */
import { expect, test } from 'vitest'
import { orderedPool } from '../../../src/platform/async/ordered-pool.ts'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i
}

test('the first may end last', async () => {
  let under = 0
  let most = 0
  const release: (() => void)[] = []
  const work = async (i: number): Promise<number> => {
    most = Math.max(most, ++under)
    if (i % 4 === 0) await new Promise<void>((done) => release.push(done))
    else for (const done of release.splice(0)) done()
    under--
    return i
  }
  const seen: number[] = []
  for await (const i of orderedPool(numbers(40), 4, work)) seen.push(i)
  expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i))
  expect(most).toBeLessThanOrEqual(4)
})

test('what fails is thrown in its turn, and the source is closed', async () => {
  const seen: number[] = []
  let closed = false
  async function* source(): AsyncGenerator<number> {
    try {
      yield* numbers(9)
    } finally {
      closed = true
    }
  }
  const work = async (i: number): Promise<number> => {
    if (i === 2) throw new Error('two')
    return i
  }
  await expect(async () => {
    for await (const i of orderedPool(source(), 3, work)) seen.push(i)
  }).rejects.toThrow('two')
  expect([seen, closed]).toEqual([[0, 1], true])
})
