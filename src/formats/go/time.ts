/** Times as Go reads and writes them: RFC 3339 in, UTC out, nanoseconds kept. Pure. */
import { withoutTrailing } from '../../platform/text/trim.ts'

/** A point in time, in UTC. */
export interface Moment {
  /** `2026-11-21T09:00:10`, without zone. */
  readonly seconds: string
  /** 0 to 999,999,999. */
  readonly nanoseconds: number
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/**
 * A RFC 3339 time with any offset, or undefined for anything else, also for days that no calendar has.
 *
 * @example parseTime('2026-11-21T10:00:10+01:00') // { seconds: '2026-11-21T09:00:10', nanoseconds: 0 }
 */
export function parseTime(text: string): Moment | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offset = match[8] === undefined ? 0 : (match[8] === '-' ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10]))
  if (hour > 23 || minute > 59 || second > 59 || Number(match[9] ?? 0) > 24 || Number(match[10] ?? 0) > 59)
    return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute - offset, second)
  const iso = date.toISOString()
  if (iso.length !== 24) return undefined // before year 0 or after 9999
  return { seconds: iso.slice(0, 19), nanoseconds: Number((match[7] ?? '').slice(0, 9).padEnd(9, '0')) }
}

/**
 * As Go's time.Time is written in JSON: no needless zeros.
 *
 * @example goTime({ seconds: '2026-11-21T09:00:10', nanoseconds: 500_000_000 }) // '2026-11-21T09:00:10.5Z'
 */
export function goTime(moment: Moment): string {
  const fraction = withoutTrailing(fractionOf(moment), '0')
  return `${moment.seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

/**
 * As protojson writes a Timestamp: 0, 3, 6 or 9 digits of fraction.
 *
 * @example protoTime({ seconds: '2026-11-21T09:00:10', nanoseconds: 500_000_000 }) // '2026-11-21T09:00:10.500Z'
 */
export function protoTime(moment: Moment): string {
  const fraction = fractionOf(moment).replace(/(000){1,3}$/, '')
  return `${moment.seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

function fractionOf(moment: Moment): string {
  return String(moment.nanoseconds).padStart(9, '0')
}
