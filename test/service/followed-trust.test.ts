/** The keys of a long-lived process, read again from a real server over https. Its clock is the test's own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pause } from '../../src/platform/io.ts'
import { followTrust } from '../../src/service/followed-trust.ts'
import type { Watched } from '../../src/service/watched.ts'
import type { World } from '../../src/setup/world.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { type KeySite, keySite } from '../support/key-site.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { active, mergeOnce, type OwnKey, ownKey, publishFile, readText, regionNamed } from '../support/regions.ts'
import { scratch } from '../support/scratch.ts'
import { quietWorld } from '../support/world.ts'

interface Rig {
  readonly trusts: Watched<Trust>
  readonly told: string[]
  readonly warned: string[]
  /** Passes time. */
  wait(ms: number): void
  /** Resolves when so many things were told. */
  heard(count: number): Promise<void>
}

/** Over https, which serves this set first. */
async function overHttps(first: string): Promise<Rig & { readonly site: KeySite }> {
  const site = await keySite()
  site.serve({ '/keys.json': first })
  return { site, ...(await follow(`${site.base}keys.json`, site.env)) }
}

async function follow(key: string, env: World['env'] = {}): Promise<Rig> {
  const [told, warned]: [string[], string[]] = [[], []]
  let at = 0
  const world = quietWorld({ env, warn: (line) => void warned.push(line) })
  const trusts = await followTrust({ key: [key] }, world, {
    what: 'the trusted keys',
    everyMs: 5,
    staleMs: 60_000,
    now: () => at,
    sleep: pause,
    changed: () => void told.push('changed'),
    failed: ({ code }) => void told.push(code),
  })
  onTestFinished(() => trusts.stop())
  return {
    trusts,
    told,
    warned,
    wait: (ms) => {
      at += ms
    },
    heard: async (count) => {
      while (told.length < count) await new Promise((done) => setTimeout(done, 5))
    },
  }
}

const setOf = (...keys: readonly OwnKey[]): string => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })

test('a key that a URL adds, and one that it revokes, count after half a minute; what is to be warned of is said once', async () => {
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  const eu = await regionNamed('eu')
  const [old, next] = await Promise.all([ownKey(), ownKey()])
  const merged = async (seq: number, ...keys: Parameters<typeof publishFile>[3]): Promise<string> => {
    await publishFile(place, eu, seq, keys)
    await mergeOnce(place, [eu])
    return (await readText(place, 'public/keys.json')) ?? ''
  }
  const { site, trusts, told, warned, wait, heard } = await overHttps(await merged(1, active(old)))
  const revoked = (): readonly boolean[] => trusts.current.keys.map((key) => key.revoked !== undefined)
  expect(revoked()).toEqual([false])
  const gone = { since: '2026-02-01T00:00:00Z', reason: 'stolen' }
  site.serve({ '/keys.json': await merged(2, { jwk: old.jwk, status: 'revoked', revoked: gone }, active(next)) })
  wait(29_000)
  await new Promise((done) => setTimeout(done, 50))
  expect([site.seen.length, told]).toEqual([1, []])
  wait(2000)
  await heard(1)
  expect([told, revoked().toSorted()]).toEqual([['changed'], [false, true]])
  // The same keys once more are no change.
  wait(31_000)
  while (site.seen.length < 3) await new Promise((done) => setTimeout(done, 5))
  expect([told, warned.filter((line) => line.includes('on the word of its server')).length]).toEqual([['changed'], 1])
})

test.each([
  ['is away', (site: KeySite) => site.answer((request) => void request.socket.destroy()), 'unreachable'],
  ['says nothing of keys', (site: KeySite) => site.serve({ '/keys.json': '<html>' }), 'response_invalid'],
  ['has no key left', (site: KeySite) => site.serve({ '/keys.json': setOf() }), 'keyset_refused'],
])(
  'a URL that %s: the last keys stay, it is said once, and after a minute what counts is not known',
  async (_, spoil, code) => {
    const keys = setOf(await ownKey())
    const { site, trusts, told, wait, heard } = await overHttps(keys)
    const { hash } = trusts.last
    spoil(site)
    wait(31_000)
    await heard(1)
    expect([told, trusts.current.hash]).toEqual([[code], hash])
    wait(59_000)
    await new Promise((done) => setTimeout(done, 50))
    expect([told, trusts.current.hash, trusts.stale]).toEqual([[code], hash, undefined])
    wait(2000)
    expect(trusts.stale).toMatchObject({
      code,
      message: expect.stringMatching(/^the trusted keys could not be used for 6\d s/),
    })
    expect(() => trusts.current).toThrow('could not be used')
    expect(trusts.last.hash).toBe(hash)
    site.serve({ '/keys.json': keys })
    wait(31_000)
    while (trusts.stale !== undefined) await new Promise((done) => setTimeout(done, 5))
    expect(trusts.current.hash).toBe(hash)
  },
)

test('a key set in a file counts as soon as it changes', async () => {
  const file = join(scratch(), 'keys.json')
  const [old, next] = await Promise.all([ownKey(), ownKey()])
  writeFileSync(file, setOf(old))
  const { trusts, told, heard } = await follow(file)
  writeFileSync(file, setOf(old, next))
  await heard(1)
  expect([told, trusts.current.keys.length]).toEqual([['changed'], 2])
})
