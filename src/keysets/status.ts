/** How every region fares: its own file, what the public set has of it, and what each URL serves. Reads only. */
import { asProvError, ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { limitTo } from '../platform/async/limit.ts'
import type { HttpContext } from '../platform/http/context.ts'
import { fetchDocument } from '../platform/http/document.ts'
import type { JsonRecord } from '../platform/text/guards.ts'
import { MAX_PUBLIC_BYTES, readPublicSet } from '../trust/public-set.ts'
import { isRegion, type Publishers } from '../trust/publishers.ts'
import { type RegionFile, readRegionFile, readUnverifiedRegion } from '../trust/region-file.ts'
import { maxAgeMs } from './max-age.ts'
import { type KeyPlace, PUBLIC, REGIONS, regionName } from './place.ts'

export interface StatusJob {
  readonly place: KeyPlace
  /** Absent: no signature is verified, and only regions that left a trace are known. */
  readonly publishers?: Publishers
  /** A region whose newest file is older is stale, in milliseconds. */
  readonly maxAgeMs: number
  readonly urls: readonly string[]
  readonly http: HttpContext
  readonly signal: AbortSignal
}

/** One file, as far as it could be read. */
export interface FileStatus {
  readonly seq: number
  readonly issuedAt: string
  readonly expiresAt: string
  /** Since it was issued, in milliseconds; never below 0. */
  readonly ageMs: number
  readonly keys: number
  readonly revoked: number
}

export interface RegionStatus {
  readonly region: string
  /** Its own file; absent: none that can be used. */
  readonly file?: FileStatus
  /** What the public set has of it. */
  readonly merged?: FileStatus
  readonly errors: readonly ProvError[]
}

export interface UrlStatus {
  readonly url: string
  /** How many keys it serves. */
  readonly keys?: number
  /** How long caches may keep it, in milliseconds. */
  readonly maxAgeMs?: number
  /** The number of each region's file that it serves. */
  readonly seqs: Readonly<Record<string, number>>
  readonly errors: readonly ProvError[]
}

export interface KeysStatus {
  readonly verified: boolean
  readonly regions: readonly RegionStatus[]
  readonly urls: readonly UrlStatus[]
  /** What is wrong with the public set as a whole. */
  readonly errors: readonly ProvError[]
}

const READERS = 16
const MAX_REGIONS = 1000

/**
 * Looks at everything, one region after the other, so that no busy region hides a dead one. What is wrong is in the rows. Throws what the store
 * throws where the files cannot be listed.
 *
 * @example (await keysStatus(job)).regions.filter(({ errors }) => errors.length > 0)
 */
export async function keysStatus(job: StatusJob): Promise<KeysStatus> {
  const { place, publishers, urls } = job
  const [listed, set] = await Promise.all([namesIn(job), publicSet(job)])
  const regions = [
    ...new Set([...(publishers?.keys() ?? listed), ...(publishers === undefined ? set.envelopes.keys() : [])]),
  ]
  const limit = limitTo(READERS)
  const [rows, served] = await Promise.all([
    Promise.all(regions.toSorted().map((region) => limit(() => statusOf(region, listed, set.envelopes, job)))),
    Promise.all(urls.map((url) => urlStatus(url, job))),
  ])
  const nothing = regions.length === 0 ? [new ProvError('keys_stale', `${place.root} holds no region's file`)] : []
  return { verified: publishers !== undefined, regions: rows, urls: served, errors: [...set.errors, ...nothing] }
}

async function namesIn({ place, signal }: StatusJob): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const { name } of place.objects.list(REGIONS, { signal })) {
    const region = name.slice(REGIONS.length).replace(/\.json$/, '')
    if (regionName(region) === name && isRegion(region)) names.add(region)
    if (names.size > MAX_REGIONS) throw refusedSet(place.root, `holds files of more than ${MAX_REGIONS} regions`)
  }
  return names
}

interface PublicPart {
  readonly envelopes: ReadonlyMap<string, JsonRecord>
  readonly errors: readonly ProvError[]
}

async function publicSet({ place, signal }: StatusJob): Promise<PublicPart> {
  const name = `${place.root}${PUBLIC}`
  try {
    const found = await place.objects.get(PUBLIC, { signal })
    if (found === undefined) return { envelopes: new Map(), errors: [unmerged(`${name} is not there`)] }
    return { envelopes: (await readPublicSet(name, found.bytes)).regions, errors: [] }
  } catch (thrown) {
    return { envelopes: new Map(), errors: [ownError(thrown)] }
  }
}

function unmerged(why: string): ProvError {
  return new ProvError('keys_stale', `${why}: nothing was merged`, { hint: 'run prov keys merge' })
}

