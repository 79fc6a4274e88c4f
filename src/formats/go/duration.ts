/** Durations as Go reads and writes them (time.ParseDuration, Duration.String). Pure. */
import { withoutTrailing } from '../../platform/text/trim.ts'

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}
const PART = /([0-9]*)(?:\.([0-9]*))?([a-z\u00b5\u03bc]+)/gy
const MAX_LENGTH = 1000
const LONGEST = 2n ** 63n - 1n

/**
 * The spelling in which Go writes a duration back; undefined for what is none.
 *
 * @example canonicalDuration('90m') // '1h30m0s'
 */
export function canonicalDuration(text: string): string | undefined {
  // The sum of what is longer passes every bound of Go's.
  if (text.length > MAX_LENGTH) return undefined
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const rest = text.slice(sign.length)
  if (rest === '0') return '0s'
  let [total, end] = [0n, 0]
  for (const match of rest.matchAll(PART)) {
    const [part, whole = '', fraction = '', name = ''] = match
    const unit = Object.hasOwn(UNITS, name) ? UNITS[name] : undefined
    if (unit === undefined || whole + fraction === '') return undefined
    total += BigInt(whole) * BigInt(unit)
    if (fraction !== '') total += BigInt(Math.trunc(Number(fraction) * (unit / 10 ** fraction.length)))
    end = match.index + part.length
  }
  if (rest === '' || end !== rest.length || total > LONGEST) return undefined
  return total === 0n ? '0s' : `${sign === '-' ? '-' : ''}${written(total)}`
}

function written(total: bigint): string {
  if (total < 1_000n) return `${total}ns`
  if (total < 1_000_000n) return `${fixed(total, 3)}\u00b5s`
  if (total < 1_000_000_000n) return `${fixed(total, 6)}ms`
  const seconds = `${fixed(total % 60_000_000_000n, 9)}s`
  const minutes = total / 60_000_000_000n
  if (minutes === 0n) return seconds
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** A whole number with the point moved to the left, without needless zeros. */
function fixed(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  const fraction = withoutTrailing(digits.slice(-places), '0')
  return `${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`
}
