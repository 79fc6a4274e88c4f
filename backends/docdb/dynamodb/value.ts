/** A document as an item of DynamoDB, and back. Pure. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { fits, isArray, type Json, type JsonLimits } from '../json.ts'
import type { SignedDocument } from '../layout.ts'
import type { Fields } from '../store.ts'

export type Item = Readonly<Record<string, AttributeValue>>

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html; the item is one level itself. */
const LIMITS: JsonLimits = {
  depth: 31,
  arraysInArrays: true,
  key: (name) => name !== '' && Buffer.byteLength(name) <= 65_535,
  number: (value) => value === 0 || (Math.abs(value) < 1e126 && Math.abs(value) >= 1e-130),
}

/** @example itemIn(document).Cert // { NULL: true } for a plain key */
export function itemIn({ Signed, Object: object, ...texts }: SignedDocument): Record<string, AttributeValue> {
  const fields = Object.entries(texts).map(([name, text]) => [name, encoded(text)] as const)
  return {
    Signed: { B: Signed },
    ...Object.fromEntries(fields),
    ...(fits(object, LIMITS) ? { Object: encoded(object) } : {}),
  }
}

function encoded(value: Json): AttributeValue {
  if (value === null || value === '') return { NULL: true }
  if (typeof value === 'boolean') return { BOOL: value }
  if (typeof value === 'number') return { N: String(value) }
  if (typeof value === 'string') return { S: value }
  if (isArray(value)) return { L: value.map(encoded) }
  return { M: Object.fromEntries(Object.entries(value).map(([name, item]) => [name, encoded(item)])) }
}

/** @example fieldsOf({ Name: { S: '09e72cd46682' }, Cert: { NULL: true } }) // { Name: '09e72cd46682', Cert: null } */
export function fieldsOf(item: Item): Fields {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]))
}

function plain(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S
  if (value.B !== undefined) return value.B
  if (value.N !== undefined) return Number(value.N)
  if (value.BOOL !== undefined) return value.BOOL
  if (value.NULL !== undefined) return null
  if (value.L !== undefined) return value.L.map(plain)
  if (value.M !== undefined) return fieldsOf(value.M)
  return { ...value } // a set, which no payload has
}
