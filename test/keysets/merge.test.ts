/** The merge of several regions: what the public set holds after every way in which a region's file can go wrong. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { mergeRegions } from '../../src/keysets/merged.ts'
import { ARCHIVE, type KeyPlace, PUBLIC, regionName, stateName } from '../../src/keysets/place.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { publishRegion } from '../../src/keysets/publish.ts'
import { shownMerge } from '../../src/report/text/key-sets-text.ts'
import { readPublicSet } from '../../src/trust/public-set.ts'
import type { RegionFile } from '../../src/trust/region-file.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import {
  active,
  mergeOnce,
  type OwnKey,
  overwrite,
  ownKey,
  publishFile,
  type Region,
  readText,
  regionNamed,
  retired,
} from '../support/regions.ts'

interface Scene {
  readonly place: KeyPlace
  readonly eu: Region
  readonly us: Region
  readonly keys: readonly [OwnKey, OwnKey, OwnKey, OwnKey]
}

/** Two regions with one key each, merged once. */
async function scene(): Promise<Scene> {
  const place = { root: 'mem:/', objects: memoryObjects(shared()) }
  const [eu, us] = await Promise.all([regionNamed('eu'), regionNamed('us')])
  const keys = await Promise.all([ownKey(), ownKey(), ownKey(), ownKey()])
  await publishFile(place, eu, 1, [active(keys[0])])
  await publishFile(place, us, 1, [active(keys[1])])
  expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written', counts: { keys: 2 } })
  return { place, eu, us, keys }
}

async function kidsIn(place: KeyPlace, name = PUBLIC): Promise<readonly string[]> {
  const { keys } = JSON.parse((await readText(place, name)) ?? '{"keys":[]}') as {
    readonly keys: readonly { kid: string }[]
  }
  return keys.map(({ kid }) => kid)
}

const sorted = (...keys: readonly OwnKey[]): readonly string[] => keys.map(({ jwk }) => jwk.kid).toSorted()

const revoked = ({ jwk }: OwnKey): KeyToPublish => ({
  jwk,
  status: 'revoked',
  revoked: { since: '2026-02-01T00:00:00Z', reason: 'stolen' },
})

const errorOf = ({ regions }: Awaited<ReturnType<typeof mergeOnce>>, region: string) =>
  regions.find((one) => one.region === region)?.error

test('the set is a plain JWK set, sorted, with the signed files beside it; merging again writes nothing', async () => {
  const { place, eu, us, keys } = await scene()
  const text = (await readText(place, PUBLIC)) ?? ''
  expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1]))
  const { prov } = JSON.parse(text)
  expect(Object.keys(prov.regions)).toEqual(['eu', 'us'])
  expect(prov.keys[keys[0].jwk.kid]).toEqual({ from: '2026-01-01T00:00:00Z', status: 'active' })
  expect(await mergeOnce(place, [us, eu])).toMatchObject({ outcome: 'unchanged', lost: 0 })
  expect(await readText(place, PUBLIC)).toBe(text)
})

test('a file that merge would refuse is not published', async () => {
  const { place, eu, keys } = await scene()
  const before = await readText(place, regionName('eu'))
  const job = { place, region: 'eu', signer: eu.signer, lifeMs: 3_600_000, renew: true, now: Date.now }
  const world = {
    signal: new AbortController().signal,
    random: (size: number) => randomBytes(size),
    sleep: async () => {},
  }
  const late = { ...active(keys[0]), until: '+275760-09-13T00:00:00.000Z' }
  await expect(publishRegion({ ...job, ...world, keys: [late] })).rejects.toMatchObject({ code: 'keyset_refused' })
  expect(await readText(place, regionName('eu'))).toBe(before)
})

test('a newer file adds and drops keys', async () => {
  const { place, eu, us, keys } = await scene()
  await publishFile(place, eu, 2, [active(keys[2])])
  expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written' })
  expect(await kidsIn(place)).toEqual(sorted(keys[1], keys[2]))
})

