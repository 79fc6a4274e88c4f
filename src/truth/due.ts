/** When something that failed is tried again. Pure: chance is an argument, and time is the database's. */

/** No wait is longer. A row that is due later than this was written by a clock that has been set back, and counts as due. */
export const LONGEST_WAIT_MS = 15 * 60_000
const FIRST_WAIT_MS = 1000

/** Failures in a row after which a lane pauses. */
export const LANE_FAILURES = 5
export const LONGEST_PAUSE_MS = 60_000
const FIRST_PAUSE_MS = 1000

/** A lease that runs for longer than this was written by a clock that has been set back, and counts as ended. */
export const LONGEST_LEASE_MS = 60 * 60_000
export const SHORTEST_LEASE_MS = 5000
export const LEASE_MS = 60_000

/**
 * Milliseconds until a delivery that failed is due again: twice as long each time, less up to a half by chance, never less than the other
 * side asked for, and never more than {@link LONGEST_WAIT_MS}.
 *
 * @example waitAfter(3, { chance: Math.random() }) // from 2000 to 4000
 */
export function waitAfter(attempts: number, { chance, retryAfterMs = 0 }: Wait): number {
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(Math.max(attempts, 1) - 1, 30))
  return Math.min(LONGEST_WAIT_MS, Math.max(Math.round(backoff * (1 - chance / 2)), Math.round(retryAfterMs)))
}

export interface Wait {
  /** From 0 up to 1. */
  readonly chance: number
  /** How long the other side asked to wait. */
  readonly retryAfterMs?: number | undefined
}

/**
 * Milliseconds for which a lane pauses after so many failures in a row; 0: it goes on.
 *
 * @example pauseAfter(5, { chance: 0 }) // 1000
 */
export function pauseAfter(failures: number, { chance, retryAfterMs = 0 }: Wait): number {
  const asked = Math.min(LONGEST_WAIT_MS, Math.round(retryAfterMs))
  if (failures < LANE_FAILURES) return asked
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - LANE_FAILURES, 30))
  return Math.max(Math.round(pause * (1 - chance / 2)), asked)
}
