/** A document's fields as google.firestore.v1.Value, and back (googleapis: google/firestore/v1/document.proto). Pure. */
import { fits, isArray, type Json, type JsonLimits } from '../json.ts'
import type { SignedDocument } from '../layout.ts'
import type { Fields } from '../store.ts'

/** One of these members. */
export interface Value {
  readonly nullValue?: unknown
  readonly booleanValue?: boolean | null
  readonly integerValue?: number | string | object | null
  readonly doubleValue?: number | string | null
  readonly stringValue?: string | null
  readonly bytesValue?: Uint8Array | string | null
  readonly arrayValue?: { readonly values?: readonly Value[] | null } | null
  readonly mapValue?: { readonly fields?: Readonly<Record<string, Value>> | null } | null
  /** The member that is set, as the client's decoder says. */
  readonly valueType?: string
}

/** https://cloud.google.com/firestore/docs/quotas; names like `__x__` are reserved. */
const LIMITS: JsonLimits = {
  depth: 20,
  arraysInArrays: false,
  key: (name) => name !== '' && Buffer.byteLength(name) <= 1500 && !/^__.*__$/.test(name),
  number: () => true,
}

/**
 * Chains' fields; the key is the document's own name, and a field only where `keepsName` says so.
 *
 * @example fieldsIn(document, { keepsName: false }).Cert // { stringValue: '' }
 */
export function fieldsIn(
  { Signed, Signature, Cert, Chain, Object: object, Name }: SignedDocument,
  { keepsName }: { readonly keepsName: boolean },
): Readonly<Record<string, Value>> {
  return {
    Signed: { bytesValue: Signed },
    Signature: { stringValue: Signature },
    Cert: { stringValue: Cert },
    Chain: { stringValue: Chain },
    ...(fits(object, LIMITS) ? { Object: encoded(object) } : {}),
    ...(keepsName ? { Name: { stringValue: Name } } : {}),
  }
}

/** Go's numbers are all float64. */
function encoded(value: Json): Value {
  if (value === null) return { nullValue: 'NULL_VALUE' }
  if (typeof value === 'boolean') return { booleanValue: value }
  if (typeof value === 'number') return { doubleValue: value }
  if (typeof value === 'string') return { stringValue: value }
  if (isArray(value)) return { arrayValue: { values: value.map(encoded) } }
  const fields = Object.entries(value).map(([name, item]) => [name, encoded(item)] as const)
  return { mapValue: { fields: Object.fromEntries(fields) } }
}

/** @example fieldsOf({ Signed: { bytesValue } }).Signed // Uint8Array */
export function fieldsOf(fields: Readonly<Record<string, Value>>): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]))
}

function plain(value: Value): unknown {
  if (typeof value.stringValue === 'string') return value.stringValue
  if (value.bytesValue instanceof Uint8Array) return value.bytesValue
  if (typeof value.doubleValue === 'number') return value.doubleValue
  if (typeof value.booleanValue === 'boolean') return value.booleanValue
  if (value.integerValue !== undefined && value.integerValue !== null) return Number(String(value.integerValue))
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain)
  if (value.mapValue) return fieldsOf(value.mapValue.fields ?? {})
  // Null, or a kind that no payload has.
  return value.nullValue === undefined ? { ...value } : null
}