describe('the last good keys of a region stay', () => {
  type Damage = readonly [string, (scene: Scene) => Promise<void>, RegExp]
  const cases: readonly Damage[] = [
    [
      'cut in half',
      async ({ place, eu, keys }) => {
        const bytes = await eu.file(2, [active(keys[2])])
        await overwrite(place.objects, regionName('eu'), bytes.subarray(0, bytes.length / 2))
      },
      /cannot be read/,
    ],
    [
      'signed by another publisher',
      async ({ place, keys }) => publishFile(place, { ...(await regionNamed('eu')) }, 2, [active(keys[2])]),
      /is not signed by the publisher of eu/,
    ],
    [
      'changed after it was signed',
      async ({ place, eu, keys }) => {
        const envelope = JSON.parse(Buffer.from(await eu.file(2, [active(keys[2])])).toString())
        const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"seq":2', '"seq":9')
        const forged = { ...envelope, payload: Buffer.from(payload).toString('base64') }
        await overwrite(place.objects, regionName('eu'), Buffer.from(JSON.stringify(forged)))
      },
      /is not signed/,
    ],
    [
      'the file of another region',
      async ({ place, us, keys }) => {
        await overwrite(place.objects, regionName('us'), await us.file(2, [active(keys[1])]))
        await overwrite(place.objects, regionName('eu'), await us.file(2, [active(keys[2])]))
      },
      /is not signed by the publisher of eu/,
    ],
    [
      'signed for another region',
      async ({ place, eu, keys }) =>
        overwrite(place.objects, regionName('eu'), await eu.file(2, [active(keys[2])], { region: 'us' })),
      /is the file of "us", not of eu/,
    ],
    [
      'an older one',
      async ({ place, eu, us, keys }) => {
        await publishFile(place, eu, 5, [active(keys[0])])
        await mergeOnce(place, [eu, us])
        await publishFile(place, eu, 4, [active(keys[2])])
      },
      /is file 4, and file 5 was seen before/,
    ],
    [
      'another one of the same number',
      async ({ place, eu, keys }) => publishFile(place, eu, 1, [active(keys[2])]),
      /is another file 1/,
    ],
    [
      'one with a private key',
      async ({ place, eu, keys }) => {
        const jwk = { ...keys[2].jwk, d: 'AAAA' }
        await publishFile(place, eu, 2, [{ jwk, status: 'active' }])
      },
      /holds a private key \(its member d\)/,
    ],
    [
      'one with a kid that is not the thumbprint',
      async ({ place, eu, keys }) =>
        publishFile(place, eu, 2, [{ jwk: { ...keys[2].jwk, kid: keys[3].jwk.kid }, status: 'active' }]),
      /RFC 7638/,
    ],
    [
      'too large',
      async ({ place }) => overwrite(place.objects, regionName('eu'), Buffer.alloc(5 * 1024 * 1024, 'x')),
      /too large/,
    ],
    [
      'PEM',
      async ({ place }) => overwrite(place.objects, regionName('eu'), Buffer.from('-----BEGIN PUBLIC KEY-----\n')),
      /cannot be read/,
    ],
    [
      'gone',
      async ({ place }) => {
        const found = await place.objects.get(regionName('eu'), { signal: new AbortController().signal })
        await (place.objects as ReturnType<typeof memoryObjects>).delete(regionName('eu'), found?.version ?? '', {
          signal: new AbortController().signal,
        })
      },
      /is not there any more/,
    ],
  ]
  test.each(cases)('when its file is %s', async (_, spoil, message) => {
    const at = await scene()
    await spoil(at)
    // The other region goes on.
    await publishFile(at.place, at.us, 6, [active(at.keys[1]), active(at.keys[3])])
    const merged = await mergeOnce(at.place, [at.eu, at.us])
    expect(merged.outcome).toBe('written')
    expect(errorOf(merged, 'eu')).toMatchObject({ code: 'keyset_refused', message: expect.stringMatching(message) })
    expect(await kidsIn(at.place)).toEqual(sorted(at.keys[0], at.keys[1], at.keys[3]))
    expect((await readText(at.place, PUBLIC)) ?? '').not.toMatch(/"(?:d|p|q|dp|dq|qi|oth|k)":/)
  })

  test('also when the public set is lost at the same time: they come from the state', async () => {
    const { place, eu, us, keys } = await scene()
    await overwrite(place.objects, PUBLIC, Buffer.from('<html>'))
    await overwrite(place.objects, regionName('eu'), Buffer.from('{'))
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written' })
    expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1]))
  })

  test('an expired file is an alarm and stays', async () => {
    const { place, eu, us, keys } = await scene()
    await publishFile(place, eu, 2, [active(keys[2])], { now: Date.now() - 10_000, lifeMs: 5000 })
    const merged = await mergeOnce(place, [eu, us])
    expect(errorOf(merged, 'eu')).toMatchObject({ code: 'keys_stale' })
    expect(await kidsIn(place)).toEqual(sorted(keys[1], keys[2]))
  })
})

