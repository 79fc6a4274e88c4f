/**
 * Sigstore bundles as OCI 1.1 referrers, as cosign 3 and Tekton Chains 0.29 write them: one artifact manifest a signature whose
 * `subject` is the image and whose one layer is the bundle (cosign pkg/oci/remote WriteReferrer). Pure; reading a bundle is
 * read-bundle.ts, which needs a library.
 */
import { X509Certificate } from 'node:crypto'
import { ProvError } from '../../../src/errors.ts'
import { type Entry, type Signature, sha256Hex } from '../../../src/model/entry.ts'
import { hasInclusionProof } from '../../../src/model/log-entry.ts'
import { proofsIn, proofsText } from '../../../src/model/proofs-json.ts'
import { arrayIn, recordIn, textIn } from '../../../src/platform/text/guards.ts'
import { OWN_PROOFS } from '../tags/annotations.ts'
import { isDescriptor, type Layer, OCI_MANIFEST_TYPE, parseObject, predicateTypeOf } from '../tags/layout.ts'

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const EMPTY_CONFIG: Uint8Array = Buffer.from('{}')
const EMPTY_CONFIG_TYPE = 'application/vnd.oci.empty.v1+json'

/** Every spelling of the media type: v0.1 and v0.2 had a parameter before the version became part of the name. */
const BUNDLE_TYPES = /^application\/vnd\.dev\.sigstore\.bundle(\.v[0-9]+\.[0-9]+\+json|\+json;version=[0-9]+\.[0-9]+)$/

/** A descriptor in a list of referrers. */
export interface Referrer extends Layer {
  readonly artifactType?: string
}

/** What a subject field says of the image. */
export interface SubjectDescriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export interface NewReferrer {
  readonly manifest: Uint8Array
  /** As it stands in the fallback index, with what the distribution specification wants there. */
  readonly descriptor: Referrer
  /** Digest of the bundle. */
  readonly bundle: string
}

/**
 * The tag under which a registry without the referrers API lists what refers to an image (distribution specification).
 *
 * @example fallbackTag('sha256:09e7…') // 'sha256-09e7…'
 */
export function fallbackTag(digest: string): string {
  return digest.replace(':', '-')
}

/** The image's digest in hex that a fallback tag stands for; undefined for any other tag. */
export function readFallbackTag(tag: string): string | undefined {
  return /^sha256-([0-9a-f]{64})$/.exec(tag)?.[1]
}

/** A bundle, and what belongs to its signature and has no place in it. */
export interface NewBundle {
  readonly bytes: Uint8Array
  /** For the annotation `dev.prov/proofs` of the manifest that refers to the image. */
  readonly proofs?: string
}

/**
 * The bundles an entry becomes, one a signature, since a bundle holds exactly one. The same entry always gives the same bytes. v0.3 demands an
 * inclusion proof of every log entry and has no chain: a log proof in cosign's old form, an entry with the log's promise alone and a certificate's
 * chain go beside the bundle. Throws `not_supported` for a raw signature: cosign makes a Statement of what an image signature says.
 *
 * @example bundlesOf(entry).length === entry.signatures.length
 */
export function bundlesOf(entry: Entry): readonly NewBundle[] {
  if (entry.kind !== 'dsse') throw new ProvError('not_supported', 'a bundle has no place for a raw signature')
  return entry.signatures.map((signature) => {
    const envelope = {
      payload: base64(entry.payload),
      payloadType: entry.payloadType,
      signatures: [
        { sig: base64(signature.sig), ...(signature.keyid === undefined ? {} : { keyid: signature.keyid }) },
      ],
    }
    const json = { mediaType: BUNDLE_TYPE, verificationMaterial: materialOf(signature), dsseEnvelope: envelope }
    const { sig, chain = '', logProof = '', logEntries = [] } = signature
    const promised = logEntries.filter((one) => !hasInclusionProof(one))
    const proofs = proofsText(
      proofsIn([{ sig, chain, logProof, logEntries: promised }], ['chain', 'logEntries', 'logProof']),
    )
    return { bytes: Buffer.from(JSON.stringify(json)), ...(proofs === undefined ? {} : { proofs }) }
  })
}

function materialOf({
  certificate,
  keyHint,
  logEntries = [],
  timestamps = [],
}: Signature): Readonly<Record<string, unknown>> {
  const by =
    certificate === undefined
      ? { publicKey: keyHint === undefined ? {} : { hint: keyHint } }
      : { certificate: { rawBytes: base64(derOf(certificate)) } }
  const tlogEntries = logEntries.filter(hasInclusionProof).map((one): unknown => JSON.parse(one))
  const rfc3161Timestamps = timestamps.map((stamp) => ({ signedTimestamp: base64(stamp) }))
  return {
    ...by,
    ...(tlogEntries.length === 0 ? {} : { tlogEntries }),
    ...(rfc3161Timestamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps } }),
  }
}

function derOf(pem: string): Uint8Array {
  try {
    return new X509Certificate(pem).raw
  } catch {
    throw new ProvError('copy_malformed', 'the certificate beside the signature cannot be read')
  }
}

