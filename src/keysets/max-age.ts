/** For how long a cache may keep an answer: RFC 9111 5.2.2, RFC 5861 3. Pure. */

/** What is taken where a server says nothing: caches then decide for themselves, and Google's service means an hour. */
export const UNSAID_MS = 3_600_000
/** No rotation waits longer for caches than that. */
export const LONGEST_MS = 24 * 3_600_000

export interface Heads {
  readonly 'cache-control'?: string | undefined
  readonly expires?: string | undefined
  readonly date?: string | undefined
}

/**
 * Milliseconds from the answer on: 0 with `no-store` and `no-cache`; of `max-age` and `s-maxage` the longer one, with what may be served
 * stale while a cache asks again; else `Expires`; else {@link UNSAID_MS}. A value that is not a number counts as not said.
 *
 * @example maxAgeMs({ 'cache-control': 'public, max-age=60' }) // 60000
 */
export function maxAgeMs(heads: Heads): number {
  const control = heads['cache-control'] ?? ''
  if (/(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,])/i.test(control)) return 0
  const ages = [secondsOf(control, 'max-age'), secondsOf(control, 's-maxage')].filter((age) => age !== undefined)
  if (ages.length > 0) return 1000 * (Math.max(...ages) + (secondsOf(control, 'stale-while-revalidate') ?? 0))
  const [expires, date] = [Date.parse(heads.expires ?? ''), Date.parse(heads.date ?? '')]
  return Number.isNaN(expires) || Number.isNaN(date) ? UNSAID_MS : Math.max(0, expires - date)
}

function secondsOf(control: string, name: string): number | undefined {
  for (const part of control.slice(0, 4096).split(',')) {
    const [key = '', value = ''] = part.split('=', 2)
    if (key.trim().toLowerCase() !== name) continue
    const digits = value.trim().replace(/^"(.*)"$/, '$1')
    if (/^[0-9]{1,15}$/.test(digits)) return Number(digits)
  }
  return undefined
}
