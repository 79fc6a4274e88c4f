/**
 * A Tekton object as Go's encoding/json writes it back: members in the order of the Go type, unknown ones dropped, empty ones left out or written
 * as their zero value. SLSA v1.0 predicates hold a run's spec, and whole TaskRuns, in this form. Pure.
 */

import { isRecord } from '../../platform/text/guards.ts'
import { NoValueError, ShapeError } from '../tekton/shape.ts'
import { byBytes, goJson, type Json, paramValue } from '../tekton/values.ts'
import { canonicalDuration } from './duration.ts'
import { canonicalQuantity } from './quantity.ts'
import { goTime, parseTime } from './time.ts'
import { GO_TYPES } from './types.ts'

interface Member {
  readonly name: string
  readonly omit: 'never' | 'empty' | 'zero'
  readonly type: string
}

/** Go's time before any: Kubernetes writes it as none. */
const ZERO_TIME = '0001-01-01T00:00:00'

const parsed = new Map<string, readonly Member[]>()

/**
 * JSON text of a value of the named type of {@link GO_TYPES}. Throws ShapeError for a member of a wrong type, NoValueError for a param or result
 * without a value.
 *
 * @example goStruct({ params: [] }, 'TaskRunSpec', 'spec') // '{"serviceAccountName":""}'
 */
export function goStruct(value: unknown, type: string, path: string): string {
  const fields = value ?? {}
  if (!isRecord(fields)) throw new ShapeError(path, 'an object', value)
  const members = membersOf(type).flatMap(({ name, omit, type: kind }) => {
    const member: unknown = Object.hasOwn(fields, name) ? fields[name] : undefined
    const given = member === null && kind !== '!ParamValue' ? undefined : member
    if (omit !== 'never' && isEmpty(given, kind, omit)) return []
    return [`${JSON.stringify(name)}:${write(given, kind, `${path}.${name}`)}`]
  })
  return `{${members.join(',')}}`
}

function membersOf(type: string): readonly Member[] {
  const known = parsed.get(type)
  if (known !== undefined) return known
  const members = (GO_TYPES[type] ?? '').split(' ').flatMap((text): readonly Member[] => {
    const match = /^([^:?~]+)([?~]?):(.+)$/.exec(text)
    if (match === null) return []
    const [, name = '', flag, kind = ''] = match
    return [{ name, omit: flag === '?' ? 'empty' : flag === '~' ? 'zero' : 'never', type: kind }]
  })
  parsed.set(type, members)
  return members
}

/** Structs, and types with a form of their own, are never empty in Go's eyes. */
function isEmpty(value: unknown, type: string, omit: 'empty' | 'zero'): boolean {
  if (type.startsWith('*') || type === 'any') return value === undefined
  if (type.startsWith('!')) return omit === 'zero' && value === undefined
  if (type === 's') return value === undefined || value === ''
  if (type === 'b') return value === undefined || value === false
  if (type === 'n') return value === undefined || value === 0
  if (type.startsWith('[')) return value === undefined || (Array.isArray(value) && value.length === 0)
  if (type.startsWith('{'))
    return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  return false
}

function write(value: unknown, type: string, path: string): string {
  const inner = type.slice(1)
  switch (type[0]) {
    case '*':
      return value === undefined || value === null ? 'null' : write(value, inner, path)
    case '[':
      if (value === undefined || value === null) return 'null'
      if (!Array.isArray(value)) throw new ShapeError(path, 'a list', value)
      return `[${value.map((item: unknown, i) => write(item ?? undefined, inner, `${path}[${i}]`)).join(',')}]`
    case '{':
      return value === undefined || value === null ? 'null' : writeMap(value, inner, path)
    case '!':
      return writeCustom(value, inner, path)
  }
  switch (type) {
    case 's':
      if (value !== undefined && typeof value !== 'string') throw new ShapeError(path, 'a string', value)
      return goJson(value ?? '')
    case 'b':
      if (value !== undefined && typeof value !== 'boolean') throw new ShapeError(path, 'a boolean', value)
      return String(value ?? false)
    case 'n':
      if (value !== undefined && typeof value !== 'number') throw new ShapeError(path, 'a number', value)
      return String(value ?? 0)
    default:
      return goStruct(value, type, path)
  }
}

function writeMap(value: unknown, inner: string, path: string): string {
  if (!isRecord(value)) throw new ShapeError(path, 'an object', value)
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b))
  return `{${entries.map(([key, item]) => `${goJson(key)}:${write(item ?? undefined, inner, `${path}[${JSON.stringify(key)}]`)}`).join(',')}}`
}

function writeCustom(value: unknown, type: string, path: string): string {
  if (type === 'ParamValue') {
    if (value === undefined) throw new NoValueError(path)
    const read = paramValue(value)
    if (read === undefined) throw new ShapeError(path, 'a quoted string (so large a number is not told exactly)', value)
    return goJson(read)
  }
  if (value === undefined || value === null) return 'null'
  if (type === 'Time' || type === 'VolatileTime') {
    const moment = typeof value === 'string' ? parseTime(value) : undefined
    if (moment === undefined) throw new ShapeError(path, 'an RFC 3339 time', value)
    if (moment.seconds === ZERO_TIME) return 'null'
    return goJson(goTime({ ...moment, nanoseconds: 0 }))
  }
  if (type === 'Quantity') {
    const amount = typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(String(value)) : undefined
    if (amount === undefined) throw new ShapeError(path, 'a quantity, such as 500m or 1Gi', value)
    return goJson(amount)
  }
  if (type === 'Duration') {
    const duration = typeof value === 'string' ? canonicalDuration(value) : undefined
    if (duration === undefined) throw new ShapeError(path, 'a duration, such as 1h30m', value)
    return goJson(duration)
  }
  if (type === 'RawExtension' || type === 'FieldsV1') return escapeHtml(JSON.stringify(value))
  return goJson(value as Json)
}

function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
