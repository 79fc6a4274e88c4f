/** Slots of bundles: what put, get, replace and remove do there. Loaded with the first use of one. */
import type { Found, Receipt, Slot } from '../../../src/backend/backend.ts'
import { receiptOf } from '../../../src/backend/receipt.ts'
import { ProvError } from '../../../src/errors.ts'
import type { Entry } from '../../../src/model/entry.ts'
import type { Connection } from '../connect.ts'
import { failure } from '../failure.ts'
import { layerKey } from '../tags/layout.ts'
import { bundleItems, damageOf, type Old, oldOf, versionOf } from './items.ts'
import { bundlesOf, EMPTY_CONFIG, type NewReferrer, type Referrer, referrerOf } from './layout.ts'
import { readBundle } from './read.ts'
import {
  fallbackTagOf,
  inParallel,
  listReferrers,
  type ReferrerList,
  type SubjectAddress,
  subjectOf,
} from './referrers.ts'

export interface Bundles {
  put(slot: Slot, entry: Entry, signal: AbortSignal): Promise<Receipt>
  get(slot: Slot, signal: AbortSignal): Promise<readonly Found[]>
  replace(slot: Slot, found: Found, entry: Entry, signal: AbortSignal): Promise<Receipt>
  remove(slot: Slot, found: Found, signal: AbortSignal): Promise<void>
}

/**
 * @param now milliseconds since the epoch, for the date in a manifest
 *
 * @example await bundles(connection, now).get(slot, signal)
 */
export function bundles({ registry, protocol, writer }: Connection, now: () => number): Bundles {
  const items = bundleItems(registry)

  /** Puts manifests that refer to the image; what the registry lists by itself is complete then. */
  async function upload(place: SubjectAddress, entry: Entry, signal: AbortSignal): Promise<readonly NewReferrer[]> {
    const bundles = bundlesOf(entry)
    const blobs = bundles.map(({ bytes }) => bytes)
    for (const blob of blobs) readBundle(blob)
    const subject = await subjectOf(registry, place, signal)
    const made = bundles.map((bundle) => referrerOf(bundle, entry.payload, subject, now()))
    await Promise.all([EMPTY_CONFIG, ...blobs].map((blob) => registry.putBlob(place.repo, blob, { signal })))
    await inParallel(made, ({ manifest, descriptor }) =>
      registry.putManifest(place.repo, descriptor.digest, manifest, descriptor.mediaType, { signal }),
    )
    return made
  }

  async function write(slot: Slot, entry: Entry, signal: AbortSignal, old: Old): Promise<NewReferrer | string> {
    const place = placeOf(slot)
    const list = await listReferrers(registry, place, signal, { replaces: old.index })
    const stale = list.referrers.filter((referrer) => old.keys.includes(layerKey(referrer)))
    if (old.keys.length > 0 && stale.length === 0) throw changed(slot)
    const kept = list.referrers.filter((referrer) => !stale.includes(referrer))
    const { first, missing } = await items.held(slot, place, entry, kept, signal)
    const isReplacing = stale.length > 0 || old.index !== undefined
    if (missing.length === 0 && first !== undefined && !isReplacing) return first
    const made = missing.length === 0 ? [] : await upload(place, { ...entry, signatures: missing }, signal)
    const fresh = new Set(made.map(({ descriptor }) => layerKey(descriptor)))
    const spent = stale.filter((referrer) => !fresh.has(layerKey(referrer)))
    if (list.api) await forget(place, spent, signal)
    else {
      const edit = { add: made.map(({ descriptor }) => descriptor), drop: spent.map(layerKey) }
      const replaces = old.index === undefined ? {} : { replaces: old.index }
      await writer.edit(fallbackTagOf(place), { ...edit, ...replaces }, signal)
    }
    const [newest] = made
    if (newest !== undefined) return newest
    if (first !== undefined) return first
    throw failure('internal', 'an entry without signatures', { operation: 'put', location: slot.key })
  }

  async function forget(place: SubjectAddress, referrers: readonly Referrer[], signal: AbortSignal): Promise<void> {
    await inParallel(referrers, ({ digest }) => registry.deleteManifest(place.repo, digest, { signal }))
  }

  function receipt(slot: Slot, entry: Entry, at: NewReferrer | string, outcome: Receipt['outcome']): Receipt {
    const location = typeof at === 'string' ? at : `${slot.key}#${at.bundle}`
    return receiptOf(slot, location, entry, outcome)
  }

  return {
    async put(slot, entry, signal) {
      const at = await write(slot, entry, signal, { keys: [] })
      return receipt(slot, entry, at, typeof at === 'string' ? 'unchanged' : 'written')
    },

    async get(slot, signal) {
      const place = placeOf(slot)
      const tag = fallbackTagOf(place)
      let list: ReferrerList
      try {
        list = await listReferrers(registry, place, signal, { before: () => protocol.settle(tag, signal) })
      } catch (error) {
        if (!(error instanceof ProvError) || error.code !== 'occupied') throw error
        const index = await registry.getManifest(tag.repo, tag.name, { signal })
        if (index === undefined) throw error
        const damage = damageOf(new ProvError('copy_malformed', error.message), slot.key)
        return [{ location: slot.key, raw: index.bytes, damage, version: versionOf({ keys: [], index: index.digest }) }]
      }
      return items.all(slot, place, list.referrers, signal)
    },

    async replace(slot, found, entry, signal) {
      return receipt(slot, entry, await write(slot, entry, signal, oldOf(found)), 'replaced')
    },

    async remove(slot, found, signal) {
      const place = placeOf(slot)
      const old = oldOf(found)
      const { api, referrers } = await listReferrers(registry, place, signal, { replaces: old.index })
      const stale = referrers.filter((referrer) => old.keys.includes(layerKey(referrer)))
      if (api) return forget(place, stale, signal)
      const replaces = old.index === undefined ? {} : { replaces: old.index }
      if (stale.length === 0 && old.index === undefined) return
      await writer.edit(fallbackTagOf(place), { add: [], drop: stale.map(layerKey), ...replaces }, signal)
    },
  }
}

/** Throws `internal` for a slot of another kind. */
function placeOf({ address, key }: Slot): SubjectAddress {
  const { repository, subject } = address
  if (repository !== undefined && subject !== undefined) return { repo: repository, digest: subject }
  throw failure('internal', 'no slot of bundles', { operation: 'find slot', location: key })
}

function changed({ key }: Slot): ProvError {
  const where = { operation: 'write bundle', location: key }
  return failure('conflict', 'what was to be replaced was changed by another writer', where, { hint: 'look again' })
}
