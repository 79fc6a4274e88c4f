/** How many bytes a document has in each database, and how many it may have; as their own manuals count. Pure. */
import { ProvError } from '../../src/errors.ts'
import { isArray, type Json } from './json.ts'
import type { SignedDocument } from './layout.ts'

export interface SizeRule {
  /** Largest document. */
  readonly limit: number
  /** Largest single field, where that is less. */
  readonly fieldLimit?: number
  /** Bytes of the document without its fields. */
  readonly base: number
  /** Bytes of one field with its name. */
  field(name: string, value: Json | Uint8Array): number
}

const utf8 = (text: string): number => Buffer.byteLength(text)

function total(value: Json, one: (name: string, item: Json) => number): number {
  if (typeof value !== 'object' || value === null) return 0
  const members: readonly (readonly [string, Json])[] = isArray(value)
    ? value.map((item, i) => [String(i), item])
    : Object.entries(value)
  return members.reduce((sum, [name, item]) => sum + one(name, item), 0)
}

/** https://bsonspec.org/spec.html; the limit is MongoDB's 16 MiB a document. */
const bsonValue = (value: Json | Uint8Array): number => {
  if (value instanceof Uint8Array) return 5 + value.length
  if (value === null) return 0
  if (typeof value === 'boolean') return 1
  if (typeof value === 'number') return 8
  if (typeof value === 'string') return 5 + utf8(value)
  return 5 + total(value, (name, item) => 2 + utf8(name) + bsonValue(item))
}

/** https://cloud.google.com/firestore/docs/storage-size and /quotas. Names of array elements do not count. */
const firestoreValue = (value: Json | Uint8Array): number => {
  if (value instanceof Uint8Array) return value.length
  if (value === null || typeof value === 'boolean') return 1
  if (typeof value === 'number') return 8
  if (typeof value === 'string') return 1 + utf8(value)
  const names = isArray(value) ? () => 0 : (name: string) => 1 + utf8(name)
  return total(value, (name, item) => names(name) + firestoreValue(item))
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html; numbers: at most. */
const dynamoValue = (value: Json | Uint8Array): number => {
  if (value instanceof Uint8Array) return value.length
  if (value === null || typeof value === 'boolean') return 1
  if (typeof value === 'number') return 21
  if (typeof value === 'string') return Math.max(1, utf8(value))
  const names = isArray(value) ? () => 1 : (name: string) => 1 + utf8(name)
  return 3 + total(value, (name, item) => names(name) + dynamoValue(item))
}

export const SIZE_RULES = {
  mongo: { limit: 16 * 1024 * 1024, base: 5, field: (name, value) => 2 + utf8(name) + bsonValue(value) },
  firestore: {
    limit: 1_048_576,
    fieldLimit: 1_048_487,
    base: 512, // the document's name, at most
    field: (name, value) => 1 + utf8(name) + firestoreValue(value),
  },
  dynamodb: { limit: 400 * 1024, base: 100, field: (name, value) => utf8(name) + dynamoValue(value) },
  sqlite: {
    limit: 64 * 1024 * 1024, // SQLite takes a gigabyte; no envelope that prov reads is larger than this
    base: 0,
    field: (_, value) =>
      value instanceof Uint8Array ? value.length : utf8(typeof value === 'string' ? value : JSON.stringify(value)),
  },
} as const satisfies Readonly<Record<string, SizeRule>>

/**
 * Bytes of the document in that database. Throws `entry_too_large` when it would not take it.
 *
 * @example sizeOf(document, SIZE_RULES.dynamodb) // 3184
 */
export function sizeOf(document: SignedDocument, rule: SizeRule): number {
  let bytes = rule.base
  for (const [name, value] of Object.entries(document)) {
    const field = rule.field(name, value as Json | Uint8Array)
    if (rule.fieldLimit !== undefined && field > rule.fieldLimit) throw tooLarge(`its ${name}`, field, rule.fieldLimit)
    bytes += field
  }
  if (bytes > rule.limit) throw tooLarge('the document', bytes, rule.limit)
  return bytes
}

export function tooLarge(what: string, bytes: number, limit: number): ProvError {
  return new ProvError('entry_too_large', `${what} would have ${bytes} bytes, the limit is ${limit}`, {
    hint: 'gcs, s3 and oci hold larger entries',
  })
}
