/** Slots of tags: what put, get, replace, remove and keep do there. */
import type { Found, Receipt, Slot } from '../../../src/backend/backend.ts'
import { receiptOf } from '../../../src/backend/receipt.ts'
import { type Entry, sameBytes } from '../../../src/model/entry.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import type { Connection } from '../connect.ts'
import { failure } from '../failure.ts'
import type { Registry } from '../port.ts'
import { refuseTooLarge } from '../size.ts'
import { tagOfSlot } from '../slots.ts'
import { keptTag, type Layer, layerKey, layersOf, type NewLayer } from './layout.ts'
import { type KnownBlobs, present } from './present.ts'
import { editOf, locationOf, readTag } from './read.ts'
import { isChanged, readTagState, type Tag } from './tag.ts'

export interface Tags {
  /** Bytes of the blobs and of what the manifest says of them. Throws `entry_too_large`. */
  size(slot: Slot, entry: Entry): number
  put(slot: Slot, entry: Entry, signal: AbortSignal): Promise<Receipt>
  get(slot: Slot, signal: AbortSignal): Promise<readonly Found[]>
  replace(slot: Slot, found: Found, entry: Entry, signal: AbortSignal): Promise<Receipt>
  remove(slot: Slot, found: Found, signal: AbortSignal): Promise<void>
  /** The whole tag, under another name; gives that name. */
  keep(slot: Slot, signal: AbortSignal): Promise<string>
}

/** Blobs of which it is remembered whose they are. */
const MAX_KNOWN = 500
/** How often a put looks again when another writer has changed a layer that it was to change. */
const ROUNDS = 5

/**
 * @param connected asked only once it is sure that the entry fits
 *
 * @example await tags(connected).get(slot, signal)
 */
export function tags(connected: () => Promise<Connection>): Tags {
  const known: KnownBlobs = boundedMap(MAX_KNOWN)

  return {
    size: (slot, entry) =>
      checkedLayers(entry, slot).reduce((sum, { layer, blob }) => sum + blob.length + JSON.stringify(layer).length, 0),

    async put(slot, entry, signal) {
      const layers = checkedLayers(entry, slot)
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      for (let round = 1; ; round++) {
        const state = await readTagState(registry, tag, signal)
        const { layer, missing, lacking } = await present(registry, tag, state.layers, entry, known, signal)
        if (missing.length + lacking.length === 0 && layer !== undefined)
          return receipt(slot, entry, layer, 'unchanged')
        const fresh = layersWith(layers, missing)
        await upload(registry, tag, fresh, signal)
        const was = lacking.map((one) => one.was)
        const add = [...fresh, ...lacking].map((one) => one.layer)
        try {
          await writer.edit(tag, { add, drop: was.map(layerKey), was }, signal)
          return receipt(slot, entry, layer ?? firstOf(layers), 'written')
        } catch (error) {
          if (!isChanged(error) || round === ROUNDS) throw error
        }
      }
    },

    async get(slot, signal) {
      const { registry, protocol } = await connected()
      const tag = tagOfSlot(slot)
      await protocol.settle(tag, signal)
      return readTag(registry, slot, tag, signal)
    },

    async replace(slot, found, entry, signal) {
      const layers = checkedLayers(entry, slot)
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      const edit = editOf(found)
      await upload(registry, tag, layers, signal)
      await writer.edit(tag, { add: layers.map((item) => item.layer), ...edit }, signal)
      return receipt(slot, entry, firstOf(layers), 'replaced')
    },

    async remove(slot, found, signal) {
      const { registry, writer } = await connected()
      const tag = tagOfSlot(slot)
      const edit = editOf(found)
      const state = await readTagState(registry, tag, signal, edit.replaces)
      const gone = edit.drop.some((key) => !state.layers.some((layer) => layerKey(layer) === key))
      if (state.digest !== null && !gone) await writer.edit(tag, { add: [], ...edit }, signal)
    },

    async keep(slot, signal) {
      const { registry } = await connected()
      const { repo, name } = tagOfSlot(slot)
      const manifest = await registry.getManifest(repo, name, { signal })
      if (manifest === undefined)
        throw failure('conflict', 'the tag is gone', { operation: 'keep', location: slot.key })
      const kept = keptTag(name, manifest.digest)
      await registry.putManifest(repo, kept, manifest.bytes, manifest.mediaType, { signal })
      return `${repo}:${kept}`
    },
  }
}

function checkedLayers(entry: Entry, slot: Slot): readonly NewLayer[] {
  const layers = layersOf(entry)
  refuseTooLarge(Math.max(...layers.map(({ blob }) => blob.length)), slot)
  return layers
}

/** Only those in which a signature lies that is missing. */
function layersWith(layers: readonly NewLayer[], missing: Entry['signatures']): readonly NewLayer[] {
  return layers.filter(({ signatures }) =>
    signatures.some((one) => missing.some((wanted) => sameBytes(wanted.sig, one.sig))),
  )
}

async function upload(registry: Registry, { repo }: Tag, layers: readonly NewLayer[], signal: AbortSignal) {
  const blobs = new Map(layers.map(({ layer, blob }) => [layer.digest, blob]))
  await Promise.all([...blobs.values()].map((blob) => registry.putBlob(repo, blob, { signal })))
}

function receipt(slot: Slot, entry: Entry, layer: Layer, outcome: Receipt['outcome']): Receipt {
  return receiptOf(slot, locationOf(slot, layer), entry, outcome)
}

function firstOf(layers: readonly NewLayer[]): Layer {
  const [first] = layers
  if (first === undefined) throw failure('internal', 'an entry without signatures', { operation: 'put', location: '' })
  return first.layer
}
