/** One signature per payload, whatever the number of artifacts and backends that share it. */

import { ProvError } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { keyHint } from '../keys/key-id.ts'
import { type Entry, entryId, type Signature } from '../model/entry.ts'
import { encodeEnvelope, signedBytes } from '../model/envelope.ts'
import type { ProofKind } from '../model/proofs.ts'
import type { Trust } from '../trust/trust.ts'
import { verifySignature } from '../trust/trusted-keys.ts'
import { expectedProofs } from './expected-proofs.ts'
import type { Signed, Signer } from './signer.ts'

/** Makes the entry of a payload; the same promise for the same payload. */
export type Sign = (format: Pick<Format, 'kind' | 'payloadType'>, payload: Uint8Array) => Promise<Entry>

/**
 * A {@link Sign} over a signer that is opened on first use. Each signature is verified before it is handed out.
 *
 * @example const entry = await signOnce(() => loadSigner(options), trust)(format, payload)
 */
export function signOnce(open: () => Promise<Signer>, trust: Trust): Sign {
  const made = new Map<string, Promise<Entry>>()
  return (format, payload) => {
    const { kind, payloadType } = format
    const id = `${payloadType} ${entryId({ kind, payload })}`
    const known = made.get(id)
    if (known !== undefined) return known
    const entry = open().then(async (signer) => {
      const unsigned = { kind, payloadType, payload, signatures: [] }
      const signed = await signer.sign(signedBytes(unsigned))
      const signature = signatureOf(kind, signed)
      const checked = verifySignature(trust, signedBytes(unsigned), signature)
      if (!checked.ok) throw new ProvError('internal', `the signature just made does not verify: ${checked.message}`)
      return withEnvelope({ ...unsigned, signatures: [signature] })
    })
    made.set(id, entry)
    return entry
  }
}

/** A raw signature names no key; its certificate stands beside it all the same. */
function signatureOf(kind: Entry['kind'], { sig, keyid, publicKey, certificate, chain }: Signed): Signature {
  return {
    sig,
    ...(kind === 'dsse' ? { keyid, keyHint: keyHint(publicKey) } : {}),
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain === undefined ? {} : { chain }),
  }
}

function withEnvelope(entry: Entry): Entry {
  return entry.kind === 'dsse' ? { ...entry, envelope: encodeEnvelope(entry) } : entry
}

/**
 * The entry as it will be, with a signature of the usual length, so that a plan can count bytes without the key.
 *
 * @param expects what the signer will put beside its signature
 * @example backend.size(slot, draft(format, payload))
 */
export function draft(format: Format, payload: Uint8Array, expects: readonly ProofKind[] = []): Entry {
  const { kind, payloadType } = format
  const sig = new Uint8Array(72)
  const names = { keyid: `SHA256:${'0'.repeat(43)}`, keyHint: `${'0'.repeat(43)}=` }
  const signature: Signature = { sig, ...(kind === 'dsse' ? names : {}), ...expectedProofs(expects) }
  return withEnvelope({ kind, payloadType, payload, signatures: [signature] })
}
