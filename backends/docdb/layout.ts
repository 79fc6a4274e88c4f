/**
 * An entry as Tekton Chains' document (`SignedDocument` of pkg/chains/storage/docdb/docdb.go). Pure.
 *
 * `Signed` payload bytes · `Signature` base64 of the DSSE envelope or of the raw signature · `Cert`, `Chain` PEM or `""` · `Object` the
 * payload parsed · `Name` the key. No field may be added: go-cloud's reader refuses a document with one that the Go struct does not
 * have (docstore/driver/codec.go decodeStruct, "no field matching").
 */

import { asProvError, type ErrorCode, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import {
  type Entry,
  type Kind,
  SIMPLESIGNING_TYPE,
  type Signature,
  sameBytes,
  sha256Hex,
} from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/model/envelope.ts'
import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { isCertificates } from '../../src/platform/text/pem-text.ts'
import { oneForAll } from '../shared/one-signature.ts'
import { type Json, sameJson } from './json.ts'

export const NAME = 'docdb'

/** A document's fields as JavaScript values: bytes as Uint8Array, numbers as number; whatever stands there, checked by nobody yet. */
export type Fields = Readonly<Record<string, unknown>>

export interface SignedDocument {
  readonly Signed: Uint8Array
  readonly Signature: string
  readonly Cert: string
  readonly Chain: string
  readonly Object: Json
  readonly Name: string
}

/**
 * The document that holds `entry` under `key`. Throws `not_supported` for what one document cannot hold: several raw signatures,
 * signatures with unlike certificates; and `input_invalid` for a payload that is not JSON, which Chains refuses as well.
 *
 * @example documentOf(entry, 'taskrun-b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9').Signature // 'eyJwYXlsb2FkVHlwZSI6…'
 */
export function documentOf(entry: Entry, key: string): SignedDocument {
  const first = oneForAll(entry, cannotHold)
  return {
    Signed: entry.payload,
    Signature: base64(entry.kind === 'dsse' ? encodeEnvelope(entry) : first.sig),
    Cert: first.certificate ?? '',
    Chain: first.chain ?? '',
    Object: parsed(entry.payload),
    Name: key,
  }
}

/** What was found under a key, kept when it is replaced: all of it as `Signed`, under a key that Chains never asks for. */
export function keptDocument(key: string, raw: Uint8Array): SignedDocument {
  const Name = `kept-${sha256Hex(raw).slice(0, 12)}-${key}`
  return { Signed: raw, Signature: '', Cert: '', Chain: '', Object: {}, Name }
}

/** What a document holds. `raw` is JSON of its fields, `Signed` in base64. */
export type Item =
  | { readonly key: string; readonly raw: Uint8Array; readonly entry: Entry; readonly damage?: never }
  | { readonly key: string; readonly raw: Uint8Array; readonly damage: ErrorJson; readonly entry?: never }

/**
 * Reads a document. Damage is `copy_malformed` (a field is missing or of another type, no base64, no envelope, no certificate) or
 * `payload_mismatch` (`Signed`, the envelope and `Object` do not say the same).
 *
 * @example itemOf('09e72cd46682', fields, 'raw').entry?.payload
 */
export function itemOf(key: string, fields: Fields, kind: Kind): Item {
  let made: Uint8Array | undefined
  // Few ask for it, and it is as large as the document.
  const raw = (): Uint8Array => {
    made ??= rawOf(fields)
    return made
  }
  try {
    return {
      key,
      entry: entryOf(fields, kind),
      get raw() {
        return raw()
      },
    }
  } catch (thrown) {
    const { code, message } = asProvError(thrown)
    const damage = errorJson(new ProvError(code, message, { backend: NAME }))
    return {
      key,
      damage,
      get raw() {
        return raw()
      },
    }
  }
}

function entryOf(fields: Fields, kind: Kind): Entry {
  const payload = fields['Signed']
  if (!(payload instanceof Uint8Array) || payload.length === 0) throw damaged('copy_malformed', 'Signed holds no bytes')
  const stored = unbase64(text(fields, 'Signature'))
  const certificate = pem(fields, 'Cert')
  const chain = pem(fields, 'Chain')
  const certified = (signature: Signature): Signature => ({
    ...signature,
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
  })
  refuseOtherObject(payload, fields['Object'])
  if (kind === 'raw')
    return { kind, payloadType: SIMPLESIGNING_TYPE, payload, signatures: [certified({ sig: stored })] }
  const entry = decodeEnvelope(stored)
  if (!sameBytes(entry.payload, payload)) {
    throw damaged('payload_mismatch', 'Signed is not the payload in the envelope of Signature')
  }
  return { ...entry, signatures: entry.signatures.map(certified) }
}

/** Whoever queries the database reads `Object`, which no signature covers: it must say what `Signed` says. A store may leave it out. */
function refuseOtherObject(payload: Uint8Array, object: unknown): void {
  if (object === undefined) return
  let said: Json
  try {
    said = parsed(payload)
  } catch {
    throw damaged('payload_mismatch', 'Object is there, but Signed is not valid JSON')
  }
  if (!sameJson(said, object)) throw damaged('payload_mismatch', 'Object is not what Signed says')
}

/** A document's fields as JSON, bytes in base64. */
export function rawOf(fields: Fields): Uint8Array {
  const names = Object.keys(fields).sort()
  const shown = names.map((name) => {
    const value = fields[name]
    return [name, value instanceof Uint8Array ? base64(value) : value] as const
  })
  return Buffer.from(JSON.stringify(Object.fromEntries(shown)))
}

function parsed(payload: Uint8Array): Json {
  try {
    return parseBounded(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8')) as Json
  } catch {
    throw new ProvError(
      'input_invalid',
      'a document holds its payload parsed as well, and this one is not valid JSON',
      {
        hint: 'oci can hold it',
      },
    )
  }
}

/** DynamoDB has no empty strings in Chains' driver: there it is null. */
function text(fields: Fields, name: string): string {
  const value = fields[name] ?? ''
  if (typeof value !== 'string') throw damaged('copy_malformed', `${name} is not text`)
  return value
}

/** Node's decoder skips what is not base64; here anything but the one canonical spelling is damage. */
function unbase64(spelled: string): Uint8Array {
  const bytes = Buffer.from(spelled, 'base64')
  if (bytes.length === 0) throw damaged('copy_malformed', 'Signature is missing or empty')
  if (bytes.toString('base64') !== spelled) throw damaged('copy_malformed', 'Signature is not base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function pem(fields: Fields, name: string): string | undefined {
  const spelled = text(fields, name)
  if (spelled === '') return undefined
  if (!isCertificates(spelled)) throw damaged('copy_malformed', `${name} holds no PEM certificate`)
  return spelled
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function cannotHold(what: string): ProvError {
  return new ProvError('not_supported', `one document cannot hold ${what}`, { hint: 'oci can hold it' })
}

function damaged(code: ErrorCode, message: string): ProvError {
  return new ProvError(code, message)
}
