/**
 * A Sigstore bundle over a file or over a digest, verified by prov's own checks: what sigstore-conformance asks of a client. prov itself verifies
 * entries, never a lone bundle, so this much is left to the tests.
 */

import { createHash, type KeyObject } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { bundleFromJSON } from '@sigstore/bundle'
import { type Signature, STATEMENT_TYPE } from '../../../src/model/entry.ts'
import { readStatement } from '../../../src/model/statement.ts'
import { contentOf, type HashName, type SignedContent } from '../../../src/trust/content.ts'
import { verdictOf } from '../../../src/trust/judge-signature.ts'
import type { SignatureVerdict, Trust } from '../../../src/trust/trust.ts'

/** A file's bytes, or its sha256 in hex where the file is not at hand. */
export type Signed = { readonly bytes: Uint8Array } | { readonly digest: string }

/** Throws for a bundle that is not one. */
export function verifyBundle(json: unknown, signed: Signed, trust: Trust): SignatureVerdict {
  const { content: body, verificationMaterial } = bundleFromJSON(json)
  const { content: by, tlogEntries, timestampVerificationData } = verificationMaterial
  const certificates =
    by.$case === 'certificate'
      ? [by.certificate.rawBytes]
      : by.$case === 'publicKey'
        ? []
        : by.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
  const [certificate, ...chain] = certificates.map(pem)
  const written = (json as { verificationMaterial: { tlogEntries?: readonly unknown[] } }).verificationMaterial
  const proofs = {
    ...(certificate === undefined ? {} : { certificate }),
    ...(chain.length === 0 ? {} : { chain: chain.join('') }),
    ...(tlogEntries.length === 0 ? {} : { logEntries: (written.tlogEntries ?? []).map((one) => JSON.stringify(one)) }),
    timestamps: (timestampVerificationData?.rfc3161Timestamps ?? []).map((one) => new Uint8Array(one.signedTimestamp)),
  }
  if (body.$case === 'dsseEnvelope') {
    const { payload, payloadType, signatures } = body.dsseEnvelope
    const statement = payloadType === STATEMENT_TYPE ? readStatement(payload) : undefined
    if (!statement?.subjects.some(({ digest }) => digest['sha256'] === digestOf(signed))) {
      return { ok: false, code: 'signature_invalid', message: 'the Statement is about another artifact' }
    }
    const content = contentOf({ kind: 'dsse', payloadType, payload })
    const verdicts = signatures.map(({ sig }) => judge(content, { sig, ...proofs }, trust))
    return verdicts.find(({ ok }) => !ok) ?? verdicts[0] ?? { ok: false, code: 'signature_invalid', message: 'none' }
  }
  const { messageDigest, signature } = body.messageSignature
  if (messageDigest.digest.toString('hex') !== digestOf(signed)) {
    return { ok: false, code: 'signature_invalid', message: 'the message has another digest' }
  }
  const content =
    'bytes' in signed ? contentOf({ kind: 'raw', payloadType: '', payload: signed.bytes }) : digestOnly(signed.digest)
  return judge(content, { sig: signature, ...proofs }, trust)
}

function judge(content: SignedContent, signature: Signature, trust: Trust): SignatureVerdict {
  const makers = trust.keys.filter(({ publicKey }) =>
    content.isSignedBy(publicKey, signature.sig, ['ecdsa-p256-sha256', 'rsa-pkcs1-sha256', 'ed25519']),
  )
  return verdictOf({ content, signature, makers, lent: [] }, trust)
}

function digestOf(signed: Signed): string {
  return 'digest' in signed ? signed.digest : createHash('sha256').update(signed.bytes).digest('hex')
}

/** node:crypto hashes what it verifies; over a ready digest only @noble/curves does. */
function digestOnly(hex: string): SignedContent {
  const digest = (hash: HashName): Uint8Array => (hash === 'sha256' ? Buffer.from(hex, 'hex') : new Uint8Array())
  return {
    payloadDigest: digest,
    signedDigest: digest,
    isSignedBy: (key, sig, algorithms) =>
      algorithms.includes('ecdsa-p256-sha256') && isP256(key, sig, digest('sha256')),
  }
}

function isP256(key: KeyObject, sig: Uint8Array, digest: Uint8Array): boolean {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-65)
  try {
    return p256.verify(sig, digest, point, { prehash: false, lowS: false, format: 'der' })
  } catch {
    return false
  }
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
