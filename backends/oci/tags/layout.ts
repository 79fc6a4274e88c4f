/**
 * cosign's tag layout, as Tekton Chains writes it: one image manifest under `sha256-<hex>.sig` or `.att`, one layer a
 * signature or envelope (cosign pkg/oci, Chains pkg/chains/storage/oci). Pure.
 */

import { type ErrorJson, ProvError } from '../../../src/errors.ts'
import type { ImageRef } from '../../../src/model/artifact.ts'
import { type Entry, type Kind, SIMPLESIGNING_TYPE, type Signature, sha256Hex } from '../../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope, signedBytes } from '../../../src/model/envelope.ts'
import { hasProofs } from '../../../src/model/proofs.ts'
import { parseBounded } from '../../../src/platform/text/bounded-json.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { newEffort, PROOF_ANNOTATIONS, proofAnnotations, readAnnotations, withMoreProofs } from './annotations.ts'

export const OCI_MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
export const DOCKER_MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'
export const OCI_CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
const DOCKER_CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json'
export const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json'

const SIGNATURE = 'dev.cosignproject.cosign/signature'
const PREDICATE_TYPE = 'predicateType'

/** A descriptor with whatever members its maker gave it; never taken apart and put together again. */
export interface Layer {
  readonly mediaType: string
  readonly size: number
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** A manifest as JSON text says it, unknown members included. */
export interface TagManifest {
  readonly mediaType?: string
  readonly config: Layer
  readonly layers: readonly Layer[]
}

/** A layer, the blob it describes, and the signatures that lie in it. */
export interface NewLayer {
  readonly layer: Layer
  readonly blob: Uint8Array
  readonly signatures: readonly Signature[]
}

/**
 * cosign's tag for the signatures (`raw`) or attestations (`dsse`) of an image.
 *
 * @example tagOf(image, 'dsse') // 'sha256-09e72cd4….att'
 */
export function tagOf(image: Pick<ImageRef, 'digest'>, kind: Kind): string {
  return `${image.digest.replace(':', '-')}.${kind === 'raw' ? 'sig' : 'att'}`
}

/** The subject's digest in hex and the kind that a tag stands for, or undefined for any other tag. */
export function readTag(tag: string): { readonly subject: string; readonly kind: Kind } | undefined {
  const [, subject, suffix] = /^sha256-([0-9a-f]{64})\.(sig|att)$/.exec(tag) ?? []
  return subject === undefined ? undefined : { subject, kind: suffix === 'sig' ? 'raw' : 'dsse' }
}

/** Where the manifest under a tag is kept when a layer of it is replaced: a tag that cosign never asks for. */
export function keptTag(tag: string, digest: string): string {
  return `${tag}.kept-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`
}

/**
 * The layers an entry becomes: one for an envelope, one a signature for `raw`. An envelope of which several signatures have proofs becomes one
 * layer a signature as well, each with an envelope of its own: cosign's annotations stand for one signature, so it verifies each of them so.
 * Annotations stand in the order of their names; `predicateType` is cosign's addition.
 *
 * @example layersOf(entry)[0]?.layer.mediaType // 'application/vnd.dsse.envelope.v1+json'
 */
export function layersOf(entry: Entry): readonly NewLayer[] {
  if (entry.kind === 'raw') {
    return entry.signatures.map((signature) => {
      const text = Buffer.from(signature.sig).toString('base64')
      const annotations = { [SIGNATURE]: text, ...proofAnnotations([signature]) }
      return {
        blob: entry.payload,
        layer: describe(SIMPLESIGNING_TYPE, entry.payload, annotations),
        signatures: [signature],
      }
    })
  }
  if (entry.signatures.filter(hasProofs).length < 2) return [envelopeLayer(entry)]
  const { envelope: _, ...rest } = entry
  return entry.signatures.map((signature) => envelopeLayer({ ...rest, signatures: [signature] }))
}

function envelopeLayer(entry: Entry): NewLayer {
  const blob = encodeEnvelope(entry)
  const predicateType = predicateTypeOf(entry.payload)
  const annotations = {
    [SIGNATURE]: '',
    ...proofAnnotations(entry.signatures),
    ...(predicateType === undefined ? {} : { [PREDICATE_TYPE]: predicateType }),
  }
  return { blob, layer: describe(ENVELOPE_TYPE, blob, annotations), signatures: entry.signatures }
}

/**
 * The layer as it is to be read with these proofs beside its signatures, and otherwise as it was.
 *
 * @example fuller(layer, joined).annotations
 */
export function fuller(layer: Layer, signatures: readonly Signature[]): Layer {
  return { ...layer, annotations: withMoreProofs(layer.annotations ?? {}, signatures) }
}

function describe(mediaType: string, blob: Uint8Array, annotations?: Readonly<Record<string, string>>): Layer {
  const digest = `sha256:${sha256Hex(blob)}`
  return { mediaType, size: blob.length, digest, ...(annotations === undefined ? {} : { annotations }) }
}

/** Predicate type of a Statement; undefined when the payload is none. */
export function predicateTypeOf(payload: Uint8Array): string | undefined {
  try {
    const json = parseBounded(Buffer.from(payload).toString()) as { readonly predicateType?: unknown } | null
    return typeof json?.predicateType === 'string' ? json.predicateType : undefined
  } catch {
    return undefined
  }
}

/** Whether a layer can be a copy of that kind at all; others in the tag are somebody else's. */
export function isCopy(layer: Layer, kind: Kind): boolean {
  return layer.mediaType === (kind === 'raw' ? SIMPLESIGNING_TYPE : ENVELOPE_TYPE)
}

/** What a layer holds. `proofsDamage`: of prov's own annotation, whose proofs are left out then. */
export interface LayerEntry {
  readonly entry: Entry
  readonly proofsDamage?: ErrorJson
}

/**
 * The entry in one layer, with the layer's blob as it was served. Throws `copy_malformed`, `limit_exceeded`.
 *
 * @param effort what may be spent on telling whose a certificate is; see {@link readAnnotations}
 * @example readLayer(layer, blob, 'dsse').entry.signatures.length
 */
export function readLayer(layer: Layer, blob: Uint8Array, kind: Kind, effort = newEffort()): LayerEntry {
  const bare = kind === 'dsse' ? decodeEnvelope(blob) : rawEntry(layer, blob)
  const { signatures, ...rest } = readAnnotations(
    layer.annotations ?? {},
    bare.signatures,
    () => signedBytes(bare),
    effort,
  )
  return { entry: { ...bare, signatures }, ...rest }
}

function rawEntry(layer: Layer, blob: Uint8Array): Entry {
  const sig = signatureOf(layer)
  if (sig === undefined) {
    throw new ProvError('copy_malformed', `the layer has no base64 signature in its annotation ${SIGNATURE}`)
  }
  return { kind: 'raw', payloadType: SIMPLESIGNING_TYPE, payload: blob, signatures: [{ sig }] }
}

/** The signature that a `.sig` layer's annotation holds; undefined when it is absent or no base64. */
export function signatureOf(layer: Layer): Uint8Array | undefined {
  const text = layer.annotations?.[SIGNATURE]
  if (text === undefined || text === '') return undefined
  const sig = Buffer.from(text, 'base64')
  return sig.toString('base64') === text ? sig : undefined
}

/** Layers of one key are one entry, whatever else their annotations say: it is read and checked once. */
export function entryKey(layer: Layer): string {
  const { digest, annotations = {} } = layer
  const known = [SIGNATURE, ...PROOF_ANNOTATIONS].map((name) => annotations[name] || null)
  return JSON.stringify([digest, ...known])
}

/**
 * Reads the manifest of a tag. Throws `copy_malformed` when it is not an image manifest: no JSON, an index, or without layers.
 *
 * @example parseManifest(bytes).layers.length
 */
export function parseManifest(bytes: Uint8Array): TagManifest {
  const manifest = parseObject(bytes)
  const { mediaType, config, layers } = manifest ?? {}
  if (manifest === undefined) throw new ProvError('copy_malformed', 'the manifest is not a JSON object')
  const known = mediaType === undefined || mediaType === OCI_MANIFEST_TYPE || mediaType === DOCKER_MANIFEST_TYPE
  if (!known || !isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor)) {
    throw new ProvError('copy_malformed', 'the tag is not an image manifest with layers', {
      hint: 'something that is neither signatures nor attestations stands under this tag',
    })
  }
  return manifest as unknown as TagManifest
}

