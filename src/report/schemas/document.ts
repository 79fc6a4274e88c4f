/** A whole schema, as `prov schema` prints it and the package holds it. Pure. */
import { PARTS, ref } from './parts.ts'
import type { Schema } from './shape.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/**
 * What a command prints with --json: its result, or the failure.
 *
 * @example output('prov keys generate --json', object<KeyFiles>({ … }, {})).oneOf // [result, failure]
 */
export function output(title: string, ...results: readonly Schema[]): Schema {
  return whole(title, { oneOf: [...results, ref('failure')] })
}

/** @example failureOnly('any command').$defs // { failure: …, error: … } */
export function failureOnly(title: string): Schema {
  return whole(title, ref('failure'))
}

/**
 * What a file holds that people write for prov.
 *
 * @example file('a keyring', object<KeyringFile>({ … }, { … }))
 */
export function file(title: string, schema: Schema): Schema {
  return whole(title, schema)
}

function whole(title: string, schema: Schema): Schema {
  return { $schema: DIALECT, title, ...schema, $defs: partsOf(schema) }
}

/** The parts that a schema refers to, and those that they refer to. */
function partsOf(schema: Schema): Readonly<Record<string, Schema>> {
  const found = new Map<string, Schema>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      const name = key === '$ref' ? String(value).replace('#/$defs/', '') : undefined
      if (name === undefined) visit(value)
      else if (isPart(name) && !found.has(name)) {
        found.set(name, PARTS[name])
        visit(PARTS[name])
      }
    }
  }
  visit(schema)
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function isPart(name: string): name is keyof typeof PARTS {
  return Object.hasOwn(PARTS, name)
}
