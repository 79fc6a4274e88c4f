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
