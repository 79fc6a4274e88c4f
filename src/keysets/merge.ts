/** Merges the files of all regions into the public set: read, verify, decide, write under the version that was read; lost → from the top. */
import type { StoredObject } from '../backend/objects.ts'
import { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { sameBytes } from '../model/entry.ts'
import { limitTo } from '../platform/async/limit.ts'
import { type PublicSet, readPublicSet } from '../trust/public-set.ts'
import type { Publishers } from '../trust/publishers.ts'
import type { RegionFile } from '../trust/region-file.ts'
import { LOST, type Lost, type RaceOptions, race } from './lost-race.ts'
import { emptied, type MergedSets, mergeRegions } from './merged.ts'
import { foreignKeys, missingKeys } from './missing.ts'
import { ARCHIVE, type KeyPlace, PUBLIC, SERVED, stateName } from './place.ts'
import { listRegions, type RegionReading, readRegion } from './read-regions.ts'
import { shareOf } from './share.ts'

export interface MergeJob extends RaceOptions {
  readonly place: KeyPlace
  readonly publishers: Publishers
  /** Most keys in the public set; the oldest retired ones go to the archive. */
  readonly maxKeys: number
  /** Most keys of one region that are not retired; absent: an equal share of them. */
  readonly maxRegionKeys?: number | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

export interface MergedRegion {
  readonly region: string
  /** The file that is used; absent: the region has none. */
  readonly file?: RegionFile
  readonly from?: 'file' | 'last good'
  readonly error?: ProvError
}

export interface Merged {
  readonly outcome: 'written' | 'unchanged' | 'refused'
  readonly regions: readonly MergedRegion[]
  /** Keys in the set, in the archive, and revoked; absent: the set was refused. */
  readonly counts?: { readonly keys: number; readonly archived: number; readonly revoked: number }
  /** Why nothing was written. */
  readonly refused?: ProvError
  /** What stood in the set before, and was never a key of a region; absent: nothing. */
  readonly dropped?: ProvError
  /** Objects among the files of regions that belong to none; at most 20. */
  readonly strays: readonly string[]
  /** Races that were lost before. */
  readonly lost: number
}

const READERS = 16
/**
 * States that a merge makes where none was: so that the first merge of many regions does not take three times as long as a later one. The next ones make
 * the rest; until then the signed file in the public set is the only copy.
 */
const MOST_NEW_STATES = 6

/**
 * One merge. What is wrong with one region is in its row, its last good keys stay, and the others are merged. A set that would lack a key which
 * no newer file dropped, and an empty one, is refused: then the public file is left as it is. A key that no region's file ever held is dropped.
 *
 * Throws what the store throws where the public set or the listing cannot be read or a write fails, and `conflict` when every race is lost.
 *
 * @example (await merge(job)).outcome // 'written'
 */
export async function merge(job: MergeJob): Promise<Merged> {
  const { result, lost } = await race(`${job.place.root}${PUBLIC}`, () => attempt(job), job)
  return { ...result, lost }
}

type Tried = Omit<Merged, 'lost'>

async function attempt(job: MergeJob): Promise<Tried | Lost> {
  const { place, publishers, signal } = job
  const { objects } = place
  // Before any file: so what it holds is never newer than the files, unless one of them was put back.
  const [found, listing] = await Promise.all([objects.get(PUBLIC, { signal }), listRegions(place, publishers, signal)])
  const before = await publicIn(place, found)
  const embedded = before?.regions ?? new Map()
  const limit = limitTo(READERS)
  const share = shareOf({ maxKeys: job.maxKeys, regions: publishers.size, wanted: job.maxRegionKeys })
  const readings = await Promise.all(
    [...publishers.keys()].map((region) =>
      limit(() => readRegion(region, { place, listing, publishers, embedded, share, signal })),
    ),
  )
  const regions = readings.map((one) => shownOf(one, job.now()))
  const refuse = (refused: ProvError): Tried => ({ outcome: 'refused', regions, refused, strays: listing.strays })
  // The last good file first: whatever becomes of the public set, the region can be read again.
  let room = MOST_NEW_STATES
  for (const { region, newest, keep } of readings) {
    if (newest === undefined || keep === undefined) continue
    if (keep.over === null && room-- <= 0) continue
    const bytes = Buffer.from(`${JSON.stringify(newest.envelope)}\n`)
    if ((await objects.put(stateName(region), bytes, keep.over, { signal })) === undefined) return LOST
  }
  const merged = mergedOf(readings, before, { found, ...job })
  if (merged instanceof ProvError) return refuse(merged)
  const outcome = await writeSets(merged, found, job)
  if (typeof outcome !== 'string') return outcome
  const { counts, dropped } = merged
  return { outcome, regions, counts, ...(dropped === undefined ? {} : { dropped }), strays: listing.strays }
}

/** undefined when there is none, or when what stands there is not a set of ours: then every region must be read anew. */
async function publicIn({ root }: KeyPlace, found: StoredObject | undefined): Promise<PublicSet | undefined> {
  if (found === undefined || found.damage !== undefined) return undefined
  return readPublicSet(`${root}${PUBLIC}`, found.bytes).catch((thrown: unknown) => {
    if (thrown instanceof ProvError && thrown.code === 'keyset_refused') return undefined
    throw thrown
  })
}

function mergedOf(
  readings: readonly RegionReading[],
  before: PublicSet | undefined,
  { place, maxKeys, found }: Pick<MergeJob, 'place' | 'maxKeys'> & { readonly found: StoredObject | undefined },
): (MergedSets & Pick<Merged, 'dropped'>) | ProvError {
  const where = `${place.root}${PUBLIC}`
  const files = readings.flatMap(({ newest }) => newest ?? [])
  if (readings.every(({ from }) => from !== 'file')) {
    return refusedSet(where, 'is left as it is: no region has a file that can be used', 'is this the right place?')
  }
  const lacking = readings.find(({ newest }) => newest === undefined)
  if (found !== undefined && before === undefined && lacking !== undefined) {
    const why = `cannot be read, and nothing of region ${lacking.region} is left that could take its place`
    return refusedSet(where, why, 'publish that region again, then merge')
  }
  try {
    const merged = mergeRegions(files, maxKeys)
    if (before === undefined) return merged
    const { lost, foreign } = missingKeys(where, merged, before, readings)
    const counted = before.keys.filter(({ jwk }) => !foreign.has(jwk.kid))
    // Only revocations empty a set: better none than a stolen key that counts.
    if (merged.counts.keys === 0 && counted.some(({ jwk }) => !merged.revoked.has(jwk.kid))) return emptied()
    return lost ?? { ...merged, ...(foreign.size === 0 ? {} : { dropped: foreignKeys(where, foreign) }) }
  } catch (thrown) {
    if (thrown instanceof ProvError && thrown.code === 'keyset_refused') return thrown
    throw thrown
  }
}

/** The archive first: a set never says that there is one which is not. */
async function writeSets(
  { set, archive }: MergedSets,
  found: StoredObject | undefined,
  { place: { objects }, signal }: MergeJob,
): Promise<'written' | 'unchanged' | Lost> {
  if (archive !== undefined) {
    const before = await objects.get(ARCHIVE, { signal })
    const isSame = before !== undefined && sameBytes(before.bytes, archive)
    const over = before?.version ?? null
    if (!isSame && (await objects.put(ARCHIVE, archive, over, { signal, served: SERVED })) === undefined) return LOST
  }
  if (found !== undefined && sameBytes(found.bytes, set)) return 'unchanged'
  const written = await objects.put(PUBLIC, set, found?.version ?? null, { signal, served: SERVED })
  return written === undefined ? LOST : 'written'
}

/** What is missing is forged where something was there before, and late where nothing ever was. */
function shownOf({ region, newest, from, error }: RegionReading, now: number): MergedRegion {
  const problem = error ?? (newest === undefined ? undefined : staleness(region, newest, now))
  return {
    region,
    ...(newest === undefined ? {} : { file: newest }),
    ...(from === undefined ? {} : { from }),
    ...(problem === undefined ? {} : { error: problem.code === 'absent' ? absence(problem, newest) : problem }),
  }
}

function absence({ message, location }: ProvError, newest: RegionFile | undefined): ProvError {
  return newest === undefined
    ? new ProvError('keys_stale', `${message}: the region has published nothing yet`, { location })
    : new ProvError('keyset_refused', `${message} any more; its last good keys stay`, {
        location,
        hint: 'the next prov keys publish of that region writes it again',
      })
}

/** The error of a file past its time; undefined while it is fresh. @example staleness('eu', file, Date.now()) */
function staleness(region: string, { seq, expiresAt }: RegionFile, now: number): ProvError | undefined {
  if (Date.parse(expiresAt) >= now) return undefined
  return new ProvError('keys_stale', `file ${seq} of region ${region} expired at ${expiresAt}; its keys stay`, {
    hint: 'its publisher has stopped: start prov keys publish again',
  })
}