describe('refused, and the public file is left as it is', () => {
  test('when every file is gone', async () => {
    const { place, eu, us } = await scene()
    const before = await readText(place, PUBLIC)
    const objects = shared()
    objects.objects.set(PUBLIC, { bytes: Buffer.from(before ?? ''), version: 'v1' })
    const bare = { root: 'mem:/', objects: memoryObjects(objects) }
    expect(await mergeOnce(bare, [eu, us])).toMatchObject({ outcome: 'refused', refused: { code: 'keyset_refused' } })
    expect(await readText(bare, PUBLIC)).toBe(before)
  })

  test('when a region is taken out of the file of regions while its keys are public', async () => {
    const { place, eu, us, keys } = await scene()
    const before = await readText(place, PUBLIC)
    expect(await mergeOnce(place, [us])).toMatchObject({
      outcome: 'refused',
      refused: { message: expect.stringContaining(`without key ${keys[0].jwk.kid} of region eu`) },
    })
    expect(await readText(place, PUBLIC)).toBe(before)
    await publishFile(place, eu, 2, [])
    await mergeOnce(place, [eu, us])
    expect(await mergeOnce(place, [us])).toMatchObject({ outcome: 'written' })
  })

  test('when the public file is damaged and a region has nothing left', async () => {
    const { place, eu, us } = await scene()
    for (const name of [PUBLIC, stateName('eu'), regionName('eu')])
      await overwrite(place.objects, name, Buffer.from('{'))
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'refused' })
    expect(await readText(place, PUBLIC)).toBe('{')
  })

  test('but not when its last keys are revoked: better none than a stolen key that counts', async () => {
    const { place, eu, us, keys } = await scene()
    await publishFile(place, eu, 2, [revoked(keys[0])])
    await publishFile(place, us, 2, [revoked(keys[1])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written', counts: { keys: 0, revoked: 2 } })
    const { keys: left, prov } = JSON.parse((await readText(place, PUBLIC)) ?? '')
    expect([left, Object.keys(prov.revoked)]).toEqual([[], sorted(keys[0], keys[1])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'unchanged' })
    // A key that is not revoked goes on as before.
    await publishFile(place, us, 3, [revoked(keys[1]), active(keys[2])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written', counts: { keys: 1 } })
    await publishFile(place, us, 4, [revoked(keys[1])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'refused' })
  })

  test('when no key would be left', async () => {
    const { place, eu, us } = await scene()
    await publishFile(place, eu, 2, [])
    await publishFile(place, us, 2, [])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({
      outcome: 'refused',
      refused: { message: expect.stringContaining('would hold no key') },
    })
  })

  test('when more keys sign than the set may hold', async () => {
    const { place, eu, us, keys } = await scene()
    await publishFile(place, eu, 2, keys.map(active))
    expect(await mergeOnce(place, [eu, us], { maxKeys: 3 })).toMatchObject({
      outcome: 'refused',
      refused: { message: expect.stringContaining('at most 3') },
    })
  })
})

describe('a key that somebody put into the public set by hand', () => {
  const payloadOf = (said: object): string => Buffer.from(JSON.stringify(said)).toString('base64')

  /** Adds a key to the set, past prov. */
  async function slipIn(place: KeyPlace, { jwk }: OwnKey, change: (prov: Record<string, unknown>) => void = () => {}) {
    const set = JSON.parse((await readText(place, PUBLIC)) ?? '')
    set.keys.push(jwk)
    set.prov.keys[jwk.kid] = { status: 'active' }
    change(set.prov)
    await overwrite(place.objects, PUBLIC, Buffer.from(JSON.stringify(set)))
  }

  test('is dropped by the next merge, which says so; what regions published since is merged', async () => {
    const { place, eu, us, keys } = await scene()
    await slipIn(place, keys[3])
    await publishFile(place, eu, 2, [active(keys[0]), active(keys[2])])
    const merged = await mergeOnce(place, [eu, us])
    expect(merged).toMatchObject({
      outcome: 'written',
      dropped: {
        code: 'keyset_refused',
        message: expect.stringContaining(`held key ${keys[3].jwk.kid}, which no region`),
      },
    })
    expect(shownMerge(merged)).toMatchObject({ exit: 3, dropped: { code: 'keyset_refused' } })
    expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1], keys[2]))
    const again = await mergeOnce(place, [eu, us])
    expect([again.outcome, again.dropped, shownMerge(again).exit]).toEqual(['unchanged', undefined, 0])
  })

  test('many of them are counted, and few are named', async () => {
    const { place, eu, us } = await scene()
    for (const key of await Promise.all(Array.from({ length: 7 }, ownKey))) await slipIn(place, key)
    const { dropped } = await mergeOnce(place, [eu, us])
    expect(dropped?.message).toMatch(/held 7 keys, which no region has published: (?:[\w-]{43}, ){5}…/)
  })

  test('does not keep the last keys from being revoked', async () => {
    const { place, eu, us, keys } = await scene()
    await slipIn(place, keys[3])
    await publishFile(place, eu, 2, [revoked(keys[0])])
    await publishFile(place, us, 2, [revoked(keys[1])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written', counts: { keys: 0, revoked: 2 } })
    expect(await kidsIn(place)).toEqual([])
  })

  test('is named as well where somebody has put it into the file of a region in the set too, which is forged then', async () => {
    const { place, eu, us, keys } = await scene()
    await slipIn(place, keys[3], ({ regions }) => {
      const { eu: envelope } = regions as Record<string, { payload: string }>
      const said = JSON.parse(Buffer.from(envelope?.payload ?? '', 'base64').toString())
      Object.assign(envelope ?? {}, { payload: payloadOf({ ...said, keys: [...said.keys, keys[3].jwk] }) })
    })
    await publishFile(place, eu, 2, [active(keys[0]), active(keys[2])])
    const merged = await mergeOnce(place, [eu, us])
    expect(merged).toMatchObject({
      outcome: 'written',
      dropped: { message: expect.stringContaining(`held key ${keys[3].jwk.kid}, which no region`) },
    })
    expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1], keys[2]))
  })

  test.each([undefined, 0, -1, 1.5, '2'])('stays where a file in the set with the number %j claims it', async (seq) => {
    const { place, eu, us, keys } = await scene()
    await slipIn(place, keys[3], ({ regions }) => {
      Object.assign(regions as object, { fr: { payload: payloadOf({ seq, keys: [keys[3].jwk] }) } })
    })
    expect(await mergeOnce(place, [eu, us])).toMatchObject({
      outcome: 'refused',
      refused: { message: expect.stringContaining(`without key ${keys[3].jwk.kid}`) },
    })
  })

  test('stays where the file of a region in the set cannot be read: it may have been in that', async () => {
    const { place, eu, us, keys } = await scene()
    const spoil = ({ regions }: Record<string, unknown>) => {
      Object.assign(regions as object, { fr: { payload: '!' } })
    }
    await slipIn(place, keys[3], spoil)
    const before = await readText(place, PUBLIC)
    expect(await mergeOnce(place, [eu, us])).toMatchObject({
      outcome: 'refused',
      refused: { message: expect.stringContaining(`without key ${keys[3].jwk.kid}`) },
    })
    expect(await readText(place, PUBLIC)).toBe(before)
  })

  test('stays in a set that prov has not made, and the next step is to publish it', async () => {
    const { place, eu, us, keys } = await scene()
    await overwrite(place.objects, PUBLIC, Buffer.from(JSON.stringify({ keys: [keys[3].jwk] })))
    const refused = await mergeOnce(place, [eu, us])
    expect(refused).toMatchObject({
      outcome: 'refused',
      refused: { hint: expect.stringContaining('prov keys publish --region NAME --from') },
    })
    const old = await regionNamed('old')
    await publishFile(place, old, 1, [active(keys[3])])
    expect(await mergeOnce(place, [eu, us, old])).toMatchObject({ outcome: 'written', counts: { keys: 3 } })
  })
})

