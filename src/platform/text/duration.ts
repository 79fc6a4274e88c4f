/** Durations as the settings spell them: `500ms`, `30s`, `2m`, `12h`, `90d`; a bare number means seconds. Pure. */

/** Milliseconds of each unit. */
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)?$/

/**
 * Milliseconds of a duration; NaN where it is not one.
 *
 * @example durationMs('500ms') // 500
 */
export function durationMs(value: string): number {
  const [, amount, unit = 's'] = DURATION.exec(value) ?? []
  return Number(amount) * (UNIT_MS[unit] ?? Number.NaN)
}
