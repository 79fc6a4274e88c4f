/** Guards over parsed JSON: nothing is assumed of what others wrote. Pure. */

export type JsonRecord = Readonly<Record<string, unknown>>

/**
 * True for a JSON object: not for null, and not for an array.
 *
 * @example isRecord(JSON.parse('{}')) // true
 */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The object itself, or `{}` where it is something else: for reading members that may be missing.
 *
 * @example recordIn(JSON.parse('[]')) // {}
 */
export function recordIn(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}

/**
 * The array itself, or `[]` where it is something else.
 *
 * @example arrayIn(undefined) // []
 */
export function arrayIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/**
 * The text itself; undefined where it is something else.
 *
 * @example textIn(7) // undefined
 */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/**
 * The own member that a path of keys leads to; undefined where there is none.
 *
 * @example memberIn({ spec: { name: 'x' } }, 'spec', 'name') // 'x'
 */
export function memberIn(value: unknown, ...path: readonly string[]): unknown {
  let here: unknown = value
  for (const key of path) here = isRecord(here) && Object.hasOwn(here, key) ? here[key] : undefined
  return here
}
