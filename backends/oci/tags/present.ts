/** Which signatures of an entry a tag holds already. */

import { ProvError } from '../../../src/errors.ts'
import { type Entry, entryId, type Signature, sameBytes, signatureId } from '../../../src/model/entry.ts'
import type { BoundedMap } from '../../../src/platform/async/bounded-map.ts'
import { MAX_BLOB_BYTES, type Registry } from '../port.ts'
import { isCopy, type Layer, readLayer, signatureOf } from './layout.ts'
import type { Tag } from './tag.ts'

export interface Presence {
  /** The first layer that holds some of them. */
  readonly layer: Layer | undefined
  readonly missing: readonly Signature[]
}

const PARALLEL = 8

/** Digests of blobs that were read once, with the entry in them: spares reading other people's layers before every write. */
export type KnownBlobs = Pick<BoundedMap<string, string>, 'get' | 'set'>

/**
 * Reads the layers that may hold the entry. A layer counts only if its blob is there and in order; what it is found to hold
 * is confirmed by reading it now, `known` only tells which layers hold something else.
 *
 * @example (await present(registry, tag, layers, entry, known, signal)).missing.length === 0
 */
export async function present(
  registry: Registry,
  tag: Tag,
  layers: readonly Layer[],
  entry: Entry,
  known: KnownBlobs,
  signal: AbortSignal,
): Promise<Presence> {
  const id = entryId(entry)
  const held = new Set<string>()
  let first: Layer | undefined
  const rest = candidates(layers, entry, id, known).values()
  const work = async () => {
    for (const layer of rest) {
      const found = await look(registry, tag, layer, entry, signal)
      if (found === undefined) continue
      known.set(layer.digest, entryId(found))
      if (entryId(found) !== id || found.payloadType !== entry.payloadType) continue
      first ??= layer
      for (const signature of found.signatures) held.add(signatureId(signature))
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return { layer: first, missing: entry.signatures.filter((signature) => !held.has(signatureId(signature))) }
}

function candidates(layers: readonly Layer[], entry: Entry, id: string, known: KnownBlobs): readonly Layer[] {
  return layers.filter((layer) => {
    if (!isCopy(layer, entry.kind) || layer.size > MAX_BLOB_BYTES) return false
    if ((known.get(layer.digest) ?? id) !== id) return false
    if (entry.kind === 'raw') {
      const sig = layer.size === entry.payload.length ? signatureOf(layer) : undefined
      return sig !== undefined && entry.signatures.some((signature) => sameBytes(signature.sig, sig))
    }
    // An envelope holds the payload in base64: what is shorter cannot be one of this payload.
    return layer.size >= Math.floor((entry.payload.length * 4) / 3)
  })
}

async function look(
  registry: Registry,
  tag: Tag,
  layer: Layer,
  entry: Entry,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  try {
    const blob = await registry.getBlob(tag.repo, layer.digest, MAX_BLOB_BYTES, { signal })
    return blob === undefined ? undefined : readLayer(layer, blob, entry.kind)
  } catch (error) {
    if (error instanceof ProvError && ['copy_malformed', 'digest_mismatch', 'response_too_large'].includes(error.code))
      return undefined
    throw error
  }
}
