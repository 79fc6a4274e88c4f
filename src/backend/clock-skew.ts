/** How far another clock is from this one. Pure. */
import type { CheckResult } from './diagnosis.ts'

/** Tokens and signed requests are refused from a few minutes on; less than this is nobody's trouble. */
const TOLERATED_S = 60

/**
 * Judges the Date header of an answer (RFC 9110 section 6.6.1, whole seconds) by when it was asked for and when it came.
 *
 * @example clockSkew('Wed, 25 Nov 2026 12:00:00 GMT', sent, received) // 'within 1 s of this machine'
 */
export function clockSkew(date: string | undefined, sent: number, received: number): CheckResult {
  const theirs = date !== undefined && /[A-Za-z]/.test(date) ? Date.parse(date) : Number.NaN
  if (Number.isNaN(theirs)) return { outcome: 'skipped', detail: 'it does not say what time it has' }
  // Cut off to the second, and made at any moment of the exchange.
  const seconds = Math.round(between(theirs + 500, sent, received) / 1000)
  if (Math.abs(seconds) <= TOLERATED_S) return `within ${Math.max(1, Math.abs(seconds))} s of this machine's`
  const which = seconds > 0 ? 'ahead of' : 'behind'
  return {
    outcome: 'degraded',
    detail: `${Math.abs(seconds)} s ${which} this machine's: tokens and signed requests may be refused`,
  }
}

/** 0 inside the interval, else the distance from its nearer end. */
function between(time: number, from: number, to: number): number {
  if (time < from) return time - from
  return time > to ? time - to : 0
}
