/**
 * The highest number (seq) of each region that was seen in a key set. Kept in the cache folder, where its loss costs only that the next set is
 * taken as the first one seen; what is kept can only make prov refuse more.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import { sha256Hex } from '../model/entry.ts'
import { atomicWrite } from '../platform/fs/atomic-write.ts'
import { withLock } from '../platform/fs/lock-file.ts'
import { makeFolders } from '../platform/fs/make-folders.ts'
import { readBounded } from '../platform/fs/read-limited.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { OnlineWorld } from './online-world.ts'
import type { Publishers } from './publishers.ts'

const MAX_BYTES = 256 * 1024
/** Of publishers that were named before; then those of today alone are kept. */
const MOST_KEPT = 500
const LOCK_MS = 10_000

/**
 * True where {@link highestSeen} would refuse these numbers.
 *
 * @example await isOlderThanSeen(url, publishers, new Map([['eu', 6]]), world)
 */
export async function isOlderThanSeen(
  source: string,
  publishers: Publishers,
  seqs: ReadonlyMap<string, number>,
  { env }: OnlineWorld,
): Promise<boolean> {
  const seen = seenOf(publishers, await read(fileOf(source, env).path))
  return [...seen].some(([region, before]) => (seqs.get(region) ?? 0) < before)
}

/**
 * Throws `keyset_refused` where a region is older than it was seen before, or is gone. Remembers the numbers; where the folder cannot be
 * written, that is said and nothing more.
 *
 * @param seqs by region, of files that verified
 * @example await highestSeen(url, publishers, new Map([['eu', 7]]), world)
 */
export async function highestSeen(
  source: string,
  publishers: Publishers,
  seqs: ReadonlyMap<string, number>,
  world: OnlineWorld,
): Promise<void> {
  const { folder, path } = fileOf(source, world.env)
  const seen = seenOf(publishers, await read(path))
  refuseOlder(source, seen, seqs)
  if ([...seqs].every(([region, seq]) => seen.get(region) === seq)) return
  try {
    await makeFolders(folder)
    const { signal, now, random } = world
    const options = { signal, timeoutMs: LOCK_MS, now: () => now(), random: (size: number) => random(size) }
    await withLock(`${path}.lock`, options, async () => {
      const kept = await read(path)
      const most = [...seqs].map(([region, seq]) => {
        const name = nameOf(region, publishers)
        return [name, Math.max(kept.get(name) ?? 0, seq)] as const
      })
      const others = kept.size > MOST_KEPT ? [] : kept
      await atomicWrite(
        path,
        Buffer.from(JSON.stringify({ source, regions: Object.fromEntries([...others, ...most]) })),
      )
    })
  } catch (error) {
    if (error instanceof ProvError && error.code === 'aborted') throw error
    world.warn(`the numbers of ${source} could not be kept in ${folder}: an older set would not be noticed next time`)
  }
}

/** One file for each set, however its URL is spelled. */
function fileOf(source: string, env: OnlineWorld['env']): { readonly folder: string; readonly path: string } {
  const folder = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'prov', 'key-sets')
  const name = sha256Hex(Buffer.from(URL.parse(source)?.href ?? source)).slice(0, 32)
  return { folder, path: join(folder, `${name}.json`) }
}

/** A region with its publisher: another one begins anew, and a region more or less in the file of the publishers changes nothing for this one. */
function nameOf(region: string, publishers: Publishers): string {
  return `${region} ${publishers.get(region)?.hash ?? ''}`
}

/** By region. */
function seenOf(publishers: Publishers, kept: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map(
    [...publishers.keys()].flatMap((region) => {
      const seq = kept.get(nameOf(region, publishers))
      return seq === undefined ? [] : [[region, seq] as const]
    }),
  )
}

function refuseOlder(source: string, seen: ReadonlyMap<string, number>, seqs: ReadonlyMap<string, number>): void {
  for (const [region, before] of seen) {
    const seq = seqs.get(region)
    if (seq !== undefined && seq >= before) continue
    const what = seq === undefined ? 'holds no file' : `holds file ${seq}`
    const hint = 'a cache between may be old: try again later; else somebody put an older set in place of the newer one'
    throw refusedSet(source, `${what} of region ${region}, and file ${before} was seen before`, hint)
  }
}

async function read(path: string): Promise<ReadonlyMap<string, number>> {
  try {
    const value: unknown = JSON.parse((await readBounded(path, MAX_BYTES))?.toString('utf8') ?? '')
    const regions = isRecord(value) && isRecord(value['regions']) ? value['regions'] : {}
    return new Map(Object.entries(regions).filter((one): one is [string, number] => Number.isSafeInteger(one[1])))
  } catch {
    return new Map()
  }
}
