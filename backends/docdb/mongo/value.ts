/** A document as BSON. Pure. */
import { Binary, type Document, Double } from 'mongodb'
import { fits, isArray, type Json, type JsonLimits } from '../json.ts'
import type { SignedDocument } from '../layout.ts'

/** Documents within each other (https://www.mongodb.com/docs/manual/reference/limits), two levels of them the document's own. */
const LIMITS: JsonLimits = {
  depth: 98,
  arraysInArrays: true,
  key: (name) => !name.includes('\0'),
  number: () => true,
}
/**
 * Chains' fields but for the key, which is `_id`; `Name` beside it only where `keepsName` says so.
 *
 * @example bodyOf(document, { keepsName: false }).Signed // Binary, subtype 0
 */
export function bodyOf(
  { Signed, Signature, Cert, Chain, Object: object, Name }: SignedDocument,
  { keepsName }: { readonly keepsName: boolean },
): Document {
  return {
    Signed: new Binary(Signed, Binary.SUBTYPE_DEFAULT),
    Signature,
    Cert,
    Chain,
    ...(fits(object, LIMITS) ? { Object: doubles(object) } : {}),
    ...(keepsName ? { Name } : {}),
  }
}

/** Go's numbers are all float64; the driver would write whole ones as int32. */
function doubles(value: Json): unknown {
  if (typeof value === 'number') return new Double(value)
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) return value.map(doubles)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, doubles(item)]))
}
