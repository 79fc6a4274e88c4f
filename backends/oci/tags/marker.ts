/** A marker: a small manifest under an own tag that says what its writer is about to put into a shared tag. Pure. */
import { sha256Hex } from '../../../src/model/entry.ts'
import { INDEX_TYPE } from '../bundles/layout.ts'
import { isDescriptor, type Layer, layerKey, OCI_MANIFEST_TYPE, parseObject } from './layout.ts'
import type { Tag, TagEdit } from './tag.ts'

export type MarkerState = 'open' | 'done'

export interface Marker {
  readonly state: MarkerState
  /** When its writer last said that it lives, by the writer's clock, in milliseconds since the epoch. */
  readonly created: number
  /** What the shared tag must hold. The blobs are there before the marker is. */
  readonly layers: readonly Layer[]
  /** Of a done marker: those that were open when its writer had finished. Their writes may still undo its own. */
  readonly waitsFor: readonly string[]
}

const STATE = 'dev.prov.marker/state'
const CREATED = 'dev.prov.marker/created'
const WAITS_FOR = 'dev.prov.marker/waits-for'
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'
/** Blob of the empty config (OCI image-spec, manifest.md). */
export const EMPTY_BLOB: Uint8Array = Buffer.from('{}')
export const EMPTY_DIGEST = `sha256:${sha256Hex(EMPTY_BLOB)}`
const EMPTY: Layer = { mediaType: EMPTY_TYPE, digest: EMPTY_DIGEST, size: EMPTY_BLOB.length }

/** Twelve hex digits of what is written and who writes it. */
export function markerTag(tag: string, edit: TagEdit, writer: string): string {
  const keys = [...edit.add.map(layerKey), ...edit.drop].sort()
  return `${tag}.prov-${sha256Hex(Buffer.from([writer, ...keys].join('\n'))).slice(0, 12)}`
}

/** True for the markers of that tag. */
export function isMarkerOf(tag: string, name: string): boolean {
  return name.startsWith(`${tag}.prov-`) && /^[0-9a-f]{12}$/.test(name.slice(tag.length + '.prov-'.length))
}

/**
 * Manifest and media type of a marker of that tag: of an index, itself one, since registries check that layers are blobs and
 * that what an index lists are manifests. Its bytes differ from every other marker's: registries delete by digest.
 */
export function encodeMarker(
  { state, created, layers, waitsFor }: Marker,
  name: string,
  form: Tag['form'],
): { readonly bytes: Uint8Array; readonly mediaType: string } {
  const annotations = {
    [CREATED]: new Date(created).toISOString(),
    'dev.prov.marker/name': name,
    [STATE]: state,
    [WAITS_FOR]: waitsFor.join(' '),
  }
  const mediaType = form === 'index' ? INDEX_TYPE : OCI_MANIFEST_TYPE
  const head = { schemaVersion: 2, mediaType, artifactType: 'application/vnd.prov.marker.v1' }
  const kept = layers.length === 0 ? [EMPTY] : layers
  const body = form === 'index' ? { manifests: layers } : { config: EMPTY, layers: kept }
  return { bytes: Buffer.from(JSON.stringify({ ...head, ...body, annotations })), mediaType }
}

/** Undefined when the bytes are not a marker. */
export function decodeMarker(bytes: Uint8Array): Marker | undefined {
  const { layers, manifests, annotations } = parseObject(bytes) ?? {}
  const listed = layers ?? manifests
  if (!Array.isArray(listed) || !listed.every(isDescriptor)) return undefined
  const {
    [STATE]: state,
    [CREATED]: created,
    [WAITS_FOR]: waiting = '',
  } = (annotations ?? {}) as Readonly<Record<string, unknown>>
  const ms = typeof created === 'string' ? Date.parse(created) : Number.NaN
  if ((state !== 'open' && state !== 'done') || Number.isNaN(ms) || typeof waiting !== 'string') return undefined
  const waitsFor = waiting.split(' ').filter((name) => name !== '')
  return { state, created: ms, waitsFor, layers: listed.filter((layer) => layer.mediaType !== EMPTY_TYPE) }
}
