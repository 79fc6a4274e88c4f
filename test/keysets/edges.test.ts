/** Writers that are throttled, clocks that are wrong, and stores that fail at one place. */
import { expect, test } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { race } from '../../src/keysets/lost-race.ts'
import { PUBLIC, regionName } from '../../src/keysets/place.ts'
import { publishRegion } from '../../src/keysets/publish.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { active, mergeOnce, ownKey, publishFile, readText, regionNamed } from '../support/regions.ts'

const HOUR_MS = 3_600_000
const never = new AbortController().signal

async function oneRegion(before: (operation: string, name: string) => void = () => {}) {
  const place = { root: 'mem:/', objects: memoryObjects(shared(), { before }) }
  return { place, eu: await regionNamed('eu'), key: await ownKey() }
}

test.each(['throttled', 'conflict'] as const)('a write that is %s is a lost race, not a failure', async (code) => {
  let left = 3
  const { place, eu, key } = await oneRegion((operation, name) => {
    if (operation === 'put' && name === PUBLIC && left-- > 0)
      throw new ProvError(code, 'once a second', { retryAfterMs: 5 })
  })
  await publishFile(place, eu, 1, [active(key)])
  expect(await mergeOnce(place, [eu])).toMatchObject({ outcome: 'written', lost: 3 })
})

test('a store that fails is not a lost race', async () => {
  const { place, eu, key } = await oneRegion((operation, name) => {
    if (operation === 'put' && name === PUBLIC) throw new ProvError('unreachable', 'gone')
  })
  await publishFile(place, eu, 1, [active(key)])
  await expect(mergeOnce(place, [eu])).rejects.toMatchObject({ code: 'unreachable' })
})

test('the store is left alone for as long as it asks for, and each wait is longer than the one before', async () => {
  const waits: number[] = []
  const asked = [0, 0, 0, 5000]
  await race('x', async () => (asked.length > 0 ? { lost: true, asked: asked.shift() } : {}), {
    waitMs: 100,
    signal: never,
    random: () => Uint8Array.of(255),
    sleep: async (ms) => void waits.push(ms),
  })
  expect(waits).toEqual([100, 200, 400, 5000])
})

test('a region that cannot be read just now keeps its keys, and is an exit of 6', async () => {
  let isDown = false
  const { place, eu, key } = await oneRegion((operation, name) => {
    if (isDown && operation === 'get' && name === regionName('eu')) throw new ProvError('timed_out', 'no answer')
  })
  const us = await regionNamed('us')
  await publishFile(place, eu, 1, [active(key)])
  await publishFile(place, us, 1, [active(await ownKey())])
  await mergeOnce(place, [eu, us])
  isDown = true
  await publishFile({ ...place, objects: place.objects }, us, 2, [active(await ownKey())])
  const { outcome, regions } = await mergeOnce(place, [eu, us])
  expect(outcome).toBe('written')
  expect(regions.map(({ error }) => error?.code)).toEqual(['timed_out', undefined])
  expect(await readText(place, PUBLIC)).toContain(key.jwk.kid)
})

test.each([
  ['ahead', HOUR_MS],
  ['behind', -HOUR_MS],
])('a publisher whose clock is an hour %s: the newest number counts, and no key is missing', async (_, off) => {
  const { place, eu, key } = await oneRegion()
  const publish = (keys: readonly Parameters<typeof active>[0][], now: number) =>
    publishRegion({
      place,
      region: 'eu',
      signer: eu.signer,
      keys: keys.map(active),
      lifeMs: 24 * HOUR_MS,
      renew: true,
      now: () => now,
      signal: never,
      random: (size) => new Uint8Array(size),
      sleep: async () => {},
    })
  await publish([key], Date.now())
  await mergeOnce(place, [eu])
  const next = await ownKey()
  await publish([key, next], Date.now() + off)
  const { regions } = await mergeOnce(place, [eu])
  expect(regions[0]).toMatchObject({ from: 'file', file: { seq: 2 } })
  expect(regions[0]?.error).toBeUndefined()
  // A merge with a wrong clock makes the same bytes.
  const text = await readText(place, PUBLIC)
  expect(text).toContain(next.jwk.kid)
  expect(await mergeOnce(place, [eu], { now: () => Date.now() + off })).toMatchObject({ outcome: 'unchanged' })
})

test('the same keys are published once, unless the file grows old', async () => {
  const { place, eu, key } = await oneRegion()
  let now = Date.now()
  const publish = () =>
    publishRegion({
      place,
      region: 'eu',
      signer: eu.signer,
      keys: [active(key)],
      lifeMs: 4 * HOUR_MS,
      renew: false,
      now: () => now,
      signal: never,
      random: (size) => new Uint8Array(size),
      sleep: async () => {},
    })
  expect(await publish()).toMatchObject({ outcome: 'written', statement: { seq: 1 } })
  expect(await publish()).toMatchObject({ outcome: 'unchanged', statement: { seq: 1 } })
  now += 2 * HOUR_MS
  expect(await publish()).toMatchObject({ outcome: 'written', statement: { seq: 2 } })
})

test('what another merge wrote meanwhile is never written over', async () => {
  const store = shared()
  const [eu, us] = [await regionNamed('eu'), await regionNamed('us')]
  const [first, second, third] = await Promise.all([ownKey(), ownKey(), ownKey()])
  const other = { root: 'mem:/', objects: memoryObjects(store) }
  await publishFile(other, eu, 1, [active(first)])
  await publishFile(other, us, 1, [active(second)])
  await mergeOnce(other, [eu, us])
  // Signed anew: no last good file is written for it, so only the version of the public set can tell.
  await publishFile(other, eu, 2, [active(first)])
  let isFirst = true
  const place = {
    root: 'mem:/',
    objects: memoryObjects(store, {
      async after(operation, name) {
        if (!isFirst || operation !== 'get' || name !== regionName('us')) return
        isFirst = false
        await publishFile(other, us, 2, [active(third)])
        await mergeOnce(other, [eu, us])
      },
    }),
  }
  await mergeOnce(place, [eu, us])
  const text = (await readText(other, PUBLIC)) ?? ''
  expect([first, second, third].map(({ jwk }) => text.includes(`"${jwk.kid}"`))).toEqual([true, false, true])
})
