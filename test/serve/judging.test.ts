/** One key: its deadline, and what goes on after it. */
import { expect, test } from 'vitest'
import type { Judge, Judged } from '../../src/cache/judged.ts'
import { type Judging, judgeKey } from '../../src/serve/judging.ts'

const IMAGE = `registry.example/acme/app@sha256:${'a'.repeat(64)}`
const VERIFIED: Judged = {
  ...{ verdict: 'verified', exit: 0, findings: [], holding: ['oci'], cached: false, ageMs: 0 },
  ...{ policy: 'sha256:p', keys: 'sha256:k' },
}
const options = { tags: false, hint: 'use /mutate', signal: new AbortController().signal }

function judging(image: Judge['image'], more: Partial<Judging> = {}): Judging {
  return {
    judge: () => ({ image }),
    digestOf: async () => `sha256:${'b'.repeat(64)}`,
    deadlineMs: 10_000,
    now: () => performance.now(),
    told: () => undefined,
    ...more,
  }
}

test('an answer that is late is an error, and its work goes on', async () => {
  let signal: AbortSignal | undefined
  const hung = (_: unknown, own: AbortSignal): Promise<Judged> => {
    signal = own
    return new Promise(() => undefined)
  }
  const outcome = await judgeKey(IMAGE, options, judging(hung, { deadlineMs: 20 }))
  expect(outcome.error).toMatchObject({ code: 'timed_out', message: 'no verdict within 20 ms' })
  expect(signal?.aborted).toBe(false)
})

test('who goes before the deadline ends the wait', async () => {
  const gone = new AbortController()
  const seen = Promise.withResolvers<AbortSignal>()
  const image = (_: unknown, own: AbortSignal): Promise<Judged> => {
    seen.resolve(own)
    return new Promise((_resolve, reject) => own.addEventListener('abort', () => reject(new Error('left'))))
  }
  const asked = judgeKey(IMAGE, { ...options, signal: gone.signal }, judging(image))
  const own = await seen.promise
  gone.abort()
  expect(own.aborted).toBe(true)
  expect((await asked).error?.code).toBe('internal')
})

test('what nobody could look at is an error and no verdict', async () => {
  const findings = [{ code: 'unreachable', message: 'registry.example could not be reached' }] as const
  const outcome = await judgeKey(
    IMAGE,
    options,
    judging(async () => ({ ...VERIFIED, verdict: 'unknown', exit: 6, findings })),
  )
  expect(outcome).toEqual({ error: findings[0] })
})

test('keys that cannot count are an error for every image', async () => {
  const stale = (): Judge => {
    throw Object.assign(new Error('x'), { code: 'key_unreadable' })
  }
  const outcome = await judgeKey(
    IMAGE,
    options,
    judging(async () => VERIFIED, { judge: stale }),
  )
  expect(outcome.judged).toBeUndefined()
})

test('a tag is looked up, and the answer names what was judged in the spelling of the caller', async () => {
  const asked: unknown[] = []
  const image: Judge['image'] = async (reference) => {
    asked.push(reference)
    return VERIFIED
  }
  const outcome = await judgeKey('alpine:3', { ...options, tags: true }, judging(image))
  expect(asked).toEqual([{ repository: 'index.docker.io/library/alpine', digest: `sha256:${'b'.repeat(64)}` }])
  expect(outcome).toMatchObject({ image: `alpine@sha256:${'b'.repeat(64)}`, byTag: true })
})

test.each([
  ['alpine', /has no digest/],
  [`x@sha512:${'a'.repeat(128)}`, /sha256/],
  ['../../etc/passwd@sha256:aa', /sha256/],
  ['a'.repeat(2000), /2000 characters/],
  ['', /empty|digest|image/],
  ['a\u0000b', /is not|no digest/],
])('%s is refused before anybody is asked', async (key, message) => {
  const outcome = await judgeKey(
    key,
    options,
    judging(() => Promise.reject(new Error('asked'))),
  )
  expect(outcome.error).toMatchObject({ code: 'image_invalid', message: expect.stringMatching(message) })
})