describe('no region takes the room of another', () => {
  const many = (count: number): Promise<readonly OwnKey[]> => Promise.all(Array.from({ length: count }, ownKey))

  test('a file with more keys than the share of its region is refused by name; the others go on', async () => {
    const { place, eu, us, keys } = await scene()
    await publishFile(place, eu, 2, (await many(11)).map(active))
    await publishFile(place, us, 2, [active(keys[1]), active(keys[2])])
    const merged = await mergeOnce(place, [eu, us], { maxKeys: 20 })
    expect(merged.outcome).toBe('written')
    expect(errorOf(merged, 'eu')).toMatchObject({
      code: 'keyset_refused',
      message: expect.stringContaining('holds 11 keys that are not retired; at most 10 of one region are allowed'),
    })
    expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1], keys[2]))
    // It is not taken for the last good file, and the next one that fits is used.
    expect((await readText(place, stateName('eu'))) ?? '').not.toContain(
      (await readText(place, regionName('eu'))) ?? '',
    )
    await publishFile(place, eu, 3, [active(keys[3])])
    expect(errorOf(await mergeOnce(place, [eu, us], { maxKeys: 20 }), 'eu')).toBeUndefined()
    expect(await kidsIn(place)).toEqual(sorted(keys[1], keys[2], keys[3]))
  })

  test('the first file of a region too, and retired keys do not count', async () => {
    const { place, eu, us, keys } = await scene()
    const de = await regionNamed('de')
    await publishFile(place, de, 1, (await many(8)).map(active))
    const old = await many(8)
    await publishFile(place, us, 2, [active(keys[1]), ...old.map((key, day) => retired(key, day + 1))])
    const merged = await mergeOnce(place, [de, eu, us], { maxKeys: 21 })
    expect(merged).toMatchObject({ outcome: 'written', counts: { keys: 10 } })
    expect([errorOf(merged, 'de')?.code, errorOf(merged, 'us')]).toEqual(['keyset_refused', undefined])
  })

  test('a region that had more before keeps them, and may have fewer, not more', async () => {
    const { place, eu, us, keys } = await scene()
    const own = await many(9)
    await publishFile(place, eu, 2, own.map(active))
    await mergeOnce(place, [eu, us], { maxKeys: 20 })
    // Later there are more regions, and the share is smaller.
    const four = [eu, us, await regionNamed('de'), await regionNamed('fr')]
    await publishFile(place, eu, 3, [...own.slice(1), keys[2], keys[3]].map(active))
    const grown = await mergeOnce(place, four, { maxKeys: 20 })
    expect([errorOf(grown, 'eu')?.code, grown.counts?.keys]).toEqual(['keyset_refused', 10])
    await publishFile(place, eu, 4, own.slice(1).map(active))
    const shrunk = await mergeOnce(place, four, { maxKeys: 20 })
    expect([errorOf(shrunk, 'eu'), shrunk.counts?.keys]).toEqual([undefined, 9])
  })

  test('the share can be set', async () => {
    const { place, eu, us } = await scene()
    await publishFile(place, eu, 2, (await many(11)).map(active))
    const merged = await mergeOnce(place, [eu, us], { maxKeys: 20, maxRegionKeys: 15 })
    expect([errorOf(merged, 'eu'), merged.counts?.keys]).toEqual([undefined, 12])
  })

  test('as many retired and revoked keys as one file takes: the set is still read', async () => {
    const { place, eu, us, keys } = await scene()
    const flood = (await many(2000)).map((key): KeyToPublish => retired(key, 5))
    await publishFile(place, eu, 2, [...flood, revoked(keys[0])])
    expect(await mergeOnce(place, [eu, us])).toMatchObject({ outcome: 'written', counts: { keys: 100 } })
    for (const name of [PUBLIC, ARCHIVE]) {
      const bytes = Buffer.from((await readText(place, name)) ?? '')
      expect((await readPublicSet(name, bytes)).keys.length).toBeGreaterThan(0)
    }
  })

  test('what nobody would read is not merged', async () => {
    const { jwk } = await ownKey()
    const kidsOf = (region: string): readonly string[] => Array.from({ length: 2001 }, (_, at) => `${region}${at}`)
    const files = (more: (region: string) => Partial<RegionFile>): readonly RegionFile[] =>
      ['a', 'b', 'c', 'd', 'e'].map((region) => {
        const head = { region, seq: 1, issuedAt: '', expiresAt: '', keys: [jwk], windows: {}, revoked: {} }
        return { ...head, envelope: {}, sha256: '', publicKeys: new Map(), ...more(region) }
      })
    const gone = { since: '2026-02-01T00:00:00Z', reason: '', jwk }
    const revokedOnes = files((region) => ({ revoked: Object.fromEntries(kidsOf(region).map((kid) => [kid, gone])) }))
    expect(() => mergeRegions(revokedOnes, 100)).toThrow('would hold 10005 revoked keys; at most 10000 are read')
    const keyRich = files((region) => ({ keys: kidsOf(region).map((kid) => ({ ...jwk, kid })) }))
    expect(() => mergeRegions(keyRich, 100)).toThrow('would hold 10005 keys; at most 10000 are read')
    const large = files(() => ({ envelope: { payload: 'x'.repeat(4 * 1024 * 1024) } }))
    expect(() => mergeRegions(large, 100)).toThrow(/would hold 2097\d{4} bytes; at most 16777216 are read/)
  })
})

