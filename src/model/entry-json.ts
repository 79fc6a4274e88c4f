/**
 * An entry as JSON and back: byte for byte, the envelope's own spelling included. This is the form in which prov itself keeps entries
 * (`v` is its version), never the form of a backend. Pure.
 */
import { ProvError } from '../errors.ts'
import { base64Of, bytesOf } from '../platform/text/base64.ts'
import { isRecord, type JsonRecord, textIn } from '../platform/text/guards.ts'
import type { Entry, Signature } from './entry.ts'

/** Versions of this form. A reader refuses a newer one. The second has `logEntries`, and is written only where there are any. */
const VERSIONS = { first: 1, logEntries: 2 } as const

/** Members are base64 where they are bytes; what an entry does not have is left out. */
export interface EntryJson {
  readonly v: 1 | 2
  readonly kind: Entry['kind']
  readonly payloadType: string
  readonly payload: string
  readonly signatures: readonly SignatureJson[]
  readonly envelope?: string
}

export interface SignatureJson {
  readonly sig: string
  readonly keyid?: string
  readonly keyHint?: string
  readonly certificate?: string
  readonly chain?: string
  readonly logEntries?: readonly string[]
  readonly logProof?: string
  readonly timestamps?: readonly string[]
}

const TEXTS = ['keyid', 'keyHint', 'certificate', 'chain', 'logProof'] as const

/**
 * Plain data, for JSON.stringify.
 *
 * @example entryFromJson(JSON.parse(JSON.stringify(entryToJson(entry)))) // the same entry
 */
export function entryToJson(entry: Entry): EntryJson {
  const { kind, payloadType, payload, signatures, envelope } = entry
  return {
    v: signatures.some((s) => s.logEntries !== undefined) ? VERSIONS.logEntries : VERSIONS.first,
    kind,
    payloadType,
    payload: base64Of(payload),
    signatures: signatures.map(signatureToJson),
    ...(envelope === undefined ? {} : { envelope: base64Of(envelope) }),
  }
}

function signatureToJson(signature: Signature): SignatureJson {
  const texts = TEXTS.flatMap((name) => (signature[name] === undefined ? [] : [[name, signature[name]] as const]))
  const { sig, logEntries, timestamps } = signature
  const entries = logEntries === undefined ? {} : { logEntries }
  const stamps = timestamps === undefined ? {} : { timestamps: timestamps.map(base64Of) }
  return { sig: base64Of(sig), ...Object.fromEntries(texts), ...entries, ...stamps }
}

/**
 * The entry that a parsed JSON value holds. Throws `copy_malformed` for anything that {@link entryToJson} does not write, a newer version
 * included.
 *
 * @example entryFromJson(JSON.parse(text)).kind // 'dsse'
 */
export function entryFromJson(value: unknown): Entry {
  const json = isRecord(value) ? value : refuse('not a JSON object')
  const { v } = json
  if (v !== VERSIONS.first && v !== VERSIONS.logEntries) {
    refuse(`version ${String(v)}; this prov reads versions ${VERSIONS.first} and ${VERSIONS.logEntries}`)
  }
  const { kind, payloadType } = json
  if (kind !== 'dsse' && kind !== 'raw') return refuse('kind is neither dsse nor raw')
  const signatures = json['signatures']
  if (!Array.isArray(signatures) || signatures.length === 0) return refuse('it has no signatures')
  return {
    kind,
    payloadType: textIn(payloadType) ?? refuse('payloadType is not text'),
    payload: bytesIn(json, 'payload'),
    signatures: signatures.map(signatureFromJson),
    ...(json['envelope'] === undefined ? {} : { envelope: bytesIn(json, 'envelope') }),
  }
}

function signatureFromJson(value: unknown): Signature {
  const json = isRecord(value) ? value : refuse('a signature is not a JSON object')
  const texts = TEXTS.flatMap((name) =>
    json[name] === undefined ? [] : [[name, textIn(json[name]) ?? refuse(`${name} is not text`)] as const],
  )
  const entries = json['logEntries']
  if (entries !== undefined && !Array.isArray(entries)) refuse('logEntries are not a list')
  const logEntries = Array.isArray(entries)
    ? { logEntries: entries.map((one) => textIn(one) ?? refuse('one of logEntries is not text')) }
    : {}
  const stamps = json['timestamps']
  if (stamps !== undefined && !Array.isArray(stamps)) refuse('timestamps are not a list')
  const timestamps = Array.isArray(stamps) ? { timestamps: stamps.map((stamp) => decoded(stamp, 'timestamps')) } : {}
  return { sig: bytesIn(json, 'sig'), ...Object.fromEntries(texts), ...logEntries, ...timestamps }
}

function bytesIn(json: JsonRecord, name: string): Uint8Array {
  return decoded(json[name], name)
}

function decoded(value: unknown, name: string): Uint8Array {
  return (typeof value === 'string' ? bytesOf(value) : undefined) ?? refuse(`${name} is not base64`)
}

function refuse(why: string): never {
  throw new ProvError('copy_malformed', `this is not an entry in prov's own form: ${why}`)
}
