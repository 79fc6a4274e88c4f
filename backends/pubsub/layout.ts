/**
 * Entries as messages, in the form of Tekton Chains (pkg/chains/storage/pubsub): the body is the signature, the DSSE envelope of a Statement;
 * beside it `payload` in base64 and `signature`. Of prov's own: `entry`, by which consumers see that they have it, `payload-type`, and
 * `proofs` where there are any: certificates, log entries and time-stamps by signature. Pure.
 */
import type { About, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { type Entry, entryId } from '../../src/model/entry.ts'
import { encodeEnvelope } from '../../src/model/envelope.ts'
import { PROOFS } from '../../src/model/proofs.ts'
import { proofsIn, proofsText } from '../../src/model/proofs-json.ts'

export interface Message {
  readonly body: Uint8Array
  /** Attributes of Google's Pub/Sub, headers of Kafka. */
  readonly attributes: Readonly<Record<string, Uint8Array>>
}

/** @example slotsOf(about, 'pubsub', 'projects/acme/topics/provenance')[0]?.key // the topic */
export function slotsOf(about: About, backend: string, topic: string): readonly Slot[] {
  return [{ backend, key: topic, kind: about.kind, holds: 'many', address: { topic } }]
}

/**
 * Throws `not_supported` for an image signature with several signatures: Chains' message has room for one.
 *
 * @example messageOf(entry).attributes['entry'] // 'dsse:sha256:…'
 */
export function messageOf(entry: Entry): Message {
  const [first, ...others] = entry.signatures
  if (first === undefined || (entry.kind === 'raw' && others.length > 0)) {
    throw new ProvError('not_supported', 'a message of an image signature holds exactly one signature')
  }
  const body = entry.kind === 'dsse' ? encodeEnvelope(entry) : first.sig
  const proofs = proofsText(proofsIn(entry.signatures, PROOFS))
  const attributes = {
    payload: Buffer.from(Buffer.from(entry.payload).toString('base64')),
    signature: body,
    entry: Buffer.from(entryId(entry)),
    'payload-type': Buffer.from(entry.payloadType),
    ...(proofs === undefined ? {} : { proofs: Buffer.from(proofs) }),
  }
  return { body, attributes }
}

/** Bytes of the message as brokers count it. */
export function sizeOf({ body, attributes }: Message): number {
  const all = Object.entries(attributes).map(([name, value]) => Buffer.byteLength(name) + value.length)
  return all.reduce((sum, bytes) => sum + bytes, body.length)
}

/** Google's limits (Pub/Sub quotas, resource limits): 1,024 bytes for the value of an attribute, and 10 MB for a message. */
const GOOGLE_ATTRIBUTE = 1024
const GOOGLE_MESSAGE = 10_000_000

/**
 * The message as Google's service can take it: attributes are text, so the signature of an image goes in base64; and what is over the limit
 * stays away where the body has it as well, as the envelope has, and proofs, without which a consumer has the signature still. Throws
 * `entry_too_large` where it does not.
 *
 * @example googleMessage(entry).attributes['entry'] // 'raw:sha256:…'
 */
export function googleMessage(entry: Entry): {
  readonly body: Uint8Array
  readonly attributes: Record<string, string>
} {
  const { body, attributes } = messageOf(entry)
  const texts = Object.entries(attributes).map(([name, value]) => {
    const encoding = entry.kind === 'raw' && name === 'signature' ? 'base64' : 'utf8'
    return [name, Buffer.from(value).toString(encoding)] as const
  })
  const kept = texts.filter(([, text]) => Buffer.byteLength(text) <= GOOGLE_ATTRIBUTE)
  const bytes = kept.reduce((sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text), body.length)
  if (
    bytes > GOOGLE_MESSAGE ||
    (entry.kind === 'raw' && kept.filter(isSigned).length < texts.filter(isSigned).length)
  ) {
    const limits = `${GOOGLE_MESSAGE} bytes in all and ${GOOGLE_ATTRIBUTE} in an attribute`
    throw new ProvError('entry_too_large', `the message is over the limits of Pub/Sub: ${limits}`)
  }
  return { body, attributes: Object.fromEntries(kept) }
}

function isSigned([name]: readonly [string, string]): boolean {
  return name !== 'proofs'
}
