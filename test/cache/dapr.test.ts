/** A Dapr sidecar as a cache: an imitation of its state API, and a real one where PROV_TEST_DAPR_URL names it (`dapr:http://HOST:PORT/STORE`). */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { daprProvider } from '../../src/cache/dapr.ts'
import { guarded } from '../../src/cache/guarded.ts'
import { kindOf } from '../../src/cache/open.ts'
import { startDaprState } from '../support/dapr-state.ts'
import { counting, handClock } from '../support/verdicts.ts'
import { providerSuite } from './provider-suite.ts'

const signal = new AbortController().signal
const clock = handClock()
const context = (env: Readonly<Record<string, string>> = {}) => ({
  env,
  now: Date.now,
  random: randomBytes,
  debug: () => undefined,
})

async function opened({ budgetMs = 5000, token }: { budgetMs?: number; token?: string } = {}) {
  const dapr = await startDaprState(clock.now, token)
  const env = token === undefined ? {} : { DAPR_API_TOKEN: token }
  const provider = daprProvider({ base: dapr.base, store: 'verdicts', budgetMs }, context(env))
  return { dapr, provider, close: async () => void (await dapr[Symbol.asyncDispose]()) }
}

providerSuite('Dapr', opened, async () => {
  clock.at += 1001
})

const real = process.env['PROV_TEST_DAPR_URL']
if (real !== undefined) {
  const kind = kindOf(real)
  if (kind.provider !== 'dapr') throw new Error('PROV_TEST_DAPR_URL is dapr:http://HOST:PORT/STORE')
  providerSuite(
    'a real Dapr',
    async () => ({ provider: daprProvider({ ...kind, budgetMs: 5000 }, context()), close: async () => undefined }),
    () => new Promise((later) => setTimeout(later, 2500)),
  )
}

it('the time is in whole seconds, and what would be 0, which means for ever, is not kept at all', async () => {
  const { dapr, provider, close } = await opened()
  try {
    await provider.set('long', Buffer.from('1'), 2999, signal)
    await provider.set('short', Buffer.from('1'), 999, signal)
    expect(dapr.values.get('long')?.until).toBe(clock.at + 2000)
    expect([...dapr.values.keys()]).toEqual(['long'])
  } finally {
    await close()
  }
})

it('the token of DAPR_API_TOKEN goes with every request', async () => {
  const { provider, close } = await opened({ token: 'hush' })
  try {
    await provider.set('k', Buffer.from('1'), 60_000, signal)
    expect(await provider.get('k', signal)).toBeDefined()
  } finally {
    await close()
  }
})

it('an outage, an error and a store that is not there are misses that say why', async () => {
  const { dapr, provider, close } = await opened()
  const events = counting()
  const cache = guarded(provider, { budgetMs: 5000, now: Date.now, events })
  dapr.fail = { status: 500, body: '{"errorCode":"ERR_STATE_GET"}' }
  expect(await cache.get('k')).toBeUndefined()
  dapr.fail = undefined
  const other = daprProvider({ base: dapr.base, store: 'nope', budgetMs: 5000 }, context())
  expect(await guarded(other, { budgetMs: 5000, now: Date.now, events }).get('k')).toBeUndefined()
  await close()
  expect(await cache.get('k')).toBeUndefined()
  expect(events.failures.map((failure) => failure.split(':')[0])).toEqual([
    'server_error',
    'response_invalid',
    'unreachable',
  ])
})

it('an answer after three seconds is not waited for', async () => {
  const { dapr, provider, close } = await opened({ budgetMs: 50 })
  const events = counting()
  const cache = guarded(provider, { budgetMs: 50, now: Date.now, events })
  dapr.fail = { delayMs: 3000 }
  expect(await cache.get('k')).toBeUndefined()
  expect(events.failures[0]).toContain('timed_out')
  await close()
})

it.each(['not JSON', '{"v":1}', '17', '"no base64 \\u0000"', ''])(
  'an answer of %j is nothing that anybody sealed',
  async (body) => {
    const { dapr, provider, close } = await opened()
    dapr.fail = { body }
    const value = await provider.get('k', signal)
    expect(value === undefined || value.length < 32).toBe(true)
    await close()
  },
)

it('an answer without end is cut off', async () => {
  const { dapr, provider, close } = await opened()
  dapr.fail = { body: JSON.stringify('x'.repeat(1_000_000)) }
  await expect(provider.get('k', signal)).rejects.toMatchObject({ code: 'response_too_large' })
  await close()
})
