/** What there is of each region: its file, the last good one that the public set holds, and the state beside it. */
import type { StoredObject } from '../backend/objects.ts'
import { asProvError, ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { type JsonRecord, memberIn, recordIn, textIn } from '../platform/text/guards.ts'
import { parseJson } from '../platform/text/strict-json.ts'
import type { Publishers } from '../trust/publishers.ts'
import { MAX_REGION_BYTES, type RegionFile, readRegionFile } from '../trust/region-file.ts'
import { type KeyPlace, REGIONS, regionName, STATES, stateName } from './place.ts'
import { saysTheSame } from './region.ts'
import { unretired } from './share.ts'

/** One region, after everything about it was read. */
export interface RegionReading {
  readonly region: string
  /** The newest file that verified; absent: there is none. */
  readonly newest?: RegionFile
  /** Where that came from. */
  readonly from?: 'file' | 'last good'
  /** What is wrong with the region's own file. */
  readonly error?: ProvError
  /** The file that the public set holds; absent: none that its publisher of today has signed. */
  readonly embedded?: RegionFile
  /** The newest file is to be kept as the last good one, over this version (null: nothing is there yet). */
  readonly keep?: { readonly over: string | null }
}

/** The files that are there, by name; names that belong to no region. */
export interface Listing {
  readonly sizes: ReadonlyMap<string, number | undefined>
  /** Names of the last good files. */
  readonly states: ReadonlySet<string>
  readonly strays: readonly string[]
}

const MAX_LISTED = 10_000
const MAX_STRAYS = 20

/** @example (await listRegions(place, publishers, signal)).strays // ['keys/old.json'] */
export async function listRegions(place: KeyPlace, publishers: Publishers, signal: AbortSignal): Promise<Listing> {
  const known = new Set([...publishers.keys()].map(regionName))
  const [files, states] = await Promise.all([namesUnder(REGIONS, place, signal), namesUnder(STATES, place, signal)])
  const strays = [...files.keys()].filter((name) => !known.has(name))
  return { sizes: files, states: new Set(states.keys()), strays: strays.toSorted().slice(0, MAX_STRAYS) }
}

async function namesUnder(
  folder: string,
  { root, objects }: KeyPlace,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number | undefined>> {
  const found = new Map<string, number | undefined>()
  for await (const { name, size } of objects.list(folder, { signal })) {
    found.set(name, size)
    if (found.size > MAX_LISTED) throw refusedSet(`${root}${folder}`, `holds more than ${MAX_LISTED} objects`)
  }
  return found
}

export interface ReadingJob {
  readonly place: KeyPlace
  readonly listing: Listing
  readonly publishers: Publishers
  /** Envelopes that the public set holds, by region. */
  readonly embedded: ReadonlyMap<string, JsonRecord>
  /** Most keys of one region that are not retired. */
  readonly share: number
  readonly signal: AbortSignal
}

/**
 * Reads one region. The state is read only where the file says something else than what the public set holds, or cannot be used: a file that
 * was only signed anew says the same as the state. Never throws for what is wrong with the region alone; throws `aborted`.
 *
 * @example (await readRegion('eu', job)).newest?.seq
 */
export async function readRegion(region: string, job: ReadingJob): Promise<RegionReading> {
  const embedded = await embeddedIn(region, job)
  return { ...(await readBeside(embedded, region, job)), ...(embedded === undefined ? {} : { embedded }) }
}

async function readBeside(known: RegionFile | undefined, region: string, job: ReadingJob): Promise<RegionReading> {
  let file = await fileOf(region, job)
  if (!('problem' in file) && known !== undefined && isSameOrRenewed(known, file.file)) {
    const isKept = job.listing.states.has(stateName(region))
    return { region, newest: file.file, from: 'file', ...(isKept ? {} : { keep: { over: null } }) }
  }
  const state = await stateOf(region, job)
  const kept = higher(known, state.file)
  // It may have been replaced between the two reads.
  if (!('problem' in file) && kept !== undefined && file.file.seq < kept.seq) file = await fileOf(region, job)
  if ('problem' in file) return lastGood(region, kept, file.problem, state)
  const problem = contradiction(region, job, file.file, kept)
  if (problem !== undefined) return lastGood(region, kept, problem, state)
  const over = state.version ?? null
  const isKept = state.file !== undefined && state.file.seq >= file.file.seq
  return { region, newest: file.file, from: 'file', ...(isKept ? {} : { keep: { over } }) }
}

function lastGood(
  region: string,
  kept: RegionFile | undefined,
  error: ProvError,
  state: { readonly file?: RegionFile; readonly version?: string },
): RegionReading {
  if (kept === undefined) return { region, error }
  const isKept = state.file !== undefined && state.file.seq >= kept.seq
  return {
    region,
    newest: kept,
    from: 'last good',
    error,
    ...(isKept ? {} : { keep: { over: state.version ?? null } }),
  }
}

function contradiction(
  region: string,
  { place, share }: ReadingJob,
  file: RegionFile,
  kept: RegionFile | undefined,
): ProvError | undefined {
  const name = `${place.root}${regionName(region)}`
  if (kept === undefined || file.seq > kept.seq) return overShare(name, share, file, kept)
  if (file.seq < kept.seq) {
    const hint = 'somebody put an older file back; the next prov keys publish of that region replaces it'
    return refusedSet(name, `is file ${file.seq}, and file ${kept.seq} was seen before`, hint)
  }
  if (file.sha256 === kept.sha256) return undefined
  const hint = 'two publishers sign for one region, or somebody else has its key; publish once more from one of them'
  return refusedSet(name, `is another file ${file.seq} than the one that was seen before`, hint)
}

/** A region that had more before, while its share was larger, may go on with as many. */
function overShare(name: string, share: number, file: RegionFile, kept: RegionFile | undefined): ProvError | undefined {
  const own = unretired(file)
  if (own <= Math.max(share, kept === undefined ? 0 : unretired(kept))) return undefined
  const hint = 'let that region retire keys; or raise keys.max-region-keys, after a look at who has its publisher key'
  return refusedSet(name, `holds ${own} keys that are not retired; at most ${share} of one region are allowed`, hint)
}

function isSameOrRenewed(known: RegionFile, file: RegionFile): boolean {
  if (known.seq === file.seq) return known.sha256 === file.sha256
  return file.seq > known.seq && saysTheSame(known, file)
}

function higher(a: RegionFile | undefined, b: RegionFile | undefined): RegionFile | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.seq > a.seq ? b : a
}

/** What the public set holds; undefined where that does not verify under the publisher of today. */
async function embeddedIn(
  region: string,
  { embedded, publishers, place }: ReadingJob,
): Promise<RegionFile | undefined> {
  const [envelope, publisher] = [embedded.get(region), publishers.get(region)]
  if (envelope === undefined || publisher === undefined) return undefined
  const name = `${place.root}: the public file of ${region}`
  return readRegionFile(Buffer.from(JSON.stringify(envelope)), { name, region, publisher }).catch(refusedOnly)
}

type FileOf = { readonly file: RegionFile } | { readonly problem: ProvError }

async function fileOf(region: string, { place, listing, publishers, signal }: ReadingJob): Promise<FileOf> {
  const [object, publisher] = [regionName(region), publishers.get(region)]
  const name = `${place.root}${object}`
  try {
    const size = listing.sizes.get(object)
    if (size !== undefined && size > 2 * MAX_REGION_BYTES)
      throw refusedSet(name, `has ${size} bytes, which is too large`)
    const found = listing.sizes.has(object) ? await place.objects.get(object, { signal }) : undefined
    if (found === undefined || publisher === undefined) return { problem: gone(name) }
    return { file: await readRegionFile(bytesIn(name, found), { name, region, publisher }) }
  } catch (thrown) {
    const problem = asProvError(thrown)
    if (problem.code === 'aborted' || problem.code === 'internal') throw thrown
    return { problem }
  }
}

/** Its own code is decided by whoever knows whether the region ever had one. */
function gone(name: string): ProvError {
  return new ProvError('absent', `${name} is not there`, { location: name })
}

async function stateOf(
  region: string,
  { place, publishers, listing, signal }: ReadingJob,
): Promise<{ readonly file?: RegionFile; readonly version?: string }> {
  const [object, publisher] = [stateName(region), publishers.get(region)]
  const found = listing.states.has(object) ? await place.objects.get(object, { signal }) : undefined
  if (found === undefined || publisher === undefined) return {}
  const name = `${place.root}${object}`
  const file = await readRegionFile(found.bytes, { name, region, publisher }).catch(refusedOnly)
  return { version: found.version, ...(file === undefined ? {} : { file }) }
}

function bytesIn(name: string, { bytes, damage }: StoredObject): Uint8Array {
  if (damage === undefined) return bytes
  throw refusedSet(name, `cannot be used: ${damage.message}`)
}

function refusedOnly(thrown: unknown): undefined {
  if (!(thrown instanceof ProvError) || thrown.code !== 'keyset_refused') throw thrown
}

/** What an envelope in the public set claims, unverified: only to see what a newer file has dropped. */
export interface Claims {
  readonly seq: number
  readonly kids: readonly string[]
}

/** @example claimsOf(envelope).kids // [] for what cannot be read */
export function claimsOf(envelope: JsonRecord): Claims {
  try {
    const text = Buffer.from(textIn(envelope['payload']) ?? '', 'base64').toString('utf8')
    const said = parseJson('', text)
    const keys = memberIn(said, 'keys')
    const kids = Array.isArray(keys) ? keys.flatMap((key) => textIn(memberIn(key, 'kid')) ?? []) : []
    return { seq: Number(memberIn(said, 'seq')), kids: [...kids, ...Object.keys(recordIn(memberIn(said, 'revoked')))] }
  } catch {
    return { seq: Number.POSITIVE_INFINITY, kids: [] }
  }
}
