/** A key set as trust: at a URL, on the word of its server or of the publishers of regions, or in a file. */
import { dirname, join } from 'node:path'
import { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import { fetchDocument } from '../platform/http/document.ts'
import type { OnlineWorld } from './online-world.ts'
import { ARCHIVE_NAME, MAX_PUBLIC_BYTES, type PublicSet, readPublicSet } from './public-set.ts'
import { type Publishers, readPublishers } from './publishers.ts'
import { type KeyWindow, type RegionFile, readRegionFile, readUnverifiedRegion, regionAge } from './region-file.ts'
import { highestSeen, isOlderThanSeen } from './seen-seq.ts'
import type { GivenKey, KeySetSource, RegionAge } from './trust.ts'

export interface ReadKeySets {
  readonly keys: readonly GivenKey[]
  readonly keySets: readonly KeySetSource[]
  readonly regions: readonly RegionAge[]
}

type ReadSet = Pick<ReadKeySets, 'keys' | 'regions'>

/**
 * The keys of these sets: those of a merged set with their windows, revoked ones with it, those of the archive beside it too. With a file of
 * publishers, each key of a URL must stand in a region's file that its publisher signed, and no region may be older than it was seen before.
 *
 * Throws `usage` for a URL that is not https, what reading one throws (never "no keys"), `response_invalid` for an answer that is not a key set,
 * and `keyset_refused`.
 *
 * @param publishers path of the file that names them
 * @example (await readKeySets(['https://keys.example.com/keys.json'], 'regions.yaml', world)).keys.length
 */
export async function readKeySets(
  sources: readonly string[],
  publishers: string | undefined,
  world: OnlineWorld,
): Promise<ReadKeySets> {
  const named = publishers === undefined ? undefined : await readPublishers(publishers, world.env)
  const read = await Promise.all(sources.map((source) => keysAt(source, named, world)))
  const keys = read.flatMap((one) => one.keys)
  if (sources.length > 0 && keys.length === 0)
    throw refusedSet(sources.join(', '), 'holds no key that prov can verify with')
  const word = named === undefined ? 'server' : 'publishers'
  const urls = sources.filter((source) => /^https:/i.test(source))
  return { keys, keySets: urls.map((source) => ({ source, word })), regions: read.flatMap(({ regions }) => regions) }
}

async function keysAt(source: string, publishers: Publishers | undefined, world: OnlineWorld): Promise<ReadSet> {
  const isRemote = /^https?:/i.test(source)
  if (isRemote && publishers !== undefined) return vouchedKeys(source, publishers, world)
  const set = isRemote ? await setAt(source, world) : await setIn(source)
  const archive = set.archived > 0 ? await archiveOf(source, isRemote, world) : undefined
  const sets = [set, ...(archive === undefined ? [] : [archive])]
  return { keys: [...keysOfSets(source, sets, world.now())], regions: await agesIn(source, set) }
}

/** On the word of the server, as the keys are; a file in it that cannot be read says nothing. */
async function agesIn(source: string, { regions }: PublicSet): Promise<readonly RegionAge[]> {
  const files = [...regions].map(([region, envelope]) =>
    readUnverifiedRegion(Buffer.from(JSON.stringify(envelope)), { name: source, region }).then(regionAge, () => []),
  )
  return (await Promise.all(files)).flat()
}

/** A cache between may hold an older set than one that was seen before: then it is read once more, past caches. */
async function vouchedKeys(source: string, publishers: Publishers, world: OnlineWorld): Promise<ReadSet> {
  const seqsOf = (files: readonly RegionFile[]): ReadonlyMap<string, number> =>
    new Map(files.map(({ region, seq }) => [region, seq]))
  let files = await vouchedFor(source, await setAt(source, world), publishers)
  if (await isOlderThanSeen(source, publishers, seqsOf(files), world))
    files = await vouchedFor(source, await setAt(source, world, true), publishers)
  await highestSeen(source, publishers, seqsOf(files), world)
  for (const { region, expiresAt } of files) {
    if (Date.parse(expiresAt) >= world.now()) continue
    world.warn(
      `the file of region ${region} in ${source} expired at ${expiresAt}: it may lack a key that was revoked since`,
    )
  }
  return { keys: keysOfFiles(source, files, world.now()), regions: files.map(regionAge) }
}

async function setAt(url: string, world: OnlineWorld, fresh = false): Promise<PublicSet> {
  const set = await setIfThere(url, world, fresh)
  if (set !== undefined) return set
  throw new ProvError('response_invalid', `${new URL(url).host} answered 404: nothing is there`, {
    operation: 'read',
    location: url,
    hint: 'a key set is a JSON file such as keys.json',
  })
}

async function setIfThere(url: string, world: OnlineWorld, fresh: boolean): Promise<PublicSet | undefined> {
  const answer = await fetchDocument(url, world, { maxBytes: MAX_PUBLIC_BYTES, signal: world.signal, fresh })
  if (answer === undefined) return undefined
  const text = Buffer.from(answer.body.subarray(0, 64)).toString('latin1')
  if (!/^(?:\xef\xbb\xbf)?\s*\{/.test(text)) {
    throw new ProvError('response_invalid', `${answer.url.host} answered something that is not JSON`, {
      operation: 'read',
      location: url,
      hint: 'is this a page for people? a key set is a JSON file such as keys.json',
    })
  }
  return readPublicSet(url, answer.body)
}

async function setIn(path: string): Promise<PublicSet> {
  const refuse = (why: string): ProvError =>
    new ProvError('key_unreadable', `key set ${path} ${why}`, { location: path })
  return readPublicSet(path, await readOrRefuse(path, MAX_PUBLIC_BYTES, refuse))
}

/** Retired keys that had no room in the set. Their absence is an error: the set says that they are there. */
async function archiveOf(source: string, isRemote: boolean, world: OnlineWorld): Promise<PublicSet> {
  const at = isRemote ? new URL(ARCHIVE_NAME, source).href : join(dirname(source), ARCHIVE_NAME)
  const archive = isRemote ? await setIfThere(at, world, false) : await setIn(at)
  if (archive !== undefined) return archive
  throw new ProvError('response_invalid', `the set says that ${ARCHIVE_NAME} stands beside it, and it does not`, {
    operation: 'read',
    location: at,
    hint: 'prov keys merge writes both files; serve both',
  })
}

async function vouchedFor(source: string, set: PublicSet, publishers: Publishers): Promise<readonly RegionFile[]> {
  const files = await Promise.all(
    [...publishers].flatMap(([region, publisher]) => {
      const envelope = set.regions.get(region)
      if (envelope === undefined) return []
      const bytes = Buffer.from(JSON.stringify(envelope))
      return [readRegionFile(bytes, { name: `${source}: region ${region}`, region, publisher })]
    }),
  )
  const vouched = new Set(files.flatMap(({ publicKeys }) => [...publicKeys.keys()]))
  const loose = set.keys.find(({ jwk }) => !vouched.has(jwk.kid))
  if (loose === undefined) return files
  const hint = 'somebody else put it there, or the file of the publishers lacks a region'
  throw refusedSet(
    source,
    `holds key ${loose.jwk.kid}, which stands in no region's file that its publisher signed`,
    hint,
  )
}

function keysOfFiles(source: string, files: readonly RegionFile[], now: number): readonly GivenKey[] {
  return files.flatMap(({ region, keys, windows, revoked, publicKeys }) =>
    [...keys, ...Object.values(revoked).map(({ jwk }) => jwk)].flatMap(({ kid }) => {
      const publicKey = publicKeys.get(kid)
      if (publicKey === undefined) return []
      return [givenOf({ publicKey, source: `${source} (${region})` }, windows[kid], revoked[kid], now)]
    }),
  )
}

function* keysOfSets(source: string, sets: readonly PublicSet[], now: number): Iterable<GivenKey> {
  for (const { keys, windows, revoked, revokedKeys } of sets) {
    for (const { jwk, publicKey } of keys) yield givenOf({ publicKey, source }, windows[jwk.kid], undefined, now)
    for (const [kid, publicKey] of revokedKeys) yield givenOf({ publicKey, source }, undefined, revoked[kid], now)
  }
}

/** A key whose window ends counts without a proven time too: what it made is verified years later, when it is long destroyed. */
function givenOf(
  key: Pick<GivenKey, 'publicKey' | 'source'>,
  window: KeyWindow | undefined,
  revoked: { readonly since: string; readonly reason: string } | undefined,
  now: number,
): GivenKey {
  const [from, until] = [timeOf(window?.from), timeOf(window?.until)]
  const isOpen = from === undefined && until === undefined
  return {
    ...key,
    ...(isOpen
      ? {}
      : {
          validity: {
            ...(from === undefined ? {} : { from }),
            ...(until === undefined ? {} : { until }),
            unproven: true as const,
          },
        }),
    ...(until !== undefined && until < now ? { retired: true as const } : {}),
    ...(revoked === undefined ? {} : { revoked: { since: Date.parse(revoked.since), reason: revoked.reason } }),
  }
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text)
}
