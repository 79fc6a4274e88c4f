/** When something counts. Pure. */

/** Milliseconds since the epoch; what is absent is open. */
export interface Validity {
  readonly from?: number
  readonly until?: number
  /** It counts as well where no time is proven: the owner has destroyed the key at the end. */
  readonly unproven?: true
}

/**
 * True when every time lies in the window, its ends included; without a window always. When there is no time, only in a window that is
 * `unproven`.
 *
 * @example isWithin({ until: 2000 }, [1000, 2000]) // true
 */
export function isWithin(validity: Validity | undefined, times: readonly number[]): boolean {
  if (validity === undefined) return true
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, unproven = false } = validity
  return (times.length > 0 || unproven) && times.every((time) => time >= from && time <= until)
}

/** The first of several ends; undefined when there is none. @example firstEnd([undefined, 5, 3]) // 3 */
export function firstEnd(ends: readonly (number | undefined)[]): number | undefined {
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
