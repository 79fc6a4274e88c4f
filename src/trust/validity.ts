/** When something counts. Pure. */

/** Milliseconds since the epoch; what is absent is open. */
export interface Validity {
  readonly from?: number
  readonly until?: number
}

/**
 * True when every time lies in the window, its ends included; without a window always, and never in one when there is no time.
 *
 * @example isWithin({ until: 2000 }, [1000, 2000]) // true
 */
export function isWithin(validity: Validity | undefined, times: readonly number[]): boolean {
  if (validity === undefined) return true
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = validity
  return times.length > 0 && times.every((time) => time >= from && time <= until)
}

/** The first of several ends; undefined when there is none. @example firstEnd([undefined, 5, 3]) // 3 */
export function firstEnd(ends: readonly (number | undefined)[]): number | undefined {
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
