/** Keys that the public set held and the next one does not: dropped by their regions, lost, or never a key of a region at all. Pure. */
import type { ProvError } from '../errors.ts'
import { refusedSet } from '../keys/key-set.ts'
import type { PublicSet } from '../trust/public-set.ts'
import type { MergedSets } from './merged.ts'
import { claimsOf, type RegionReading } from './read-regions.ts'

export interface Missing {
  /** Why the next set must not be written; absent: nothing is lost. */
  readonly lost?: ProvError
  /** Kids of keys that somebody has put there by hand. */
  readonly foreign: ReadonlySet<string>
}

const MOST_NAMED = 5

/**
 * A merge writes the signed file of each region beside the keys, so a key that stands in none of them was not written by one: nobody has vouched
 * for it. Nor has anybody where such a file was not signed by its region's publisher. That is not known of a set without such files, and where one
 * of them cannot be read.
 *
 * @example missingKeys('gs://b/public/keys.json', merged, before, readings).lost // undefined: it may be written
 */
export function missingKeys(
  where: string,
  { kids }: Pick<MergedSets, 'kids'>,
  before: PublicSet,
  readings: readonly RegionReading[],
): Missing {
  const seqs = new Map(readings.flatMap(({ region, newest }) => (newest === undefined ? [] : [[region, newest.seq]])))
  const signed = new Set(readings.flatMap(({ region, embedded }) => (embedded === undefined ? [] : [region])))
  const claims = [...before.regions].map(([region, envelope]) => ({ region, ...claimsOf(envelope) }))
  const isWhole = claims.length > 0 && claims.every(({ seq }) => Number.isSafeInteger(seq) && seq >= 1)
  // Whoever may write there also says how long all of this is: each kid is looked up.
  const published = new Set(claims.flatMap(({ region, kids: own }) => (signed.has(region) ? own : [])))
  const kept = claims.filter(({ region, seq }) => (seqs.get(region) ?? 0) <= seq)
  const owner = new Map(kept.toReversed().flatMap((one) => one.kids.map((kid) => [kid, one.region] as const)))
  const foreign = new Set<string>()
  for (const { jwk } of before.keys) {
    if (kids.has(jwk.kid)) continue
    const region = owner.get(jwk.kid)
    const isDropped = region === undefined && published.has(jwk.kid)
    if (isDropped) continue
    if (region !== undefined || !isWhole)
      return { foreign, lost: lostKey(where, jwk.kid, region, region !== undefined && seqs.has(region)) }
    foreign.add(jwk.kid)
  }
  return { foreign }
}

function lostKey(where: string, kid: string, region: string | undefined, isKnown: boolean): ProvError {
  const of = region === undefined ? '' : ` of region ${region}`
  const why = `is left as it is: without key ${kid}${of}, which no newer file has dropped, it would be smaller`
  if (region === undefined) {
    const hint =
      'to keep it, make it the key of a region: prov keys publish --region NAME --from FILE; to drop it, move the public set away and merge again'
    return refusedSet(where, why, hint)
  }
  const hint = isKnown
    ? 'publish that region again; if somebody has changed the public set by hand, move it away and merge again'
    : 'to remove a region, let it publish a file without keys first, and take it out of the file of regions after that'
  return refusedSet(where, why, hint)
}

/** What is said of keys that were dropped since nobody has vouched for them. @example foreignKeys(where, missing.foreign).code // 'keyset_refused' */
export function foreignKeys(where: string, kids: ReadonlySet<string>): ProvError {
  const named = `${[...kids].slice(0, MOST_NAMED).join(', ')}${kids.size > MOST_NAMED ? ', …' : ''}`
  const what =
    kids.size === 1
      ? `key ${named}, which no region has published`
      : `${kids.size} keys, which no region has published: ${named}`
  const hint = 'somebody else may write to it: see who has; what that key signed may have been trusted until now'
  return refusedSet(where, `held ${what}; dropped`, hint)
}
