/** DSSE envelopes: what a signature over a Statement covers, and the JSON text that carries both. Pure. */

import { ProvError } from '../errors.ts'
import { JSON_BOUNDS, parseBounded } from '../platform/text/bounded-json.ts'
import { isRecord } from '../platform/text/guards.ts'
import type { Entry, Signature } from './entry.ts'

/** No store of ours holds more; a Statement of a very large run stays under 2 MiB. */
const MAX_ENVELOPE_BYTES = 64 * 1024 * 1024
const MAX_SIGNATURES = 100
/** Unknown members may be nested as deep as they like: nothing walks them. */
const ENVELOPE_BOUNDS = { depth: Number.POSITIVE_INFINITY, values: JSON_BOUNDS.values }

/**
 * DSSE's pre-authentication encoding: `DSSEv1 <len type> <type> <len payload> <payload>`, lengths in bytes, decimal.
 * (secure-systems-lab/dsse protocol.md)
 *
 * @example pae('application/vnd.in-toto+json', payload) // the bytes a DSSE signature covers
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

/**
 * The bytes that the signatures of an entry cover: the PAE for `dsse`, the payload itself for `raw`.
 *
 * @example crypto.verify(null, signedBytes(entry), publicKey, signature.sig)
 */
export function signedBytes(entry: Pick<Entry, 'kind' | 'payloadType' | 'payload'>): Uint8Array {
  return entry.kind === 'raw' ? entry.payload : pae(entry.payloadType, entry.payload)
}

/**
 * The envelope's bytes: as they were found when the entry has them, else compact JSON with the member order of Tekton
 * Chains (go-securesystemslib's `dsse.Envelope`), an absent key id written as `""`. Only for `dsse` entries.
 *
 * @example encodeEnvelope(entry) // {"payloadType":"application/vnd.in-toto+json","payload":"eyJ…","signatures":[{"keyid":"SHA256:…","sig":"MEU…"}]}
 */
export function encodeEnvelope(entry: Entry): Uint8Array {
  if (entry.kind !== 'dsse') throw new ProvError('internal', `an entry of kind ${entry.kind} has no envelope`)
  if (entry.envelope !== undefined) return entry.envelope
  const json = {
    payloadType: entry.payloadType,
    payload: base64(entry.payload),
    signatures: entry.signatures.map((s) => ({ keyid: s.keyid ?? '', sig: base64(s.sig) })),
  }
  return Buffer.from(JSON.stringify(json))
}

/**
 * Reads a DSSE envelope into an entry of kind `dsse` that keeps the envelope's own bytes. Base64 may be of the standard or
 * the URL alphabet, as DSSE demands of readers; unknown members are tolerated. Refused, because another reader could see
 * another payload in it: a member named twice, also in other case (Go's JSON reader ignores case), and base64 that is
 * not canonical. Throws `copy_malformed`, and `limit_exceeded` for more members than any real one has.
 *
 * @example decodeEnvelope(layer).payload // the Statement's bytes
 */
export function decodeEnvelope(bytes: Uint8Array): Entry {
  if (bytes.length > MAX_ENVELOPE_BYTES) throw malformed(`it is ${bytes.length} bytes long`)
  const text = decodeUtf8(bytes)
  const json = parseJson(text)
  if (!isRecord(json)) throw malformed('not a JSON object')
  refuseAmbiguousMembers(text)
  const { payloadType, payload, signatures } = json
  if (typeof payloadType !== 'string' || payloadType === '') throw malformed('it has no payloadType')
  if (typeof payload !== 'string') throw malformed('it has no payload')
  if (!Array.isArray(signatures) || signatures.length === 0) throw malformed('it has no signatures')
  if (signatures.length > MAX_SIGNATURES) throw malformed(`it has ${signatures.length} signatures`)
  return {
    kind: 'dsse',
    payloadType,
    payload: unbase64(payload, 'payload'),
    signatures: signatures.map(readSignature),
    envelope: bytes,
  }
}

function readSignature(item: unknown): Signature {
  if (!isRecord(item) || typeof item['sig'] !== 'string') throw malformed('a signature has no sig')
  const keyid = item['keyid']
  if (keyid !== undefined && keyid !== null && typeof keyid !== 'string') throw malformed('a keyid is not a string')
  const sig = unbase64(item['sig'], 'sig')
  if (sig.length === 0) throw malformed('a sig is empty')
  return typeof keyid === 'string' && keyid !== '' ? { sig, keyid } : { sig }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw malformed('it is not UTF-8')
  }
}

function parseJson(text: string): unknown {
  try {
    return parseBounded(text, ENVELOPE_BOUNDS)
  } catch (thrown) {
    throw thrown instanceof ProvError ? thrown : malformed('invalid JSON')
  }
}

/**
 * Reads JSON text that is known to parse, and refuses an envelope or a signature whose keys are the same when case is ignored. Objects
 * elsewhere (unknown extensions) are ignored, but for those in an array of the envelope.
 */
function refuseAmbiguousMembers(text: string): void {
  const scopes: (Set<string> | 'array' | 'other')[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{') {
      const matters = scopes.length === 0 || (scopes.length === 2 && scopes[1] === 'array')
      scopes.push(matters ? new Set() : 'other')
    } else if (c === '[') scopes.push('array')
    else if (c === '}' || c === ']') scopes.pop()
    else if (c === '"') {
      const end = endOfString(text, i)
      const seen = scopes.at(-1)
      if (seen instanceof Set && isKey(text, end)) {
        const key = foldCase(String(JSON.parse(text.slice(i, end + 1))))
        if (seen.has(key)) throw malformed('it names a member twice')
        seen.add(key)
      }
      i = end
    }
  }
}

/** Go's reader folds as Unicode does, so that U+017F is an `s` and U+212A a `k`. */
function foldCase(key: string): string {
  return key.toUpperCase().toLowerCase()
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return end
  }
}

function isKey(text: string, end: number): boolean {
  let i = end + 1
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return text[i] === ':'
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Padded and canonical only: what Go's decoder refuses must not verify here either. */
function unbase64(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') === text) return bytes
  const urlSafe = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  if (urlSafe === text) return bytes
  throw malformed(`its ${what} is not base64`)
}

function malformed(reason: string): ProvError {
  return new ProvError('copy_malformed', `not a DSSE envelope (${reason})`)
}
