/** Reading every copy under one tag: a damaged layer never hides its neighbours. */
import type { Found, Slot } from '../../src/backend.ts'
import { sha256Hex } from '../../src/entry.ts'
import { type ErrorCode, errorJson, ProvError } from '../../src/errors.ts'
import { failure } from './failure.ts'
import { isCopy, type Layer, layerKey, parseManifest, readLayer, type TagManifest } from './layout.ts'
import { MAX_BLOB_BYTES, type Registry } from './registry.ts'
import type { Tag } from './tag.ts'

const PARALLEL = 8
/** What is wrong with one item. Everything else means that nobody could look, and is thrown. */
const DAMAGE: readonly ErrorCode[] = [
  'copy_malformed',
  'digest_mismatch',
  'response_too_large',
  'limit_exceeded',
  'symbolic_link',
  'not_regular_file',
]

/**
 * Every item under the tag in the order of its layers; [] when there is no such tag. Layers of other media types are
 * damage of code `stranger`, and their blobs are not fetched.
 *
 * @example await readTag(registry, slot, tag, signal)
 */
export async function readTag(
  registry: Registry,
  slot: Slot,
  tag: Tag,
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const found = await registry.getManifest(tag.repo, tag.name, { signal })
  if (found === undefined) return []
  let manifest: TagManifest
  try {
    manifest = parseManifest(found.bytes)
  } catch (error) {
    return [damaged(slot.key, found.bytes, error, manifestVersion(found.digest))]
  }
  const items = new Array<Found>(manifest.layers.length)
  const rest = manifest.layers.entries()
  const work = async () => {
    for (const [index, layer] of rest) items[index] = await readItem(registry, slot, tag, layer, signal)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, manifest.layers.length) }, work))
  return items
}

async function readItem(registry: Registry, slot: Slot, tag: Tag, layer: Layer, signal: AbortSignal): Promise<Found> {
  const location = locationOf(slot, layer)
  const version = layerVersion(layer)
  const described = Buffer.from(JSON.stringify(layer))
  if (!isCopy(layer, slot.kind)) {
    const where = { operation: 'read tag', location }
    return damaged(
      location,
      described,
      failure('stranger', `a layer of media type ${layer.mediaType.slice(0, 100)}`, where),
      version,
    )
  }
  let blob: Uint8Array | undefined
  try {
    if (layer.size > MAX_BLOB_BYTES) throw tooLarge(layer, location)
    blob = await registry.getBlob(tag.repo, layer.digest, MAX_BLOB_BYTES, { signal })
    if (blob === undefined)
      throw failure('copy_malformed', 'the manifest names a layer that is gone', { operation: 'get blob', location })
    return { location, raw: blob, entry: readLayer(layer, blob, slot.kind), version }
  } catch (error) {
    return damaged(location, blob ?? described, error, version)
  }
}

function tooLarge(layer: Layer, location: string): ProvError {
  return failure('response_too_large', `the layer is ${layer.size} bytes long`, { operation: 'get blob', location })
}

function damaged(location: string, raw: Uint8Array, error: unknown, version: string): Found {
  if (!(error instanceof ProvError) || !DAMAGE.concat('stranger').includes(error.code)) throw error
  return { location, raw, damage: { ...errorJson(error), backend: 'oci', location }, version }
}

/** Two signatures over one payload are two layers of one digest: the signature tells them apart. */
export function locationOf(slot: Pick<Slot, 'key' | 'kind'>, layer: Layer): string {
  const signature = slot.kind === 'raw' ? `.${sha256Hex(Buffer.from(layerKey(layer))).slice(0, 12)}` : ''
  return `${slot.key}#${layer.digest}${signature}`
}

/** State tokens for `replace` and `remove`: a layer by its key, or a manifest that is damaged as a whole. */
export function layerVersion(layer: Layer): string {
  return `layer ${layerKey(layer)}`
}

function manifestVersion(digest: string): string {
  return `manifest ${digest}`
}

/** What a token stands for, as the part of an edit that takes it away. Throws `conflict` for a token of another backend. */
export function editOf(found: Found): { readonly drop: readonly string[]; readonly replaces?: string } {
  const [, type, rest] = /^(layer|manifest) (.*)$/s.exec(found.version ?? '') ?? []
  if (type === 'layer' && rest !== undefined) return { drop: [rest] }
  if (type === 'manifest' && rest !== undefined) return { drop: [], replaces: rest }
  throw failure('conflict', 'the item was not read from this backend', {
    operation: 'replace',
    location: found.location,
  })
}
