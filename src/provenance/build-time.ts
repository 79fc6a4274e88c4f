/** When the build took place that an entry describes. Pure. */

import { ProvError } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import { readStatement } from '../model/statement.ts'
import { memberIn } from '../platform/text/guards.ts'

/**
 * Milliseconds since the epoch at which the build ended, or began where its end is not said, by SLSA v0.2 or v1.0; undefined for
 * every other payload, an image signature included.
 *
 * @example timeOf(entry) // 1762426800000
 */
export function timeOf(entry: Entry): number | undefined {
  if (entry.kind !== 'dsse') return undefined
  const predicate = readStatement(entry.payload)?.predicate
  const old = memberIn(predicate, 'metadata')
  const current = memberIn(predicate, 'runDetails', 'metadata')
  const said = [
    memberIn(old, 'buildFinishedOn'),
    memberIn(current, 'finishedOn'),
    memberIn(old, 'buildStartedOn'),
    memberIn(current, 'startedOn'),
  ]
  const time = said.map((text) => (typeof text === 'string' ? Date.parse(text) : Number.NaN))
  return time.find((ms) => !Number.isNaN(ms))
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/**
 * A point in time, as a date (`2026-11-01`, `2026-11-01T12:00:00Z`) or as an age (`30d`, `12h`, `45m`, `2w`). Throws `usage`.
 *
 * @example parseMoment('30d', Date.now())
 */
export function parseMoment(text: string, now: number): number {
  const [, count, unit = ''] = /^([0-9]{1,5})([mhdw])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (UNITS[unit] ?? 0)
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new ProvError('usage', `${JSON.stringify(text.slice(0, 40))} is not a valid date`, {
    hint: 'give a date (2026-11-01, 2026-11-01T12:00:00Z) or an age (30d, 12h)',
  })
}
