/**
 * Entries in Archivista's native form. Pure. Archivista keeps an envelope byte for byte under its gitoid, and indexes the Statement's
 * subjects by digest. Envelopes are go-witness's: DSSE, where a signature may have `certificate`, `intermediates` and `timestamps`. Log entries and
 * log proofs have no place in it; they go into a member of the envelope of prov's own, which its readers pass over.
 */
import { createHash } from 'node:crypto'
import type { About, Found, FoundEntry, Slot } from '../../src/backend/backend.ts'
import { asProvError, errorJson, ProvError } from '../../src/errors.ts'
import { type Entry, type Signature, sha256Hex } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/model/envelope.ts'
import { hasProofs } from '../../src/model/proofs.ts'
import { proofsIn, proofsText, readProofs, withProofs } from '../../src/model/proofs-json.ts'
import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { arrayIn, isRecord, recordIn } from '../../src/platform/text/guards.ts'

export const NAME = 'archivista'

/** A member beside `signatures`, with proofs by signature. */
const OWN_PROOFS = 'dev.prov/proofs'

/** A query asks for no more digests than this; each of them finds the Statement. */
const MAX_DIGESTS = 50

/**
 * The one place of a Statement: among all that is about the same subjects. Image signatures are no envelopes, and a Statement without
 * subjects could never be found again: neither is kept.
 *
 * @example slotsOf(about, 'https://archivista.example')[0]?.key // 'https://archivista.example#sha256:9f86…'
 */
export function slotsOf(about: About, base: string): readonly Slot[] {
  if (about.kind !== 'dsse') return []
  const pairs = about.subjects.flatMap(({ digest }) => Object.entries(digest))
  const digests = [...new Set(pairs.map(([algorithm, value]) => `${algorithm}:${value}`))].sort().slice(0, MAX_DIGESTS)
  const [first] = digests
  if (first === undefined) return []
  const more =
    digests.length === 1 ? '' : `+${digests.length - 1}.${sha256Hex(Buffer.from(digests.join())).slice(0, 12)}`
  const address = { digests: digests.join() }
  return [{ backend: NAME, key: `${base}#${first}${more}`, kind: 'dsse', holds: 'many', address }]
}

/** The digests of a slot without their algorithms, as Archivista's index has them. */
export function digestsOf(slot: Slot): readonly string[] {
  const all = (slot.address['digests'] ?? '').split(',')
  return all.map((digest) => digest.slice(digest.indexOf(':') + 1)).filter((value) => value !== '')
}

/**
 * The bytes to upload: the envelope's own, or where proofs would be lost, go-witness's encoding of it
 * (members payload, payloadType, signatures; a newline at the end), as Chains sends.
 *
 * @example uploadOf(entry) // the envelope
 */
export function uploadOf(entry: Entry): Uint8Array {
  if (!entry.signatures.some(hasProofs) && entry.envelope !== undefined) return encodeEnvelope(entry)
  const own = proofsText(proofsIn(entry.signatures, ['logEntries', 'logProof']))
  const json = {
    payload: base64(entry.payload),
    payloadType: entry.payloadType,
    signatures: entry.signatures.map((signature) => ({
      keyid: signature.keyid ?? '',
      sig: base64(signature.sig),
      ...(signature.certificate === undefined ? {} : { certificate: base64(Buffer.from(signature.certificate)) }),
      ...(signature.chain === undefined
        ? {}
        : { intermediates: pems(signature.chain).map((pem) => base64(Buffer.from(pem))) }),
      ...(signature.timestamps?.length
        ? { timestamps: signature.timestamps.map((data) => ({ type: 'tsp', data: base64(data) })) }
        : {}),
    })),
    ...(own === undefined ? {} : { [OWN_PROOFS]: JSON.parse(own) as unknown }),
  }
  return Buffer.from(`${JSON.stringify(json)}\n`)
}

/**
 * One downloaded envelope. What is none is damage; `location` is `<base>/download/<gitoid>`.
 *
 * @example foundOf(location, bytes).entry?.payload
 */
export function foundOf(location: string, raw: Uint8Array, gitoid: string): Found {
  try {
    if (gitoidOf(raw) !== gitoid) {
      throw new ProvError('digest_mismatch', 'the bytes served are not those that the gitoid names')
    }
    const entry = decodeEnvelope(raw)
    const extras = extrasOf(raw)
    const signatures = entry.signatures.map((signature, i) => ({ ...signature, ...extras[i] }))
    return { location, raw, version: gitoid, ...withOwn({ ...entry, signatures }, raw) }
  } catch (thrown) {
    if (!(thrown instanceof ProvError)) throw thrown
    return { location, raw, version: gitoid, damage: { ...errorJson(thrown), backend: NAME } }
  }
}

function withOwn(entry: Entry, raw: Uint8Array): Pick<FoundEntry, 'entry' | 'proofsDamage'> {
  const own = recordIn(parseBounded(Buffer.from(raw).toString('utf8')))[OWN_PROOFS]
  if (own === undefined) return { entry }
  try {
    return { entry: withProofs(entry, readProofs(JSON.stringify(own))) }
  } catch (thrown) {
    return { entry, proofsDamage: { ...errorJson(asProvError(thrown)), backend: NAME } }
  }
}

/**
 * The gitoid of an upload in hex: git's blob id with SHA-256, as `git hash-object` of a SHA-256 repository prints it.
 *
 * @example gitoidOf(Buffer.from('')) // '473a0f4c…'
 */
export function gitoidOf(bytes: Uint8Array): string {
  return createHash('sha256').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

/** The hex of a gitoid as the service spells it, bare or `gitoid:blob:sha256:<hex>`; undefined when it is none. */
export function gitoidHex(text: unknown): string | undefined {
  return typeof text === 'string' ? /^(?:gitoid:blob:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1] : undefined
}

function extrasOf(raw: Uint8Array): readonly Partial<Signature>[] {
  const json: unknown = parseBounded(Buffer.from(raw).toString('utf8'))
  const all = arrayIn(recordIn(json)['signatures'])
  return all.map((item: unknown) => {
    if (!isRecord(item)) return {}
    const { certificate, intermediates, timestamps } = item
    const chain = strings(intermediates).map(text).join('')
    const stamps = arrayIn(timestamps).flatMap((stamp) =>
      isRecord(stamp) && typeof stamp['data'] === 'string'
        ? [new Uint8Array(Buffer.from(stamp['data'], 'base64'))]
        : [],
    )
    return {
      ...(typeof certificate === 'string' && certificate !== '' ? { certificate: text(certificate) } : {}),
      ...(chain === '' ? {} : { chain }),
      ...(stamps.length === 0 ? {} : { timestamps: stamps }),
    }
  })
}

function strings(value: unknown): readonly string[] {
  return arrayIn(value).filter((item) => typeof item === 'string')
}

function text(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString('utf8')
}

function pems(chain: string): readonly string[] {
  return chain.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n?/g) ?? [chain]
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
