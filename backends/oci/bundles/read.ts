/** What a Sigstore bundle says, as an entry. Loaded only where bundles are used: the library is, too. */
import { type Bundle, bundleFromJSON, ValidationError } from '@sigstore/bundle'
import { ProvError } from '../../../src/errors.ts'
import { type Entry, SIMPLESIGNING_TYPE, type Signature } from '../../../src/model/entry.ts'
import { decodeEnvelope } from '../../../src/model/envelope.ts'
import { MAX_PROOFS } from '../../../src/model/proofs.ts'
import { arrayIn, isRecord, recordIn } from '../../../src/platform/text/guards.ts'
import { parseObject } from '../tags/layout.ts'

/**
 * The entry in a bundle of any version, validated by Sigstore's own library. Tekton Chains puts an image's simplesigning
 * document into an envelope, but with the signature over the bare document: that is an entry of kind `raw`. Throws
 * `stranger` for a bundle without an envelope (a signed blob), and `copy_malformed`.
 *
 * @example readBundle(blob).signatures[0]?.keyHint
 */
export function readBundle(blob: Uint8Array): Entry {
  const json = parseObject(blob)
  if (json === undefined) throw new ProvError('copy_malformed', 'the bundle is not a JSON object')
  const bundle = validated(json)
  if (bundle.content.$case !== 'dsseEnvelope') {
    throw new ProvError('stranger', 'a bundle over a message, which says nothing about the image')
  }
  // The library decodes base64 leniently; what other readers refuse must not verify here.
  const envelope = decodeEnvelope(Buffer.from(JSON.stringify(json['dsseEnvelope'])))
  const proofs = { ...proofsOf(bundle), ...logEntriesIn(json) }
  const signatures = envelope.signatures.map((signature) => ({ ...signature, ...proofs }))
  const { payload, payloadType } = envelope
  const kind = payloadType === SIMPLESIGNING_TYPE ? 'raw' : 'dsse'
  return { kind, payloadType, payload, signatures }
}

function validated(json: Readonly<Record<string, unknown>>): Bundle {
  try {
    return bundleFromJSON(json)
  } catch (error) {
    const fields = error instanceof ValidationError ? `: ${error.fields.join(', ').slice(0, 200)}` : ''
    throw new ProvError('copy_malformed', `the bundle is not valid${fields}`)
  }
}

function proofsOf({ verificationMaterial }: Bundle): Omit<Signature, 'sig' | 'keyid'> {
  const { content, timestampVerificationData } = verificationMaterial
  const timestamps = timestampVerificationData?.rfc3161Timestamps.map((stamp) => new Uint8Array(stamp.signedTimestamp))
  return {
    ...keyOf(content),
    ...(timestamps === undefined || timestamps.length === 0 ? {} : { timestamps }),
  }
}

/** As they stand in the bundle; the library has seen that they are entries. */
function logEntriesIn(json: Readonly<Record<string, unknown>>): Pick<Signature, 'logEntries'> {
  const all = arrayIn(recordIn(json['verificationMaterial'])['tlogEntries'])
  const logEntries = all
    .filter(isRecord)
    .slice(0, MAX_PROOFS)
    .map((one) => JSON.stringify(one))
  return logEntries.length === 0 ? {} : { logEntries }
}

function keyOf(
  content: Bundle['verificationMaterial']['content'],
): Pick<Signature, 'keyHint' | 'certificate' | 'chain'> {
  switch (content.$case) {
    case 'publicKey':
      return content.publicKey.hint === '' ? {} : { keyHint: content.publicKey.hint }
    case 'certificate':
      return { certificate: pemOf(content.certificate.rawBytes) }
    case 'x509CertificateChain': {
      const [leaf, ...rest] = content.x509CertificateChain.certificates.map((item) => pemOf(item.rawBytes))
      return {
        ...(leaf === undefined ? {} : { certificate: leaf }),
        ...(rest.length === 0 ? {} : { chain: rest.join('') }),
      }
    }
  }
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