/**
 * The manifest that binds a bundle to its image, members in cosign's order.
 *
 * @param created milliseconds since the epoch; only for people: nothing depends on it
 *
 * @example referrerOf(bundle, entry.payload, subject, now()).descriptor.digest
 */
export function referrerOf(
  { bytes: bundle, proofs }: NewBundle,
  payload: Uint8Array,
  subject: SubjectDescriptor,
  created: number,
): NewReferrer {
  const predicateType = predicateTypeOf(payload)
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    ...(predicateType === undefined ? {} : { 'dev.sigstore.bundle.predicateType': predicateType }),
    'org.opencontainers.image.created': new Date(created).toISOString().replace(/\.[0-9]+Z$/, 'Z'),
  }
  const config = describe(EMPTY_CONFIG_TYPE, EMPTY_CONFIG)
  const layer = describe(BUNDLE_TYPE, bundle)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST_TYPE,
      config: { ...config, artifactType: BUNDLE_TYPE },
      layers: [layer],
      annotations: { ...annotations, ...(proofs === undefined ? {} : { [OWN_PROOFS]: proofs }) },
      subject: { mediaType: subject.mediaType, size: subject.size, digest: subject.digest },
      artifactType: BUNDLE_TYPE,
    }),
  )
  const descriptor = { ...describe(OCI_MANIFEST_TYPE, manifest), artifactType: BUNDLE_TYPE, annotations }
  return { manifest, descriptor, bundle: layer.digest }
}

function describe(mediaType: string, blob: Uint8Array): Layer {
  return { mediaType, size: blob.length, digest: `sha256:${sha256Hex(blob)}` }
}

/**
 * The layer with the bundle in a referring manifest; undefined when it refers with something else (an SBOM, another tool's
 * signature). Throws `copy_malformed` when it is not a manifest, or refers to another image than `digest`.
 *
 * @example bundleLayer(bytes, 'sha256:09e7…')?.digest
 */
export function bundleLayer(bytes: Uint8Array, digest: string): Layer | undefined {
  const manifest = parseObject(bytes)
  const { layers, subject, artifactType } = manifest ?? {}
  if (manifest === undefined) throw new ProvError('copy_malformed', 'the referring manifest is not a JSON object')
  const list: readonly unknown[] = arrayIn(layers)
  const found = list.filter(isDescriptor).find((layer) => BUNDLE_TYPES.test(layer.mediaType))
  const says = typeof artifactType === 'string' && BUNDLE_TYPES.test(artifactType)
  if (found === undefined && !says) return undefined
  if (found === undefined)
    throw new ProvError('copy_malformed', 'the manifest says that it holds a bundle, and does not')
  if (!isDescriptor(subject) || subject.digest !== digest) {
    throw new ProvError('copy_malformed', 'the manifest is listed with this image, and refers to another')
  }
  return found
}

/** What prov itself put beside the bundle of a referring manifest; undefined where there is nothing. */
export function proofsBeside(bytes: Uint8Array): string | undefined {
  return textIn(recordIn(parseObject(bytes)?.['annotations'])[OWN_PROOFS])
}

/**
 * False for what a descriptor alone shows to be no bundle. A list may say the empty config's type of what is one (cosign 2,
 * registries that take the config's), so that only another, telling type counts.
 */
export function mayBeBundle({ mediaType, artifactType }: Referrer): boolean {
  if (mediaType !== OCI_MANIFEST_TYPE) return false
  return !artifactType || artifactType === EMPTY_CONFIG_TYPE || BUNDLE_TYPES.test(artifactType)
}

/** The index of a fallback tag as its JSON says it, other people's descriptors and members included. */
export interface ReferrersIndex {
  readonly json: Readonly<Record<string, unknown>>
  readonly referrers: readonly Referrer[]
}

export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'

/**
 * Reads a list of referrers: the answer of the API, or the manifest of a fallback tag. Throws `copy_malformed` for what is none.
 *
 * @example parseReferrers(bytes).referrers.length
 */
export function parseReferrers(bytes: Uint8Array): ReferrersIndex {
  const json = parseObject(bytes)
  // Some registries say null where nothing refers.
  const manifests = json !== undefined && 'manifests' in json ? (json['manifests'] ?? []) : undefined
  if (json === undefined || !Array.isArray(manifests) || !manifests.every(isDescriptor)) {
    throw new ProvError('copy_malformed', 'the list of referrers is not an image index')
  }
  return { json, referrers: manifests }
}

/** The index that lists exactly `referrers`, built on `base` so that its other members stay as they are. */
export function buildIndex(
  base: Readonly<Record<string, unknown>> | undefined,
  referrers: readonly Layer[],
): { readonly manifest: Uint8Array; readonly mediaType: string } {
  const kept = base ?? { schemaVersion: 2, mediaType: INDEX_TYPE }
  return { manifest: Buffer.from(JSON.stringify({ ...kept, manifests: referrers })), mediaType: INDEX_TYPE }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