test('over the most keys the oldest retired ones go to the archive, and nothing is lost', async () => {
  const { place, eu, us, keys } = await scene()
  const old = await Promise.all(Array.from({ length: 5 }, ownKey))
  await publishFile(place, eu, 2, [active(keys[0]), ...old.map((key, day) => retired(key, day + 1))])
  expect(await mergeOnce(place, [eu, us], { maxKeys: 4 })).toMatchObject({
    counts: { keys: 4, archived: 3, revoked: 0 },
  })
  const [first, second, third, fourth, fifth] = old as unknown as readonly [OwnKey, OwnKey, OwnKey, OwnKey, OwnKey]
  expect(await kidsIn(place)).toEqual(sorted(keys[0], keys[1], fourth, fifth))
  expect(await kidsIn(place, ARCHIVE)).toEqual(sorted(first, second, third))
  expect(JSON.parse((await readText(place, PUBLIC)) ?? '').prov.archived).toBe(3)
})

test('a revoked key leaves the keys at once and is named apart', async () => {
  const { place, eu, us, keys } = await scene()
  const { jwk } = keys[0]
  const revoked = { since: '2026-02-01T00:00:00Z', reason: 'stolen' }
  await publishFile(place, eu, 2, [{ jwk, status: 'revoked', revoked }, active(keys[2])])
  await publishFile(place, us, 2, [active(keys[0]), active(keys[1])])
  expect(await mergeOnce(place, [eu, us])).toMatchObject({ counts: { keys: 2, revoked: 1 } })
  expect(await kidsIn(place)).toEqual(sorted(keys[1], keys[2]))
  expect(JSON.parse((await readText(place, PUBLIC)) ?? '').prov.revoked).toEqual({ [jwk.kid]: { ...revoked, jwk } })
})