/** Undefined when the bytes are not a JSON object. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = parseBounded(Buffer.from(bytes).toString())
    return isRecord(json) ? json : undefined
  } catch {
    return undefined
  }
}

export function isDescriptor(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false
  const { mediaType, digest, size, annotations } = value as Readonly<Record<string, unknown>>
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !Number.isSafeInteger(size)) return false
  if (!/^[a-z0-9+._-]+:[0-9a-zA-Z=_-]{32,}$/.test(digest)) return false
  if (annotations === undefined || annotations === null) return true
  return typeof annotations === 'object' && Object.values(annotations).every((text) => typeof text === 'string')
}

/** Manifest and config to put, with the manifest's media type. */
export interface NewManifest {
  readonly manifest: Uint8Array
  readonly mediaType: string
  readonly config: Uint8Array
}

/**
 * The manifest that holds exactly `layers`, built on `base` so that its other members stay as they are. The config is
 * cosign's empty one: the layers' digests as diff_ids and zero times.
 *
 * @example buildManifest(undefined, [layer]).mediaType // 'application/vnd.oci.image.manifest.v1+json'
 */
export function buildManifest(base: TagManifest | undefined, layers: readonly Layer[]): NewManifest {
  const zero = '0001-01-01T00:00:00Z'
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      created: zero,
      history: layers.map(() => ({ created: zero })),
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      config: {},
    }),
  )
  const mediaType = base?.mediaType ?? OCI_MANIFEST_TYPE
  const described = describe(mediaType === DOCKER_MANIFEST_TYPE ? DOCKER_CONFIG_TYPE : OCI_CONFIG_TYPE, config)
  const kept = base ?? { schemaVersion: 2, mediaType }
  const manifest = Buffer.from(JSON.stringify({ ...kept, config: described, layers }))
  return { manifest, mediaType, config }
}

/**
 * What makes two layers the same item: media type, digest and, where the signature stands in an annotation, that. Digest
 * alone would take a second signature over one payload for the first (Chains does).
 *
 * @example layerKey(a) === layerKey(b)
 */
export function layerKey(layer: Layer): string {
  return `${layer.mediaType} ${layer.digest} ${layer.annotations?.[SIGNATURE] ?? ''}`
}

/** Layers of both, first those of `first` in their order, then what only `second` has. */
export function unionOf(first: readonly Layer[], second: readonly Layer[]): readonly Layer[] {
  const known = new Set(first.map(layerKey))
  return [...first, ...second.filter((layer) => !known.has(layerKey(layer)) && known.add(layerKey(layer)))]
}
