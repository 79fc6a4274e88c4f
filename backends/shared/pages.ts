/** Lists that come page by page: one that never ends is not followed for ever. Pure. */
import { ProvError } from '../../src/errors.ts'

/** Pages without an item, one after the other: some services have them, none so many. */
const MAX_EMPTY = 100
/** Where pages go round in a ring, the ring is shorter. */
const REMEMBERED = 10_000

/**
 * Called with each page: how many items it has and what names the next one. Throws `limit_exceeded` for a page that was there before, and for
 * pages without end that hold nothing.
 *
 * @example const follow = pageGuard('s3'); do { … follow(items.length, next) } while (next !== undefined)
 */
export function pageGuard(backend: string, location?: string): (items: number, next: string | undefined) => void {
  const seen = new Set<string>()
  let empty = 0
  return (items, next) => {
    if (next === undefined) return
    empty = items === 0 ? empty + 1 : 0
    const again = seen.has(next)
    if (seen.size < REMEMBERED) seen.add(next)
    if (!again && empty <= MAX_EMPTY) return
    const what = again
      ? 'the pages of the list go round in a ring'
      : `the list has more than ${MAX_EMPTY} pages of nothing`
    throw new ProvError('limit_exceeded', what, { backend, operation: 'list', location })
  }
}
