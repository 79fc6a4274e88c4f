/** JSON Schema (2020-12), as far as prov's outputs need it. Objects are closed, and typed by the interface that they describe. Pure. */

/** A schema, as it is published. */
export type Schema = Readonly<Record<string, unknown>>

type Optional<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]

/**
 * A closed object, one schema for each member of `T`: a member that the interface gains or loses is a type error here.
 *
 * @example object<{ exit: number; note?: string }>({ exit: EXIT }, { note: TEXT }).required // ['exit']
 */
export function object<T>(
  required: { readonly [K in Exclude<keyof T, Optional<T>>]: Schema },
  optional: { readonly [K in Optional<T>]: Schema },
  description?: string,
): Schema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  }
}

/** @example list(TEXT) // { type: 'array', items: { type: 'string' } } */
export function list(items: Schema): Schema {
  return { type: 'array', items }
}

/**
 * One of the keys of a table. A union of strings without a table of its own is spelled as `Record<Union, true>`, which the type
 * checker holds complete.
 *
 * @example oneOf(MARKS) // { type: 'string', enum: ['=', '~', …] }
 */
export function oneOf(table: Readonly<Record<string, unknown>>): Schema {
  return { type: 'string', enum: Object.keys(table) }
}

/**
 * How often each of some names came up: names of the table, or all names where no table is given.
 *
 * @example tally(ERRORS, COUNT) // { type: 'object', propertyNames: { enum: ['internal', …] }, additionalProperties: { … } }
 */
export function tally(table: Readonly<Record<string, unknown>> | undefined, of: Schema): Schema {
  const names = table === undefined ? {} : { propertyNames: oneOf(table) }
  return { type: 'object', ...names, additionalProperties: of }
}

/** The schema with a sentence on what it means. @example says(TEXT, 'where') */
export function says(schema: Schema, description: string): Schema {
  return { ...schema, description }
}

export const TEXT: Schema = { type: 'string' }
export const BOOL: Schema = { type: 'boolean' }
export const COUNT: Schema = { type: 'integer', minimum: 0 }
export const BASE64: Schema = { type: 'string', contentEncoding: 'base64' }
