/**
 * The proofs of a layer's signatures as annotations. cosign's own stand for one signature and hold one time-stamp, and its log proof needs a
 * signed entry timestamp (cosign pkg/oci/static). What they have no room for goes into `dev.prov/proofs`, by signature; cosign passes over it.
 * Pure but for the mathematics that tell whose a certificate is.
 */
import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { type ErrorJson, errorJson, ProvError } from '../../../src/errors.ts'
import { type Signature, signatureId } from '../../../src/model/entry.ts'
import { logContent, logProofOf } from '../../../src/model/log-entry.ts'
import { hasProofs, holdsProofs, joinProofs, PROOFS, type Proofs, proofsOf } from '../../../src/model/proofs.ts'
import { type ProofsById, proofsIn, proofsText, readProofs } from '../../../src/model/proofs-json.ts'
import { parseBounded } from '../../../src/platform/text/bounded-json.ts'

/** prov's own annotation, on a layer of a tag and on the manifest of a bundle. */
export const OWN_PROOFS = 'dev.prov/proofs'
const BUNDLE = 'dev.sigstore.cosign/bundle'
const CERTIFICATE = 'dev.sigstore.cosign/certificate'
const CHAIN = 'dev.sigstore.cosign/chain'
const TIMESTAMP = 'dev.sigstore.cosign/rfc3161timestamp'

/** In the order of their names. Layers that differ in one of them are read apart. */
export const PROOF_ANNOTATIONS = [OWN_PROOFS, BUNDLE, CERTIFICATE, CHAIN, TIMESTAMP] as const

type Annotations = Readonly<Record<string, string>>

/**
 * The annotations for the signatures of one layer, in the order of their names; certificate and chain are `""` for a plain key, as Chains
 * writes them. cosign's say what belongs to the first signature that has a certificate, else to the first with any proof.
 *
 * @example proofAnnotations(entry.signatures)['dev.sigstore.cosign/certificate']
 */
export function proofAnnotations(signatures: readonly Signature[]): Record<string, string> {
  const main = signatures.find((one) => one.certificate !== undefined) ?? signatures.find(hasProofs) ?? signatures[0]
  const { certificate = '', chain = '', logProof, logEntries = [], timestamps = [] } = main ?? {}
  const [stamp, ...stamps] = timestamps
  const bundle = logProof ?? logEntries.map(logProofOf).find((proof) => proof !== undefined)
  const rest =
    signatures.length === 1 && main !== undefined ? [{ sig: main.sig, logEntries, timestamps: stamps }] : signatures
  const own = proofsText(proofsIn(rest, PROOFS))
  return {
    ...(own === undefined ? {} : { [OWN_PROOFS]: own }),
    ...(bundle === undefined ? {} : { [BUNDLE]: bundle }),
    [CERTIFICATE]: certificate,
    [CHAIN]: chain,
    ...(stamp === undefined
      ? {}
      : { [TIMESTAMP]: JSON.stringify({ SignedRFC3161Timestamp: Buffer.from(stamp).toString('base64') }) }),
  }
}

/**
 * The annotations of a layer that say all of these proofs of its signatures, what was read from it included. Where it has several signatures,
 * cosign's own stay as they are: they are those of one.
 *
 * @example withMoreProofs(layer.annotations, signatures)['dev.prov/proofs']
 */
export function withMoreProofs(there: Annotations, signatures: readonly Signature[]): Record<string, string> {
  const made = proofAnnotations(signatures)
  const own = made[OWN_PROOFS]
  if (signatures.length !== 1) return { ...there, ...(own === undefined ? {} : { [OWN_PROOFS]: own }) }
  const { [OWN_PROOFS]: _, ...rest } = there
  return { ...rest, ...made }
}

/** What the reading of one place may still spend on telling whose certificates are. */
export interface Effort {
  verifications: number
  bytes: number
}

/** @example readAnnotations(annotations, signatures, signed, newEffort()) */
export function newEffort(): Effort {
  return { verifications: 2000, bytes: 256 * 1024 * 1024 }
}

export interface WithAnnotations {
  readonly signatures: readonly Signature[]
  /** Of prov's own annotation, whose proofs are left out then. */
  readonly proofsDamage?: ErrorJson
}

