/** Many mergers against regions that rotate all the time: what the public set shows meanwhile, and what it comes to. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Objects } from '../../src/backend/objects.ts'
import { mergeRegions } from '../../src/keysets/merged.ts'
import { type KeyPlace, PUBLIC, regionName } from '../../src/keysets/place.ts'
import { readRegionFile } from '../../src/trust/region-file.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import {
  active,
  mergeOnce,
  type OwnKey,
  ownKey,
  publishFile,
  readText,
  regionNamed,
  retired,
} from '../support/regions.ts'

export interface TrialOptions {
  readonly mergers: number
  readonly rotations: number
  readonly regions?: number
  /** Milliseconds between two rotations of one region; default 0. */
  readonly everyMs?: number
  /** First wait after a lost race. */
  readonly waitMs?: number
  /** Milliseconds between two merges of one merger. */
  readonly restMs?: number
  /** A connection of its own for each. */
  open(): Promise<KeyPlace>
}

export interface TrialEnd {
  /** What went wrong, as a reader of the public file saw it. */
  readonly faults: readonly string[]
  /** The bytes at the end, and those that the last files of all regions make. */
  readonly end: string
  readonly oracle: string
  readonly reads: number
  /** Writes that mergers tried, and those of them that won. */
  readonly writes: number
  readonly won: number
}

/** Runs it to its end, with one merge after everything. */
export async function trial(options: TrialOptions): Promise<TrialEnd> {
  const { mergers, rotations, regions: count = 4, everyMs = 0, waitMs = 20, restMs = 10 } = options
  const regions = await Promise.all(Array.from({ length: count }, (_, at) => regionNamed(`r${at}`)))
  const writes = { tried: 0, won: 0 }
  const places = await Promise.all(Array.from({ length: mergers }, async () => counted(await options.open(), writes)))
  const own = await options.open()
  const dropped = new Map<string, number>()
  let done = false

  const publishing = Promise.all(
    regions.map(async (region, at) => {
      const keys: OwnKey[] = []
      for (let seq = 1; seq <= rotations / count; seq++) {
        keys.push(await ownKey())
        const old = keys.length > 3 ? keys.shift() : undefined
        if (old !== undefined) dropped.set(old.jwk.kid, seq)
        const [last, ...rest] = keys.toReversed()
        await publishFile(own, region, seq, [
          ...(last === undefined ? [] : [active(last)]),
          ...rest.map((key) => retired(key, at + 1)),
        ])
        if (everyMs > 0) await sleep(everyMs)
      }
    }),
  ).finally(() => {
    done = true
  })
  const merging = places.map(async (place) => {
    while (!done) {
      const merged = await mergeOnce(place, regions, { waitMs, tries: 1000 })
      const bad =
        merged.refused ?? merged.regions.find(({ error }) => error !== undefined && error.code !== 'keys_stale')?.error
      if (bad !== undefined && merged.outcome !== 'refused') throw bad
      await sleep(restMs * Math.random() * 2)
    }
  })
  const reader = watchReader(await options.open(), dropped, () => done)
  await Promise.all([publishing, ...merging])
  await mergeOnce(places[0] ?? own, regions, { tries: 1000 })
  const { faults, reads } = await reader
  const files = await Promise.all(
    regions.map(async ({ name, signer }) => {
      const text = (await readText(own, regionName(name))) ?? ''
      return readRegionFile(Buffer.from(text), { name, region: name, publisher: trustOf(signer) })
    }),
  )
  const oracle = Buffer.from(mergeRegions(files, 100).set).toString()
  const end = (await readText(own, PUBLIC)) ?? ''
  for (const place of [...places, own]) place.objects.close()
  return { faults, reads, end, oracle, writes: writes.tried, won: writes.won }
}

function counted(place: KeyPlace, writes: { tried: number; won: number }): KeyPlace {
  const { objects } = place
  const put: Objects['put'] = async (...args) => {
    writes.tried++
    const version = await objects.put(...args)
    if (version !== undefined) writes.won++
    return version
  }
  return { ...place, objects: { ...objects, put } }
}

/** Once a key is public it stays, until a newer file of its region drops it; numbers never fall. */
async function watchReader(
  place: KeyPlace,
  dropped: ReadonlyMap<string, number>,
  isDone: () => boolean,
): Promise<{ readonly faults: readonly string[]; readonly reads: number }> {
  const faults: string[] = []
  let [reads, kids, seqs] = [0, new Set<string>(), new Map<string, number>()]
  while (!isDone()) {
    const text = await readText(place, PUBLIC)
    if (text === undefined) {
      if (kids.size > 0) faults.push('the public file is gone')
      continue
    }
    const set = JSON.parse(text)
    const now = new Set<string>(set.keys.map((key: { kid: string }) => key.kid))
    for (const kid of kids) if (!now.has(kid) && !dropped.has(kid)) faults.push(`key ${kid} is gone`)
    for (const [region, envelope] of Object.entries<{ payload: string }>(set.prov.regions)) {
      const { seq } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString())
      if (seq < (seqs.get(region) ?? 0)) faults.push(`${region} fell from ${seqs.get(region)} to ${seq}`)
      seqs.set(region, seq)
    }
    ;[reads, kids] = [reads + 1, now]
    await sleep(1)
  }
  place.objects.close()
  return { faults, reads }
}
