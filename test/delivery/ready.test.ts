/** Whether a worker says that it can deliver. */
import { expect, onTestFinished, test } from 'vitest'
import { watch } from '../../src/cli/commands/worker/watch.ts'
import type { Truth } from '../../src/truth/truth.ts'

const NO_TRUTH = {} as Truth

test('a worker whose keys could not be used for a minute is not ready, and says why', async () => {
  let why: string | undefined
  const watching = await watch(NO_TRUTH, [], { stale: () => why }, '127.0.0.1:0')
  onTestFinished(() => watching.close())
  const ready = async (): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://${watching.address}/readyz`)
    return [answer.status, await answer.text()]
  }
  expect(await ready()).toEqual([200, 'ready\n'])
  why = 'key_unreadable: the trusted keys could not be used for 61 s'
  expect(await ready()).toEqual([503, `not ready: ${why}\n`])
  why = undefined
  watching.failed()
  expect(await ready()).toEqual([503, 'not ready: the truth does not answer\n'])
  watching.looked()
  expect(await ready()).toEqual([200, 'ready\n'])
})