test('a key of two regions is there once, in the widest of its windows', async () => {
  const { place, eu, us, keys } = await scene()
  await publishFile(place, eu, 2, [retired(keys[0], 5)])
  await publishFile(place, us, 2, [retired(keys[0], 9), active(keys[1])])
  await mergeOnce(place, [eu, us])
  const { prov } = JSON.parse((await readText(place, PUBLIC)) ?? '')
  expect(prov.keys[keys[0].jwk.kid]).toMatchObject({ until: '2026-01-09T00:00:00Z', status: 'retired' })
})

test('the last good files of many regions are made a few at a time, and a file that was only signed anew needs no new one', async () => {
  const store = shared()
  const calls: string[] = []
  const place = {
    root: 'mem:/',
    objects: memoryObjects(store, { before: (operation, name) => void calls.push(`${operation} ${name}`) }),
  }
  const regions = await Promise.all(Array.from({ length: 20 }, (_, at) => regionNamed(`r${at}`)))
  const keys = await Promise.all(regions.map(ownKey))
  const publishAll = async (seq: number): Promise<void> => {
    for (const [at, region] of regions.entries()) {
      const key = keys[at]
      if (key !== undefined) await publishFile(place, region, seq, [active(key)])
    }
  }
  const states = (): number => [...store.objects.keys()].filter((name) => name.startsWith('state/')).length
  for (const [at, expected] of [6, 12, 18, 20, 20].entries()) {
    await publishAll(at + 1)
    calls.length = 0
    await mergeOnce(place, regions)
    expect({ states: states(), few: calls.length <= 1.5 * 22 }).toEqual({ states: expected, few: true })
  }
  expect(calls.filter((call) => call.includes('state/r'))).toEqual([])
})

