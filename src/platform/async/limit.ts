/** How many pieces of work run at once. p-limit is imported here and nowhere else. */
import pLimit, { type LimitFunction } from 'p-limit'

/** Runs work as soon as one of the slots is free, in the order of the calls; gives the result of the work. */
export type Limit = LimitFunction

/**
 * At most `places` pieces of work at once.
 *
 * @example
 * const limit = limitTo(8)
 * await Promise.all(paths.map((path) => limit(() => readFile(path))))
 */
export function limitTo(places: number): Limit {
  return pLimit(places)
}