/**
 * The signatures with what the annotations of their layer say. Of several, cosign's annotations belong to the one that was made with the
 * certificate's key; where none was, or no certificate tells, to the first. Never to the others.
 *
 * @param signed the bytes that the signatures cover
 * @example readAnnotations(layer.annotations, envelope.signatures, signedBytes(envelope), newEffort()).signatures
 */
export function readAnnotations(
  annotations: Annotations,
  signatures: readonly Signature[],
  signed: () => Uint8Array,
  effort: Effort,
): WithAnnotations {
  const cosigns = cosignProofs(annotations)
  const { own, proofsDamage } = ownProofs(annotations)
  const named = signatures.map((one) => joinProofs(one, own.get(signatureId(one)) ?? {}))
  const at = Object.keys(cosigns).length === 0 ? -1 : ownerOf(cosigns, named, signed, effort)
  const all = named.map((one, i) => (i === at ? withoutDerived(joinFirst(signatures[i] ?? one, cosigns, one)) : one))
  return { signatures: all, ...(proofsDamage === undefined ? {} : { proofsDamage }) }
}

/** cosign's time-stamp is the first. */
function joinFirst(bare: Signature, cosigns: Proofs, named: Signature): Signature {
  return joinProofs(joinProofs(bare, cosigns), named)
}

/** A log proof that was made of one of the entries says nothing more. */
function withoutDerived(signature: Signature): Signature {
  const { logProof, ...rest } = signature
  if (logProof === undefined || rest.logEntries === undefined) return signature
  const said = logContent(logProof)
  const isDerived = rest.logEntries.some((entry) => {
    const derived = logProofOf(entry)
    return derived !== undefined && logContent(derived) === said
  })
  return isDerived ? rest : signature
}

function ownerOf(cosigns: Proofs, signatures: readonly Signature[], signed: () => Uint8Array, effort: Effort): number {
  if (signatures.length === 1) return 0
  const { certificate } = cosigns
  const said = signatures.findIndex((one) => holdsProofs(one, cosigns, PROOFS) && one.certificate === certificate)
  if (said >= 0 || certificate === undefined) return Math.max(0, said)
  const key = keyOf(certificate)
  if (key === undefined) return 0
  const bytes = signed()
  return Math.max(
    0,
    signatures.findIndex(({ sig }) => isBy(key, bytes, sig, effort)),
  )
}

function keyOf(certificate: string): KeyObject | undefined {
  try {
    return createPublicKey(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }))
  } catch {
    return undefined
  }
}

/** cosign signs with SHA-256 whatever the curve; other signers with the hash that goes with it. */
function isBy(key: KeyObject, bytes: Uint8Array, sig: Uint8Array, effort: Effort): boolean {
  const hashes = key.asymmetricKeyType?.startsWith('ed') === true ? [null] : ['sha256', 'sha384', 'sha512']
  return hashes.some((hash) => {
    effort.verifications--
    effort.bytes -= bytes.length
    if (effort.verifications < 0 || effort.bytes < 0) return false
    try {
      return verify(hash, bytes, key, sig)
    } catch {
      return false
    }
  })
}

function cosignProofs(annotations: Annotations): Proofs {
  const timestamp = timestampOf(annotations[TIMESTAMP])
  const [certificate, chain, logProof] = [annotations[CERTIFICATE], annotations[CHAIN], annotations[BUNDLE]]
  return proofsOf({
    ...(certificate ? { certificate } : {}),
    ...(chain ? { chain } : {}),
    ...(logProof ? { logProof } : {}),
    ...(timestamp === undefined ? {} : { timestamps: [timestamp] }),
  })
}

function timestampOf(text: string | undefined): Uint8Array | undefined {
  try {
    const json = parseBounded(text ?? '') as { readonly SignedRFC3161Timestamp?: unknown } | null
    const stamp = json?.SignedRFC3161Timestamp
    return typeof stamp === 'string' ? Buffer.from(stamp, 'base64') : undefined
  } catch {
    return undefined
  }
}

/** What prov's own annotation says, with what is wrong with it instead. */
export function ownProofs(annotations: Annotations): { readonly own: ProofsById; readonly proofsDamage?: ErrorJson } {
  const text = annotations[OWN_PROOFS]
  if (text === undefined) return { own: new Map() }
  try {
    return { own: readProofs(text) }
  } catch (thrown) {
    if (!(thrown instanceof ProvError)) throw thrown
    return { own: new Map(), proofsDamage: { ...errorJson(thrown), backend: 'oci' } }
  }
}
