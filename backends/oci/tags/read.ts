/** Reading every copy under one tag: a damaged layer never hides its neighbours. */
import type { Found, Slot } from '../../../src/backend/backend.ts'
import { asProvError, errorJson, ProvError } from '../../../src/errors.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import { failure, ITEM_DAMAGE } from '../failure.ts'
import { MAX_BLOB_BYTES, MAX_ITEMS, MAX_PLACE_BYTES, MAX_PLACE_SIGNATURES, type Registry } from '../port.ts'
import { newEffort } from './annotations.ts'
import {
  entryKey,
  isCopy,
  type Layer,
  type LayerEntry,
  layerKey,
  parseManifest,
  readLayer,
  type TagManifest,
} from './layout.ts'
import type { Tag } from './tag.ts'

const PARALLEL = 8
/** Bytes that the signatures of one place cover, each counted for itself. */
const MAX_SIGNED_BYTES = 1024 * 1024 * 1024

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
    if (found.damage !== undefined) throw found.damage
    manifest = parseManifest(found.bytes)
  } catch (error) {
    return [damaged(slot.key, found.bytes, error, manifestVersion(found.digest))]
  }
  const layers = boundedLayers(manifest.layers, slot)
  const blobs = blobReader(registry, tag.repo, slot.kind, signal)
  const items = new Array<Found>(layers.length)
  const rest = layers.entries()
  const work = async () => {
    for (const [index, layer] of rest) items[index] = await readItem(blobs, slot, layer)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, layers.length) }, work))
  boundSignatures(items, slot.key)
  return items
}

/** The layers, each spelling once. Throws `limit_exceeded` for too many of them, or for blobs that are too large together. */
function boundedLayers(all: readonly Layer[], slot: Slot): readonly Layer[] {
  const layers = [...new Map(all.map((layer) => [JSON.stringify(layer), layer])).values()]
  if (layers.length > MAX_ITEMS) throw beyond(`more than ${MAX_ITEMS} layers`, slot.key)
  const wanted = layers.filter((layer) => isCopy(layer, slot.kind) && layer.size <= MAX_BLOB_BYTES)
  const sizes = new Map(wanted.map(({ digest, size }) => [digest, size]))
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (bytes > MAX_PLACE_BYTES) throw beyond(`layers of more than ${MAX_PLACE_BYTES} bytes together`, slot.key)
  return layers
}

/** Throws `limit_exceeded` when the entries together have more signatures than one place is checked for. */
export function boundSignatures(items: readonly Found[], location: string): void {
  const entries = [...new Set(items.flatMap(({ entry }) => entry ?? []))]
  const count = entries.reduce((sum, { signatures }) => sum + signatures.length, 0)
  if (count > MAX_PLACE_SIGNATURES) throw beyond(`more than ${MAX_PLACE_SIGNATURES} signatures`, location)
  const work = entries.reduce((sum, { signatures, payload }) => sum + signatures.length * payload.length, 0)
  if (work > MAX_SIGNED_BYTES) throw beyond('signatures over more bytes than are checked', location)
}

function beyond(what: string, location: string): ProvError {
  return failure('limit_exceeded', `the place holds ${what}`, { operation: 'read tag', location })
}

interface Blobs {
  /** Undefined when the blob is gone. */
  read(layer: Layer): Promise<Uint8Array | undefined>
  /** Throws `copy_malformed`, `limit_exceeded`. */
  entryOf(layer: Layer, blob: Uint8Array): LayerEntry
}

/** Each digest is fetched and read once, and no more of it than the layer says: other bytes would not have the digest. */
function blobReader(registry: Registry, repo: string, kind: Slot['kind'], signal: AbortSignal): Blobs {
  const known = new Map<string, Promise<Uint8Array | undefined>>()
  const entries = new Map<string, LayerEntry | ProvError>()
  const effort = newEffort()
  return {
    read({ digest, size }) {
      const key = `${digest} ${size}`
      const made = known.get(key) ?? registry.getBlob(repo, digest, Math.max(0, size), { signal })
      known.set(key, made)
      return made
    },
    entryOf(layer, blob) {
      const key = entryKey(layer)
      const entry = entries.get(key) ?? tried(() => readLayer(layer, blob, kind, effort))
      entries.set(key, entry)
      if (entry instanceof ProvError) throw entry
      return entry
    },
  }
}

function tried(read: () => LayerEntry): LayerEntry | ProvError {
  try {
    return read()
  } catch (thrown) {
    return asProvError(thrown)
  }
}

async function readItem(blobs: Blobs, slot: Slot, layer: Layer): Promise<Found> {
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
  try {
    if (layer.size > MAX_BLOB_BYTES) throw tooLarge(layer, location)
    const blob = await blobs.read(layer)
    if (blob === undefined)
      throw failure('copy_malformed', 'the manifest names a layer that is gone', { operation: 'get blob', location })
    return { location, raw: blob, ...blobs.entryOf(layer, blob), version }
  } catch (error) {
    // Not the blob: of what is not an entry nothing is kept in memory.
    return damaged(location, described, error, version)
  }
}

function tooLarge(layer: Layer, location: string): ProvError {
  return failure('response_too_large', `the layer is ${layer.size} bytes long`, { operation: 'get blob', location })
}

function damaged(location: string, raw: Uint8Array, error: unknown, version: string): Found {
  if (!(error instanceof ProvError) || !ITEM_DAMAGE.concat('stranger').includes(error.code)) throw error
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
