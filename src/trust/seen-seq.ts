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

const MAX_BYTES = 64 * 1024
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
  const seen = await read(fileOf(source, publishers, env).path)
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
  const { folder, path } = fileOf(source, publishers, world.env)
  const seen = await read(path)
  refuseOlder(source, seen, seqs)
  if ([...seqs].every(([region, seq]) => seen.get(region) === seq)) return
  try {
    await makeFolders(folder)
    const { signal, now, random } = world
    const options = { signal, timeoutMs: LOCK_MS, now: () => now(), random: (size: number) => random(size) }
    await withLock(`${path}.lock`, options, async () => {
      const before = await read(path)
      const most = new Map([...before, ...seqs].map(([region]) => [region, higher(before, seqs, region)]))
      await atomicWrite(path, Buffer.from(JSON.stringify({ source, regions: Object.fromEntries(most) })))
    })
  } catch (error) {
    if (error instanceof ProvError && error.code === 'aborted') throw error
    world.warn(`the numbers of ${source} could not be kept in ${folder}: an older set would not be noticed next time`)
  }
}

/** One file for each set and for whom it is verified by. */
function fileOf(
  source: string,
  publishers: Publishers,
  env: OnlineWorld['env'],
): { readonly folder: string; readonly path: string } {
  const folder = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'prov', 'key-sets')
  const who = [...publishers].map(([region, { hash }]) => `${region} ${hash}`)
  const name = sha256Hex(Buffer.from([source, ...who].join('\n'))).slice(0, 32)
  return { folder, path: join(folder, `${name}.json`) }
}

function higher(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>, region: string): number {
  return Math.max(one.get(region) ?? 0, other.get(region) ?? 0)
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
