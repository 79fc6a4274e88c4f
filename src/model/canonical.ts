/** What a payload says, apart from how it is spelled. */
import { createHash } from 'node:crypto'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord } from '../platform/text/guards.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * A digest of what the payload means: JSON with sorted keys, and a Statement's subjects as a set. Two payloads with one meaning differ in
 * white space, key order, number spelling or subject order only. The meaning of a payload that is not JSON, or is nested too deeply, is its
 * own bytes.
 *
 * @example meaningOf(Buffer.from('{"a": 1}')) === meaningOf(Buffer.from('{"a":1.0}')) // true
 */
export function meaningOf(payload: Uint8Array): string {
  const value = parse(payload)
  return createHash('sha256')
    .update(value === undefined ? payload : canonical(asSet(value)))
    .digest('hex')
}

/**
 * Where two payloads differ in meaning, as JSON pointers, at most `limit` of them; [] when they mean the same.
 *
 * @example differences(a, b) // ['/predicate/invocation/environment/labels/team']
 */
export function differences(a: Uint8Array, b: Uint8Array, limit = 20): readonly string[] {
  return differingValues(a, b, limit)?.map(({ pointer }) => pointer) ?? (meaningOf(a) === meaningOf(b) ? [] : [''])
}

/** One member in which two payloads differ; a value is undefined where its payload has none. */
export interface Differing {
  readonly pointer: string
  readonly a: Json | undefined
  readonly b: Json | undefined
}

/**
 * The same with both values; undefined when one of the payloads is not JSON.
 *
 * @example differingValues(a, b, 20)?.[0] // { pointer: '/predicate/…/team', a: 'web', b: 'api' }
 */
export function differingValues(a: Uint8Array, b: Uint8Array, limit: number): readonly Differing[] | undefined {
  const left = parse(a)
  const right = parse(b)
  if (left === undefined || right === undefined) return undefined
  const found: Differing[] = []
  compare(asSet(left), asSet(right), '', found, limit)
  return found
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function parse(payload: Uint8Array): Json | undefined {
  try {
    return parseBounded(UTF8.decode(payload)) as Json
  } catch {
    return undefined
  }
}

// Chains keeps some results in an unordered map, so one run's subjects come in any order (reference: chains.md 0.11).
function asSet(value: Json): Json {
  if (!isRecord(value) || !Array.isArray(value['subject']) || typeof value['predicateType'] !== 'string') return value
  const sorted = value['subject'].map((s: Json) => ({ s, c: canonical(s) })).sort((x, y) => (x.c < y.c ? -1 : 1))
  return { ...value, subject: sorted.map((x) => x.s) }
}

/**
 * JSON text with sorted keys and no white space: one text for one value.
 *
 * @example canonical({ b: 1, a: [] }) // '{"a":[],"b":1}'
 */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}

function compare(a: Json | undefined, b: Json | undefined, pointer: string, found: Differing[], limit: number): void {
  if (found.length >= limit) return
  if (isRecord(a) && isRecord(b)) {
    for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
      compare(a[key], b[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, found, limit)
    }
  } else if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.max(a.length, b.length); i++) compare(a[i], b[i], `${pointer}/${i}`, found, limit)
  } else if (a === undefined || b === undefined || canonical(a) !== canonical(b)) {
    found.push({ pointer, a, b })
  }
}
