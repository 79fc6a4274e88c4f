/**
 * Entries of a transparency log in their two forms: a Sigstore bundle's `TransparencyLogEntry` (JSON of its protobuf), and cosign's older
 * `dev.sigstore.cosign/bundle`, which has the log's promise of inclusion and no proof of it. Pure; nothing here is verified.
 */
import { base64Of, bytesOf } from '../platform/text/base64.ts'
import { parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord, type JsonRecord, memberIn, textIn } from '../platform/text/guards.ts'
import { canonical, type Json } from './canonical.ts'

/** Longest text of one log entry or log proof in characters; the body of an `intoto` entry of the first version holds the whole attestation. */
export const MAX_LOG_ENTRY_LENGTH = 4 * 1024 * 1024

/**
 * The bundle's form of cosign's older proof, with the promise of inclusion and without a proof of it; undefined where the text is not such a
 * proof, or its body does not say of which kind it is.
 *
 * @example logEntryOf('{"SignedEntryTimestamp":"MEUC…","Payload":{"body":"eyJ…","integratedTime":1,"logIndex":2,"logID":"c0d2…"}}')
 */
export function logEntryOf(logProof: string): string | undefined {
  const json = parsed(logProof)
  const promise = base64In(json?.['SignedEntryTimestamp'])
  const payload = json?.['Payload']
  if (promise === undefined || !isRecord(payload)) return undefined
  const body = base64In(payload['body'])
  const index = countIn(payload['logIndex'])
  const time = countIn(payload['integratedTime'])
  const id = textIn(payload['logID'])
  if (body === undefined || index === undefined || time === undefined || !isHex(id)) return undefined
  const kindVersion = kindOf(body)
  if (kindVersion === undefined) return undefined
  return JSON.stringify({
    logIndex: String(index),
    logId: { keyId: Buffer.from(id, 'hex').toString('base64') },
    kindVersion,
    integratedTime: String(time),
    inclusionPromise: { signedEntryTimestamp: promise },
    canonicalizedBody: body,
  })
}

/**
 * cosign's older form of a bundle's log entry, members in cosign's order; undefined for an entry without a signed entry timestamp: Rekor v2
 * makes none.
 *
 * @example logProofOf(entry) // '{"SignedEntryTimestamp":"MEUC…","Payload":{"body":"eyJ…",…}}'
 */
export function logProofOf(logEntry: string): string | undefined {
  const json = parsed(logEntry)
  const promise = base64In(memberIn(json, 'inclusionPromise', 'signedEntryTimestamp'))
  const body = base64In(json?.['canonicalizedBody'])
  const index = countIn(json?.['logIndex'] ?? 0)
  const time = countIn(json?.['integratedTime'] ?? 0)
  const id = base64In(memberIn(json, 'logId', 'keyId'))
  if (promise === undefined || body === undefined || index === undefined || time === undefined) return undefined
  if (id === undefined) return undefined
  const logID = Buffer.from(id, 'base64').toString('hex')
  return JSON.stringify({
    SignedEntryTimestamp: promise,
    Payload: { body, integratedTime: time, logIndex: index, logID },
  })
}

/**
 * True for an entry that a bundle of v0.3 can hold: all that its readers demand is there, the proof of inclusion with its checkpoint above all.
 *
 * @example hasInclusionProof(logEntryOf(logProof)) // false
 */
export function hasInclusionProof(logEntry: string): boolean {
  const json = parsed(logEntry)
  const proof = json?.['inclusionProof']
  const filled = (...path: readonly string[]): boolean => (textIn(memberIn(json, ...path)) ?? '') !== ''
  const hashes = memberIn(proof, 'hashes') ?? []
  return (
    filled('inclusionProof', 'checkpoint', 'envelope') &&
    filled('kindVersion', 'kind') &&
    filled('kindVersion', 'version') &&
    base64In(memberIn(json, 'logId', 'keyId')) !== undefined &&
    base64In(json?.['canonicalizedBody']) !== undefined &&
    base64In(memberIn(proof, 'rootHash')) !== undefined &&
    [json?.['logIndex'], json?.['integratedTime'], memberIn(proof, 'logIndex'), memberIn(proof, 'treeSize')].every(
      (count) => countIn(count ?? 0) !== undefined,
    ) &&
    Array.isArray(hashes) &&
    hashes.every((hash) => base64In(hash) !== undefined)
  )
}

/**
 * What a log entry or log proof says, apart from how it is spelled: one text for all spellings. A text that is not a JSON object is its own.
 *
 * @example logContent('{ "logIndex": "7" }') === logContent('{"logIndex":"7"}') // true
 */
export function logContent(text: string): string {
  const json = parsed(text)
  return json === undefined ? text : canonical(json as { readonly [key: string]: Json })
}

function parsed(text: string): JsonRecord | undefined {
  if (text.length > MAX_LOG_ENTRY_LENGTH) return undefined
  try {
    const json = parseBounded(text)
    return isRecord(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** Kind and version as the body itself says them, which is what the log has signed. */
function kindOf(body: string): { readonly kind: string; readonly version: string } | undefined {
  const json = parsed(Buffer.from(body, 'base64').toString('utf8'))
  const kind = textIn(json?.['kind'])
  const version = textIn(json?.['apiVersion'])
  return kind === undefined || version === undefined ? undefined : { kind, version }
}

/** Padded, canonical base64 of something; Go and protobuf write no other. */
function base64In(value: unknown): string | undefined {
  const bytes = typeof value === 'string' && value !== '' ? bytesOf(value) : undefined
  return bytes === undefined ? undefined : base64Of(bytes)
}

/** A number that both forms can say exactly: protobuf writes it as text, Go as a number. */
function countIn(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

function isHex(text: string | undefined): text is string {
  return text !== undefined && /^(?:[0-9a-f]{2}){1,64}$/.test(text)
}
