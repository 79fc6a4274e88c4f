/** Parsed payloads: whether a database can hold one, and whether two say the same. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a database cannot hold in a document's field. */
export interface JsonLimits {
  /** Objects and arrays within each other, the outermost counted. */
  readonly depth: number
  readonly arraysInArrays: boolean
  key(name: string): boolean
  number(value: number): boolean
}

/**
 * True when a field can hold the value.
 *
 * @example fits([[1]], { ...limits, arraysInArrays: false }) // false
 */
export function fits(value: Json, limits: JsonLimits, depth = 1): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && limits.number(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth > limits.depth) return false
  if (isArray(value)) {
    return value.every((item) => (limits.arraysInArrays || !isArray(item)) && fits(item, limits, depth + 1))
  }
  return Object.entries(value).every(([name, item]) => limits.key(name) && fits(item, limits, depth + 1))
}

/**
 * True when both say the same: `""` and null are one (Chains' DynamoDB driver has no empty strings), halves of surrogate pairs
 * compare as what UTF-8 makes of them, the order of members does not count.
 *
 * @example sameJson({ a: '', b: [1] }, { b: [1], a: null }) // true
 */
export function sameJson(a: Json, b: unknown): boolean {
  if (a === null || a === '') return b === null || b === ''
  if (typeof a === 'string') return typeof b === 'string' && a.toWellFormed() === b.toWellFormed()
  if (typeof a !== 'object') return a === b
  if (typeof b !== 'object' || b === null || isArray(a) !== Array.isArray(b)) return false
  if (isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  return sameMembers(a as Readonly<Record<string, Json>>, b as Readonly<Record<string, unknown>>)
}

function sameMembers(a: Readonly<Record<string, Json>>, b: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(a)
  // Nearly always both are spelled alike.
  if (names.every((name) => Object.hasOwn(b, name) && name.isWellFormed())) {
    return names.length === Object.keys(b).length && names.every((name) => sameJson(a[name] ?? null, b[name]))
  }
  const others = new Map(Object.entries(b).map(([name, item]) => [name.toWellFormed(), item]))
  const own = Object.entries(a)
  return own.length === others.size && own.every(([name, item]) => sameMember(item, name.toWellFormed(), others))
}

function sameMember(item: Json, name: string, others: ReadonlyMap<string, unknown>): boolean {
  return others.has(name) && sameJson(item, others.get(name))
}

/** As Array.isArray, for readonly arrays too. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
