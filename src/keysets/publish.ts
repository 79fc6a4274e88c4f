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
 * Publishes. Where the region's own file is damaged or gone, the number goes on from the one that the public set has of it.
 *
 * Throws `keyset_refused` where that number cannot be known, for a key that would count again although it was revoked, and for a file that nobody
 * would read; `conflict` when every race is lost; and what the store and the signer throw.
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
  const last = before ?? (await inPublic(job, found !== undefined))
  const wanted = regionStatement(keys, { region, seq: last.seq + 1, now: now(), lifeMs })
  const statement = keptRevoked(`${place.root}${name}`, wanted, last.revoked)
  if (before !== undefined && !renew && saysTheSame(statement, before) && isYoung(before, now(), lifeMs))
    return { outcome: 'unchanged', statement: before }
  const bytes = await signRegion(statement, signer)
  // What merge would refuse is not written: it would hold back every later change of this region.
  await readRegionFile(bytes, { name: `${place.root}${name}, as it would be,`, region, publisher: trustOf(signer) })
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

/**
 * What was revoked stays revoked, also where the source of the keys has forgotten it. Throws `keyset_refused` where that says something else: a
 * database that was changed by hand or brought back from before would make a stolen key count again.
 */
function keptRevoked(where: string, wanted: RegionStatement, before: RegionStatement['revoked']): RegionStatement {
  for (const [kid, { since }] of Object.entries(before)) {
    const now = wanted.revoked[kid]
    const isKey = wanted.keys.some((jwk) => jwk.kid === kid)
    if (!isKey && (now === undefined || Date.parse(now.since) <= Date.parse(since))) continue
    const why = isKey
      ? `has revoked key ${kid}, which would count again`
      : `has revoked key ${kid} from ${since} on, not later`
    throw refusedSet(where, why, 'prov keys revoke says it to the journal again; look who has changed the database')
  }
  const revoked = Object.entries({ ...before, ...wanted.revoked }).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...wanted, revoked: Object.fromEntries(revoked) }
}

/** More files than a region writes in 30 years, one a second. */
const MOST_UNSIGNED_SEQ = 1_000_000_000

/**
 * The file that merge has verified and made public. Where it is signed with another key than today's, its number alone, and no absurd one: whoever may
 * write to the bucket could use up all numbers. 0: none yet.
 */
async function inPublic(job: PublishJob, isDamaged: boolean): Promise<Pick<RegionStatement, 'seq' | 'revoked'>> {
  const { place, region, signal } = job
  const name = `${place.root}${PUBLIC}`
  try {
    const found = await place.objects.get(PUBLIC, { signal })
    const envelope = found === undefined ? undefined : (await readPublicSet(name, found.bytes)).regions.get(region)
    const own = envelope === undefined ? undefined : await ownFile(Buffer.from(JSON.stringify(envelope)), job)
    if (own !== undefined) return own
    const seq = envelope === undefined ? 0 : claimsOf(envelope).seq
    if (Number.isSafeInteger(seq) && seq >= 0 && seq <= MOST_UNSIGNED_SEQ) return { seq, revoked: {} }
  } catch (thrown) {
    // A publisher need not be allowed to read it, and needs it only where its own file does not say.
    const isOpaque = thrown instanceof ProvError && (thrown.code === 'denied' || thrown.code === 'keyset_refused')
    if (!isOpaque) throw thrown
    if (!isDamaged) return { seq: 0, revoked: {} }
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
