/** Values of params and results, read and written as Tekton's Go types do (pkg/apis/pipeline/v1/param_types.go). Pure. */
import { isRecord } from '../../platform/text/guards.ts'

/** Tekton's ParamValue: a string, a list of strings or an object of strings. */
export type ParamValue = string | readonly string[] | Readonly<Record<string, string>>

/** JSON as the payload writers take it. Objects may lack a prototype. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Any JSON value as a ParamValue: a value other than a text, a list of texts or an object of texts becomes the text of its JSON; `null` is
 * '' everywhere. undefined for a whole number that a double cannot hold exactly.
 *
 * @example paramValue([1, 2]) // '[1,2]'
 */
export function paramValue(value: unknown): ParamValue | undefined {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every(isText)) return value.map((item) => item ?? '')
  if (isRecord(value) && Object.values(value).every(isText)) {
    return record(Object.entries(value).map(([key, item]) => [key, (item as string | null) ?? '']))
  }
  if (Object.is(value, -0)) return '-0'
  return everyNumberExact(value) ? JSON.stringify(value) : undefined
}

/** An object without a prototype, so that no key (`__proto__`) is special. The last of two equal keys wins. */
export function record<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const object: Record<string, T> = Object.create(null)
  for (const [key, value] of entries) object[key] = value
  return object
}

/**
 * Go's json.Marshal of a ParamValue or any JSON: sorted keys, `<`, `>`, `&`, U+2028 and U+2029 escaped.
 *
 * @example goJson('<c>') // '"\\u003cc\\u003e"'
 */
export function goJson(value: Json): string {
  return protoJson(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Compact JSON as protojson writes a Struct: keys sorted by their UTF-8 bytes at every level, no white space, no HTML escapes,
 * numbers as Go prints a float64.
 *
 * @example protoJson({ b: 1e21, a: null }) // '{"a":null,"b":1e+21}'
 */
export function protoJson(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isList(value)) return `[${value.map(protoJson).join(',')}]`
  const keys = Object.keys(value).sort(byBytes)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${protoJson(value[key] ?? null)}`).join(',')}}`
}

/**
 * Order of two well-formed texts by their UTF-8 bytes; JavaScript's own order differs past U+FFFF.
 *
 * @example ['\u{1f600}', '\uff5e'].sort(byBytes) // ['\uff5e', '\u{1f600}']
 */
export function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const astralX = x >= 0xd800 && x <= 0xdfff
    const astralY = y >= 0xd800 && y <= 0xdfff
    return astralX === astralY ? x - y : astralX ? 1 : -1
  }
  return a.length - b.length
}

function isText(value: unknown): value is string | null {
  return typeof value === 'string' || value === null
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function everyNumberExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(everyNumberExact)
}
