/** Replicas that share one Redis, and callers that go on asking while it is killed, frozen, filled up and spoilt: every verdict is right. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { cachedVerify } from '../../src/cache/cached-verify.ts'
import type { Report } from '../../src/cache/kept.ts'
import { openCache } from '../../src/cache/open.ts'
import { describeWith } from '../servers/endpoints.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import { counting, reportOf } from '../support/verdicts.ts'

const ttl = { passMs: 60_000, failMs: 60_000, absentMs: 60_000 }
const context = { env: {}, now: Date.now, random: randomBytes, debug: () => undefined }
const { signal } = new AbortController()
const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))

async function replica(url: string, macKey: Uint8Array, budgetMs = 50) {
  const events = counting()
  const cache = await openCache({ url, budgetMs }, events, context)
  return { ...cachedVerify({ cache, macKey, ttl, events, now: Date.now }), events }
}

describeWith(['redis'], 'verdicts under load', () => {
  it('300 requests for one image over three replicas: three verifications at most, and none after that', async () => {
    const redis = await ownRedis()
    const macKey = randomBytes(32)
    const replicas = await Promise.all([1, 2, 3].map(() => replica(redis.url, macKey, 10_000)))
    let verified = 0
    const verify = async (): Promise<Report> => {
      verified++
      await pause(100)
      return reportOf('=')
    }
    const askAll = () =>
      Promise.all(Array.from({ length: 300 }, (_, i) => replicas[i % 3]?.ask({ key: 'k', verify }, signal)))
    await askAll()
    expect(verified).toBeGreaterThan(0)
    expect(verified).toBeLessThanOrEqual(3)
    const before = verified
    const answers = await askAll()
    expect(verified).toBe(before)
    expect(answers.every((answer) => answer?.cached)).toBe(true)
    await Promise.all([...replicas.map(({ close }) => close()), redis.close()])
  })

  it('whatever becomes of Redis, each answer is that of its own question, and afterwards it is used again', async () => {
    const redis = await ownRedis()
    const own = await replica(redis.url, randomBytes(32))
    const kinds = ['=', '#', '+', '*', '~']
    let isOver = false
    let wrong = 0
    const ask = async (n: number): Promise<boolean> => {
      const expected = reportOf(kinds[n % kinds.length] ?? '=')
      const verify = async (): Promise<Report> => {
        await pause(1)
        return expected
      }
      const { report, cached } = await own.ask({ key: `k${n % 20}`, verify }, signal)
      if (report.exit !== expected.exit || report.artifacts[0]?.rows[0]?.mark !== kinds[n % kinds.length]) wrong++
      return cached
    }
    const callers = Array.from({ length: 20 }, async (_, caller) => {
      for (let n = caller; !isOver; n++) {
        await ask(n)
        await pause(1)
      }
    })
    for (const spoil of troubles(redis)) {
      await spoil()
      await pause(300)
    }
    isOver = true
    await Promise.all(callers)
    expect(wrong).toBe(0)
    expect(own.events.counts).toMatchObject({
      hit: expect.any(Number),
      miss: expect.any(Number),
      error: expect.any(Number),
      forged: expect.any(Number),
      open: expect.any(Number),
    })
    for (const end = Date.now() + 15_000; !(await ask(0)); await pause(50)) expect(Date.now()).toBeLessThan(end)
    await Promise.all([own.close(), redis.close()])
  }, 60_000)
})

/** In this order; the last one leaves it as it was. */
function troubles({ raw, kill, start, freeze }: OwnRedis): readonly (() => unknown)[] {
  const spoilAll = async (): Promise<void> => {
    const names = await raw.keys('k*')
    const other = names[0] === undefined ? null : await raw.getBuffer(names[0])
    for (const [i, name] of names.entries()) await raw.set(name, i % 2 === 0 ? randomBytes(300) : (other ?? 'x'))
  }
  return [
    spoilAll,
    () => raw.flushall(),
    () => raw.call('CONFIG', 'SET', 'maxmemory', '1'),
    () => raw.call('CONFIG', 'SET', 'maxmemory', '0'),
    () => freeze(true),
    () => freeze(false),
    () => pause(1000),
    kill,
    start,
    () => pause(1500),
    spoilAll,
  ]
}
