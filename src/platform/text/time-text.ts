/** Times as JSON prints them. Pure. */

/** The last moment that a Date has, in milliseconds since the epoch. */
const LAST_MS = 8.64e15

/**
 * RFC 3339 of milliseconds since the epoch; a time before that or beyond every calendar becomes the nearest that there is.
 *
 * @example timeText(0) // '1970-01-01T00:00:00.000Z'
 */
export function timeText(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), LAST_MS)).toISOString()
}

/**
 * A span of time in the largest unit that tells enough, rounded down.
 *
 * @example ageText(12_345) // '12 s'
 */
export function ageText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`
  if (minutes < 120) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`
}