test('what belongs to no region is said', async () => {
  const { place, eu, us } = await scene()
  await overwrite(place.objects, 'keys/old.json', Buffer.from('{}'))
  expect(await mergeOnce(place, [eu, us])).toMatchObject({ strays: ['keys/old.json'] })
})

test('the order and the time of merging make no difference to the bytes', async () => {
  const { place, eu, us } = await scene()
  const other = { root: 'mem:/', objects: memoryObjects(shared()) }
  for (const name of [regionName('us'), regionName('eu')])
    await overwrite(other.objects, name, Buffer.from((await readText(place, name)) ?? ''))
  await mergeOnce(other, [us, eu], { now: () => Date.now() + 60_000 })
  expect(await readText(other, PUBLIC)).toBe(await readText(place, PUBLIC))
})

test('a lost race is run from the top, a throttled write too, and 20 of them are a conflict', async () => {
  const store = shared()
  let before = 0
  const objects = memoryObjects(store, {
    before: (operation, name) => {
      if (operation !== 'put' || name !== PUBLIC || before++ > 2) return
      const found = store.objects.get(PUBLIC)
      store.objects.set(PUBLIC, {
        bytes: found?.bytes ?? Buffer.from('{}'),
        version: `v${randomBytes(4).toString('hex')}`,
      })
    },
  })
  const place = { root: 'mem:/', objects }
  const eu = await regionNamed('eu')
  const key = await ownKey()
  await publishFile(place, eu, 1, [active(key)])
  expect(await mergeOnce(place, [eu])).toMatchObject({ outcome: 'written', lost: 3 })
  await publishFile(place, eu, 2, [active(key), active(await ownKey())])
  before = 0
  await expect(mergeOnce(place, [eu], { tries: 2 })).rejects.toMatchObject({ code: 'conflict' })
})