function ownError(thrown: unknown): ProvError {
  const error = asProvError(thrown)
  if (error.code === 'internal' || error.code === 'aborted') throw thrown
  return error
}

async function statusOf(
  region: string,
  listed: ReadonlySet<string>,
  envelopes: ReadonlyMap<string, JsonRecord>,
  job: StatusJob,
): Promise<RegionStatus> {
  const { place, signal, http } = job
  const errors: ProvError[] = []
  const read = async (name: string, bytes: Uint8Array): Promise<RegionFile | undefined> => {
    const publisher = job.publishers?.get(region)
    const asked =
      publisher === undefined
        ? readUnverifiedRegion(bytes, { name, region })
        : readRegionFile(bytes, { name, region, publisher })
    return asked.catch((thrown: unknown) => {
      errors.push(ownError(thrown))
      return undefined
    })
  }
  const name = `${place.root}${regionName(region)}`
  let file: RegionFile | undefined
  try {
    const found = listed.has(region) ? await place.objects.get(regionName(region), { signal }) : undefined
    if (found !== undefined) file = await read(name, found.bytes)
    else if (envelopes.has(region)) errors.push(refusedSet(name, 'is not there, though the public set has its keys'))
    else errors.push(new ProvError('keys_stale', `region ${region} has published nothing yet`))
  } catch (thrown) {
    errors.push(ownError(thrown))
  }
  const envelope = envelopes.get(region)
  const merged = envelope === undefined ? undefined : await read(`${place.root}${PUBLIC}`, textOf(envelope))
  const now = http.now()
  if (file !== undefined) errors.push(...latenessOf(`file ${file.seq} of region ${region}`, file, now, job.maxAgeMs))
  if (file !== undefined && merged === undefined && envelope === undefined)
    errors.push(unmerged(`the public set has no file of region ${region}`))
  if (merged !== undefined && file !== undefined && merged.seq < file.seq)
    errors.push(
      ...latenessOf(`the public set has file ${merged.seq} of region ${region}, which`, merged, now, job.maxAgeMs),
    )
  return {
    region,
    ...(file === undefined ? {} : { file: shownFile(file, now) }),
    ...(merged === undefined ? {} : { merged: shownFile(merged, now) }),
    errors,
  }
}

function textOf(envelope: JsonRecord): Uint8Array {
  return Buffer.from(JSON.stringify(envelope))
}

function shownFile({ seq, issuedAt, expiresAt, keys, revoked }: RegionFile, now: number): FileStatus {
  const ageMs = ageOf(issuedAt, now)
  return { seq, issuedAt, expiresAt, ageMs, keys: keys.length, revoked: Object.keys(revoked).length }
}

/** A publisher whose clock is ahead is not younger than young. */
function ageOf(issuedAt: string, now: number): number {
  return Math.max(0, now - Date.parse(issuedAt))
}

function latenessOf(
  what: string,
  { issuedAt, expiresAt }: RegionFile,
  now: number,
  most: number,
): readonly ProvError[] {
  const hint = 'its publisher, or prov keys merge, has stopped: start it again'
  if (Date.parse(expiresAt) < now) return [new ProvError('keys_stale', `${what} expired at ${expiresAt}`, { hint })]
  const age = ageOf(issuedAt, now)
  if (age <= most) return []
  const why = `is ${Math.round(age / 1000)} s old; at most ${Math.round(most / 1000)} s are allowed`
  return [new ProvError('keys_stale', `${what} ${why}`, { hint })]
}

async function urlStatus(url: string, job: StatusJob): Promise<UrlStatus> {
  const { http, signal, maxAgeMs: most, publishers } = job
  try {
    const answer = await fetchDocument(url, http, { maxBytes: MAX_PUBLIC_BYTES, signal })
    if (answer === undefined) throw new ProvError('response_invalid', `${url} answered 404: nothing is there`)
    const { keys, regions } = await readPublicSet(url, answer.body)
    const seqs: Record<string, number> = {}
    const errors: ProvError[] = []
    for (const [region, envelope] of regions) {
      const name = `${url}: region ${region}`
      const publisher = publishers?.get(region)
      try {
        const file =
          publisher === undefined
            ? await readUnverifiedRegion(textOf(envelope), { name, region })
            : await readRegionFile(textOf(envelope), { name, region, publisher })
        seqs[region] = file.seq
        errors.push(...latenessOf(`file ${file.seq} of region ${region} at ${url}`, file, http.now(), most))
      } catch (thrown) {
        errors.push(ownError(thrown))
      }
    }
    return { url, keys: keys.length, maxAgeMs: maxAgeMs(answer.headers), seqs, errors }
  } catch (thrown) {
    return { url, seqs: {}, errors: [ownError(thrown)] }
  }
}
