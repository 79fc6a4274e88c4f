/**
 * Guards that read the members of a Tekton object as its Go types would: absent and null give the zero value, another type is
 * refused. They throw {@link ShapeError} with the JSON path; `run-view.ts` turns it into `input_invalid` with the run's name.
 */

import { isRecord } from '../../platform/text/guards.ts'
import { type Moment, parseTime } from '../go/time.ts'
import { type ParamValue, paramValue, record } from './values.ts'

/** A member of the wrong type. Never leaves this folder. */
export class ShapeError extends Error {
  constructor(path: string, wanted: string, value: unknown) {
    super(`${path} must be ${wanted}, not ${kindOf(value)}`)
    this.name = 'ShapeError'
  }
}

/** A param or result without its value, which Go reads and then cannot write. */
export class NoValueError extends ShapeError {
  constructor(path: string) {
    super(path, 'a string, a list or an object of strings', null)
  }
}

export type Fields = Readonly<Record<string, unknown>>

/** The members of an object; undefined when absent or null. */
export function maybeObject(value: unknown, path: string): Fields | undefined {
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw new ShapeError(path, 'an object', value)
  return value
}

/** The members of an object; {} when absent or null. */
export function object(value: unknown, path: string): Fields {
  return maybeObject(value, path) ?? {}
}

/** The items of a list, each read by `item`; [] when absent or null. */
export function list<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): readonly T[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new ShapeError(path, 'a list', value)
  return value.map((one: unknown, i) => item(one, `${path}[${i}]`))
}

/** '' when absent or null. */
export function text(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new ShapeError(path, 'a string', value)
  return value
}

/** {} when absent or null; the values likewise ''. */
export function texts(value: unknown, path: string): Readonly<Record<string, string>> {
  return record(
    Object.entries(object(value, path)).map(([key, one]) => [key, text(one, `${path}[${JSON.stringify(key)}]`)]),
  )
}

/** undefined when absent or null. */
export function time(value: unknown, path: string): Moment | undefined {
  if (value === undefined || value === null) return undefined
  const moment = typeof value === 'string' ? parseTime(value) : undefined
  if (moment === undefined) throw new ShapeError(path, 'an RFC 3339 time', value)
  return moment
}

/** undefined only when absent: null is '' (see {@link paramValue}). */
export function param(value: unknown, path: string): ParamValue | undefined {
  if (value === undefined) return undefined
  const read = paramValue(value)
  if (read === undefined) throw new ShapeError(path, 'a quoted string (so large a number is not told exactly)', value)
  return read
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return 'the text '.concat(JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}…` : value))
    case 'number':
      return `the number ${value}`
    case 'boolean':
      return `the boolean ${value}`
    default:
      return 'an object'
  }
}
