/** Which signatures of an entry a tag holds already, and with which proofs. */

import { ProvError } from '../../../src/errors.ts'
import { type Entry, entryId, type Signature, sameBytes, signatureId } from '../../../src/model/entry.ts'
import { holdsProofs, joinProofs, PROOFS, type Proofs } from '../../../src/model/proofs.ts'
import { isNewer } from '../../../src/model/proofs-json.ts'
import type { BoundedMap } from '../../../src/platform/async/bounded-map.ts'
import { failure } from '../failure.ts'
import { MAX_BLOB_BYTES, type Registry } from '../port.ts'
import { OWN_PROOFS } from './annotations.ts'
import { fuller, isCopy, type Layer, readLayer, signatureOf } from './layout.ts'
import type { Tag } from './tag.ts'

export interface Presence {
  /** The first layer that holds some of them. */
  readonly layer: Layer | undefined
  readonly missing: readonly Signature[]
  /** Layers whose signatures lack proofs of the entry's, and what shall stand in their place. */
  readonly lacking: readonly { readonly was: Layer; readonly layer: Layer }[]
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
  const held = new Map<string, Proofs>()
  const own: { readonly layer: Layer; readonly signatures: readonly Signature[] }[] = []
  const rest = candidates(layers, entry, id, known).values()
  const work = async () => {
    for (const layer of rest) {
      const found = await look(registry, tag, layer, entry, signal)
      if (found === undefined) continue
      known.set(layer.digest, entryId(found))
      if (entryId(found) !== id || found.payloadType !== entry.payloadType) continue
      own.push({ layer, signatures: found.signatures })
      for (const signature of found.signatures) {
        const id = signatureId(signature)
        held.set(id, joinProofs(held.get(id) ?? {}, signature))
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  const inOrder = own.toSorted((a, b) => layers.indexOf(a.layer) - layers.indexOf(b.layer))
  const lacks = entry.signatures.filter((wanted) => {
    const proofs = held.get(signatureId(wanted))
    return proofs !== undefined && !holdsProofs(proofs, wanted, PROOFS)
  })
  return {
    layer: inOrder[0]?.layer,
    missing: entry.signatures.filter((signature) => !held.has(signatureId(signature))),
    lacking: lackingIn(inOrder, lacks, tag),
  }
}

/** Each goes into the first layer that has its signature. Throws `not_supported` for proofs of a later version: they stay. */
function lackingIn(
  own: readonly { readonly layer: Layer; readonly signatures: readonly Signature[] }[],
  lacks: readonly Signature[],
  tag: Tag,
): Presence['lacking'] {
  const has = (signatures: readonly Signature[], wanted: Signature) =>
    signatures.some(({ sig }) => sameBytes(sig, wanted.sig))
  return own.flatMap(({ layer, signatures }, i) => {
    const mine = lacks.filter(
      (wanted) => has(signatures, wanted) && !own.slice(0, i).some((other) => has(other.signatures, wanted)),
    )
    if (mine.length === 0) return []
    if (isNewer(layer.annotations?.[OWN_PROOFS] ?? '')) {
      const where = { operation: 'put', location: `${tag.repo}:${tag.name}` }
      const hint = 'use the prov that wrote them, or a newer one'
      throw failure('not_supported', 'the proofs beside this copy were written by a newer prov', where, { hint })
    }
    const joined = signatures.map((one) => {
      const wanted = mine.find(({ sig }) => sameBytes(sig, one.sig))
      return wanted === undefined ? one : joinProofs(one, wanted)
    })
    return [{ was: layer, layer: fuller(layer, joined) }]
  })
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
    return blob === undefined ? undefined : readLayer(layer, blob, entry.kind).entry
  } catch (error) {
    if (error instanceof ProvError && ['copy_malformed', 'digest_mismatch', 'response_too_large'].includes(error.code))
      return undefined
    throw error
  }
}
