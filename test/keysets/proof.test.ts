/** Whether a key is public: what URLs say of caches, and that no verifier behind one ever misses a key that signs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { maxAgeMs, UNSAID_MS } from '../../src/keysets/max-age.ts'
import { proofOf } from '../../src/keysets/proof.ts'
import { type KeySite, keySite } from '../support/key-site.ts'
import { ownKey } from '../support/regions.ts'
import { rotations } from './caches.ts'

const never = new AbortController().signal

const ask = (kid: string, urls: readonly string[], { env }: Pick<KeySite, 'env'>, now = 1_000_000) =>
  proofOf(kid, {
    urls,
    minPropagationMs: 10_000,
    skewMs: 500,
    http: { env, now: () => now, random: (size) => new Uint8Array(size), debug: () => {} },
    signal: never,
  })

test.each([
  [{ 'cache-control': 'public, max-age=60' }, 60_000],
  [{ 'cache-control': 'max-age="60"' }, 60_000],
  [{ 'cache-control': 'MAX-AGE=60, s-maxage=600' }, 600_000],
  [{ 'cache-control': 'max-age=60, stale-while-revalidate=30' }, 90_000],
  [{ 'cache-control': 'no-store' }, 0],
  [{ 'cache-control': 'no-cache, max-age=60' }, 0],
  [{ 'cache-control': 'max-age=315360000' }, 315_360_000_000],
  [{ 'cache-control': 'max-age=-1' }, UNSAID_MS],
  [{ 'cache-control': 'max-age=soon' }, UNSAID_MS],
  [{}, UNSAID_MS],
  [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 60_000],
  [{ expires: '0', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 0],
  [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, UNSAID_MS],
])('%j may be kept for %d ms', (heads, ms) => {
  expect(maxAgeMs(heads)).toBe(ms)
})

describe('a proof', () => {
  test('asks past caches, and waits for the longest of them and for what clocks differ', async () => {
    const [one, other] = [await keySite(), await keySite()]
    const { jwk } = await ownKey()
    const set = JSON.stringify({ keys: [jwk] })
    let asked: unknown
    one.answer(({ headers }, response) => {
      asked = headers['cache-control']
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end(set)
    })
    other.serve({ '/': set }, { 'cache-control': 'no-store' })
    expect(await ask(jwk.kid, [one.base, other.base], { env: { ...one.env } })).toEqual({
      seen: [
        { url: one.base, at: '1970-01-01T00:16:40.000Z', maxAgeMs: 60_000 },
        { url: other.base, at: '1970-01-01T00:16:40.000Z', maxAgeMs: 0 },
      ],
      missing: [],
      activates: new Date(1_000_000 + 60_000 + 500).toISOString(),
    })
    expect(asked).toBe('no-cache')
  })

  test('waits the least time where caches keep nothing', async () => {
    const site = await keySite()
    const { jwk } = await ownKey()
    site.serve({ '/': JSON.stringify({ keys: [jwk] }) }, { 'cache-control': 'no-store' })
    expect((await ask(jwk.kid, [site.base], site)).activates).toBe(new Date(1_000_000 + 10_000 + 500).toISOString())
  })

  type Answer = readonly [string, (site: KeySite, set: string) => void, RegExp]
  test.each<Answer>([
    ['does not show the key', (site) => site.serve({ '/': '{"keys":[]}' }), /does not show the key yet/],
    ['has nothing there', (site) => site.serve({}), /404/],
    ['serves a page', (site) => site.serve({ '/': '<html>' }), /keyset_refused/],
    [
      'redirects to http',
      (site) => site.answer((_, response) => response.writeHead(301, { location: 'http://127.0.0.1/' }).end()),
      /from https to http/,
    ],
    [
      'may be kept for ten years',
      (site, set) => site.serve({ '/': set }, { 'cache-control': 'max-age=315360000' }),
      /set a shorter max-age/,
    ],
    ['shows a private key', (site, set) => site.serve({ '/': set.replace('"kty"', '"d":"AA","kty"') }), /private key/],
  ])('a URL that %s keeps the key from signing, whatever the others show', async (_, spoil, reason) => {
    const [good, bad] = [await keySite(), await keySite()]
    const { jwk } = await ownKey()
    const set = JSON.stringify({ keys: [jwk] })
    good.serve({ '/': set }, { 'cache-control': 'max-age=1' })
    spoil(bad, set)
    const proof = await ask(jwk.kid, [good.base, bad.base], good)
    expect(proof.activates).toBeUndefined()
    expect(proof.seen).toHaveLength(1)
    expect(proof.missing).toEqual([{ url: bad.base, reason: expect.stringMatching(reason) }])
  })

  test('plain http proves nothing', async () => {
    const { missing } = await ask('kid', ['http://127.0.0.1:1/'], { env: {} })
    expect(missing).toEqual([{ url: 'http://127.0.0.1:1/', reason: expect.stringContaining('usage') }])
  })

  test('without a URL nothing is proven', async () => {
    expect(await ask('kid', [], { env: {} })).toEqual({ seen: [], missing: [] })
  })
})

describe('a verifier behind a cache, with a second URL that lags', () => {
  test('never misses the key of a signature', async () => {
    const { failures, checks } = await rotations({ count: 3, maxAgeS: 1, lagMs: 700, wait: true, site: keySite })
    expect(failures).toEqual([])
    expect(checks).toBeGreaterThan(10)
  })

  test('misses it where nobody waits', async () => {
    expect((await rotations({ count: 2, maxAgeS: 1, lagMs: 700, wait: false, site: keySite })).failures).not.toEqual([])
  })
})

test('an abort ends it', async () => {
  const site = await keySite()
  site.answer(() => {})
  const stop = new AbortController()
  const proof = proofOf('kid', {
    urls: [site.base],
    minPropagationMs: 0,
    skewMs: 0,
    http: { env: site.env, now: Date.now, random: (size) => new Uint8Array(size), debug: () => {} },
    signal: stop.signal,
  })
  await sleep(50)
  stop.abort()
  await expect(proof).rejects.toMatchObject({ code: 'aborted' })
})
