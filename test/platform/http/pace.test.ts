/** How fast one host is asked, and that it is left alone when it says so. */
import { expect, test } from 'vitest'
import { hostPace } from '../../../src/platform/http/pace.ts'

const never = new AbortController().signal

/** Requests that have had their turn so far. */
async function turns(count: number, turn: () => Promise<void>): Promise<readonly ('turn' | 'wait')[]> {
  const states = Array.from({ length: count }, () => {
    const state = { had: false }
    void turn().then(
      () => {
        state.had = true
      },
      () => undefined,
    )
    return state
  })
  for (let i = 0; i < 5; i++) await Promise.resolve()
  return states.map(({ had }) => (had ? 'turn' : 'wait'))
}

test('those of a second come at once, more wait, and each host has its own', async () => {
  const pace = hostPace({ perSecond: 3, now: () => 0 })
  const stop = new AbortController()
  expect(await turns(4, () => pace.turn('a', stop.signal))).toEqual(['turn', 'turn', 'turn', 'wait'])
  expect(await turns(1, () => pace.turn('b', stop.signal))).toEqual(['turn'])
  stop.abort()
})

test('who would wait too long is told so at once', async () => {
  const pace = hostPace({ perSecond: 1, now: () => 0 })
  const stop = new AbortController()
  const first = Array.from({ length: 3 }, () => pace.turn('a', stop.signal).catch(() => undefined))
  await expect(pace.turn('a', stop.signal)).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 3000 })
  stop.abort()
  await Promise.all(first)
})

test('a host that asks to be left alone is, by everybody, until it is over', async () => {
  let at = 0
  const pace = hostPace({ perSecond: Number.POSITIVE_INFINITY, now: () => at })
  await pace.turn('a', never)
  pace.asked('a', 30_000)
  await expect(pace.turn('a', never)).rejects.toMatchObject({
    code: 'throttled',
    message: 'a asked for fewer requests; the next one in 30.0 s',
  })
  await pace.turn('b', never)
  at = 30_000
  await pace.turn('a', never)
})

test('a wait ends with its signal', async () => {
  const pace = hostPace({ perSecond: 1, now: () => 0 })
  await pace.turn('a', never)
  const stop = new AbortController()
  const waiting = pace.turn('a', stop.signal)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
})
