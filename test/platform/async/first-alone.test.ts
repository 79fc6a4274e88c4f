/** Work of which the first piece goes alone. */
import { expect, test } from 'vitest'
import { oneFirst } from '../../../src/platform/async/first-alone.ts'

const never = (): boolean => false
const soon = () => new Promise<void>((done) => setImmediate(done))

test('one after the other until one has succeeded, then at once', async () => {
  const turns = oneFirst(never)
  let now = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++now)
    await soon()
    now--
  }
  await Promise.all([turns(work), turns(work), turns(work)])
  expect(most).toBe(1)
  await Promise.all([turns(work), turns(work), turns(work)])
  expect(most).toBe(3)
})

test('after a fatal failure nothing is begun; after any other the next one goes alone', async () => {
  const turns = oneFirst((thrown) => thrown instanceof TypeError)
  const begun: string[] = []
  const failing = (thrown: Error) => async () => {
    begun.push(thrown.message)
    throw thrown
  }
  const all = [new Error('a'), new TypeError('b'), new Error('c')].map((thrown) => turns(failing(thrown)))
  const said = await Promise.allSettled(all)
  expect(said.map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
    'Error: a',
    'TypeError: b',
    'TypeError: b',
  ])
  expect(begun).toEqual(['a', 'b'])
})
