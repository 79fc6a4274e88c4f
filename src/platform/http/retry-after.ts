/** How long a server asks to be left alone. Pure. */

/**
 * Milliseconds to wait by a Retry-After header, seconds or an HTTP date (RFC 9110 section 10.2.3); undefined when it is
 * absent or neither.
 *
 * @example retryAfterMs('2', Date.now()) // 2000
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000
  const date = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
