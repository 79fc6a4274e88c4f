/** Writes the file of one region: what it says now, under the next number. */
import type { KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import type { Signer } from '../signing/signer.ts'
import { readPublicSet } from '../trust/public-set.ts'
import { type RegionFile, type RegionStatement, readRegionFile } from '../trust/region-file.ts'
import { trustOf } from '../trust/trusted-keys.ts'
import { LOST, type Lost, type RaceOptions, race } from './lost-race.ts'
import { type KeyPlace, PUBLIC, regionName, SERVED } from './place.ts'
import type { KeyToPublish } from './publication.ts'
import { claimsOf } from './read-regions.ts'
import { regionStatement, saysTheSame, signRegion } from './region.ts'

export interface PublishJob extends RaceOptions {
  readonly place: KeyPlace
  readonly region: string
  /** Signs as the publisher of the region. */
  readonly signer: Signer & { readonly publicKey: KeyObject }
  readonly keys: readonly KeyToPublish[]
  /** How long the file is fresh, in milliseconds. */
  readonly lifeMs: number
  /** Writes a new file even where the one that is there says the same and is fresh: so nobody takes the region for dead. */
  readonly renew: boolean
  /** Milliseconds since the epoch. */
  now(): number
}

export interface Published {
  readonly outcome: 'written' | 'unchanged'
  readonly statement: RegionStatement
  readonly lost: number
}

/**
 * Publishes. Where the region's own file is damaged or gone, the number goes on from the one that the public set has of it. Throws
 * `keyset_refused` where that cannot be known, `conflict` when every race is lost, and what the store and the signer throw.
 *
 * @example (await publishRegion(job)).statement.seq // 7
 */
export async function publishRegion(job: PublishJob): Promise<Published> {
  const { result, lost } = await race(`${job.place.root}${regionName(job.region)}`, () => attempt(job), job)
  return { ...result, lost }
}

async function attempt(job: PublishJob): Promise<Omit<Published, 'lost'> | Lost> {
  const { place, region, signer, keys, lifeMs, renew, now, signal } = job
  const name = regionName(region)
  const found = await place.objects.get(name, { signal })
  const before = found === undefined ? undefined : await ownFile(found.bytes, job)
  const last = before?.seq ?? (await publicSeq(job, found !== undefined))
  const statement = regionStatement(keys, { region, seq: last + 1, now: now(), lifeMs })
  if (before !== undefined && !renew && saysTheSame(statement, before) && isYoung(before, now(), lifeMs))
    return { outcome: 'unchanged', statement: before }
  const bytes = await signRegion(statement, signer)
  const version = await place.objects.put(name, bytes, found?.version ?? null, { signal, served: SERVED })
  return version === undefined ? LOST : { outcome: 'written', statement }
}

/** undefined: damaged, forged, or signed with a key that this publisher no longer has. */
async function ownFile(bytes: Uint8Array, { place, region, signer }: PublishJob): Promise<RegionFile | undefined> {
  const name = `${place.root}${regionName(region)}`
  return readRegionFile(bytes, { name, region, publisher: trustOf(signer) }).catch((thrown: unknown) => {
    if (thrown instanceof ProvError && thrown.code === 'keyset_refused') return undefined
    throw thrown
  })
}

/** The number that merge has verified and made public; 0: none yet. */
async function publicSeq({ place, region, signal }: PublishJob, isDamaged: boolean): Promise<number> {
  const name = `${place.root}${PUBLIC}`
  try {
    const found = await place.objects.get(PUBLIC, { signal })
    const envelope = found === undefined ? undefined : (await readPublicSet(name, found.bytes)).regions.get(region)
    const seq = envelope === undefined ? 0 : claimsOf(envelope).seq
    if (Number.isSafeInteger(seq) && seq >= 0) return seq
  } catch (thrown) {
    // A publisher need not be allowed to read it, and needs it only where its own file does not say.
    const isOpaque = thrown instanceof ProvError && (thrown.code === 'denied' || thrown.code === 'keyset_refused')
    if (!isOpaque) throw thrown
    if (!isDamaged) return 0
  }
  const why = `cannot be read, and ${name} does not say which number comes next`
  throw refusedSet(
    `${place.root}${regionName(region)}`,
    why,
    'put the last good file back from state/, and publish again',
  )
}

/** So that whoever asks often, as rotation does, writes rarely. */
function isYoung({ issuedAt }: RegionFile, now: number, lifeMs: number): boolean {
  const age = now - Date.parse(issuedAt)
  return age < lifeMs / 4
}
