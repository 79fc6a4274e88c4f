/** Verification through a cache: what is kept, what is asked for again, and what is never taken. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { MOST_VALUE_BYTES } from '../../src/cache/cache.ts'
import { cachedVerify } from '../../src/cache/cached-verify.ts'
import { guarded } from '../../src/cache/guarded.ts'
import { bodyOf, type Report } from '../../src/cache/kept.ts'
import { MEMORY_BYTES, memoryProvider } from '../../src/cache/memory.ts'
import { seal } from '../../src/cache/sealed.ts'
import { ProvError } from '../../src/errors.ts'
import { counting, handClock, reportOf } from '../support/verdicts.ts'

const ttl = { passMs: 60_000, failMs: 5000, absentMs: 2000 }
const idle = (): AbortSignal => new AbortController().signal

function stand({ bytes = MEMORY_BYTES } = {}) {
  const [events, clock, macKey] = [counting(), handClock(), randomBytes(32)]
  const provider = memoryProvider({ bytes, now: clock.now })
  const cache = guarded(provider, { budgetMs: 1000, now: clock.now, events })
  const verifying = cachedVerify({ cache, macKey, ttl, events, now: clock.now })
  let verified = 0
  const ask = (report: Report | (() => Promise<Report>), key = 'k') => {
    const verify = async (): Promise<Report> => {
      verified++
      return typeof report === 'function' ? report() : report
    }
    return verifying.ask({ key, verify }, idle())
  }
  return { verifying, ask, cache, clock, events, macKey, verified: () => verified }
}

it.each([
  ['=', 60_000],
  ['#', 5000],
  ['+', 2000],
])('a verdict of %s is found again for %d ms, with its age, and then made anew', async (marks, ms) => {
  const { ask, clock, verified, events } = stand()
  const report = reportOf(marks)
  expect(await ask(report)).toEqual({ report, cached: false, ageMs: 0 })
  clock.at += ms - 1
  expect(await ask(reportOf('!'))).toEqual({ report, cached: true, ageMs: ms - 1 })
  clock.at += 1
  expect(await ask(report)).toMatchObject({ cached: false })
  expect(verified()).toBe(2)
  expect(events.counts).toEqual({ miss: 2, hit: 1 })
})

it('what could not be looked at and what was thrown is asked for again at once', async () => {
  const { ask, verified } = stand()
  const down = async (): Promise<Report> => {
    throw new ProvError('internal', 'a defect')
  }
  await expect(ask(down)).rejects.toMatchObject({ code: 'internal' })
  await expect(ask(down)).rejects.toMatchObject({ code: 'internal' })
  await ask(reportOf('=!'))
  expect(await ask(reportOf('='))).toMatchObject({ cached: false, report: { exit: 0 } })
  expect(verified()).toBe(4)
})

it('a report that is too large is not kept', async () => {
  const { ask, verified } = stand()
  const large = reportOf('=', { filling: 'x'.repeat(MOST_VALUE_BYTES) })
  await ask(large)
  await ask(large)
  expect(verified()).toBe(2)
  const small = reportOf('=', { filling: 'x'.repeat(MOST_VALUE_BYTES - 2000) })
  await ask(small, 'small')
  expect(await ask(small, 'small')).toMatchObject({ cached: true })
})

it('"verified", written by hand, is not taken, and counted', async () => {
  const { ask, cache, clock, events, macKey } = stand()
  const body = bodyOf({ report: reportOf('='), at: clock.at, until: clock.at + 60_000 })
  for (const forged of [body, seal(randomBytes(32), 'k', body), seal(macKey, 'another', body), randomBytes(100)]) {
    await cache.set('k', forged, 60_000)
    expect(await ask(reportOf('#'))).toMatchObject({ cached: false, report: { exit: 3 } })
    await cache.delete('k')
  }
  expect(events.counts).toEqual({ forged: 4, miss: 4 })
  await cache.set('k', seal(macKey, 'k', body), 60_000)
  expect(await ask(reportOf('#'))).toMatchObject({ cached: true, report: { exit: 0 } })
})

it('a sealed value of another version is a miss, and nobody forged it', async () => {
  const { ask, cache, events, macKey } = stand()
  await cache.set('k', seal(macKey, 'k', Buffer.from('{"v":9,"exit":0}')), 60_000)
  expect(await ask(reportOf('+'))).toMatchObject({ cached: false })
  expect(events.counts).toEqual({ miss: 1 })
})

it('those who ask at once are served by one verification, and those who come while it is written too', async () => {
  const { ask, verified, verifying, cache } = stand()
  const slow = Promise.withResolvers<void>()
  const { set } = cache
  Object.assign(cache, { set: (...args: Parameters<typeof set>) => slow.promise.then(() => set(...args)) })
  const report = reportOf('=')
  await Promise.all(Array.from({ length: 50 }, () => ask(report)))
  expect(await ask(report)).toMatchObject({ cached: true, ageMs: 0 })
  expect(verified()).toBe(1)
  slow.resolve()
  await verifying.close()
})

it('the last caller that goes ends the work, and what it came to by then is not kept', async () => {
  const { ask, verifying } = stand()
  const caller = new AbortController()
  const verify = (signal: AbortSignal): Promise<Report> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(reportOf('='))))
  const gone = verifying.ask({ key: 'k', verify }, caller.signal)
  await new Promise(setImmediate)
  caller.abort()
  await gone
  expect(await ask(reportOf('#'))).toMatchObject({ cached: false })
})

it('memory holds so many bytes and no more', async () => {
  const { ask, cache } = stand({ bytes: 100_000 })
  for (let i = 0; i < 500; i++) await ask(reportOf('=', { filling: 'x'.repeat(1000) }), `k${i}`)
  let held = 0
  for (let i = 0; i < 500; i++) held += (await cache.get(`k${i}`))?.length ?? 0
  expect(held).toBeGreaterThan(10_000)
  expect(held).toBeLessThan(100_000)
})
