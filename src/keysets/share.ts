/** How many keys one region may bring into the public set, so that it takes nobody else's room. Pure. */
import type { RegionStatement } from '../trust/region-file.ts'

/** Where many regions share little room: the key that signs, the next one, and two that have signed before. */
const LEAST_SHARE = 4

/**
 * An equal part of the set for each region, {@link LEAST_SHARE} at least; `wanted` in its place where it is given. Retired keys do not count: they
 * go to the archive.
 *
 * @example shareOf({ maxKeys: 100, regions: 20 }) // 5
 */
export function shareOf(of: {
  readonly maxKeys: number
  readonly regions: number
  readonly wanted?: number | undefined
}): number {
  return of.wanted ?? Math.max(LEAST_SHARE, Math.floor(of.maxKeys / Math.max(1, of.regions)))
}

/** Keys of a file that are not retired. @example unretired(file) // 3 */
export function unretired({ keys, windows }: Pick<RegionStatement, 'keys' | 'windows'>): number {
  return keys.filter(({ kid }) => windows[kid]?.status !== 'retired').length
}
