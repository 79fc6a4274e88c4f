/** Slots of bundles: what put, get, replace and remove do there. Loaded with the first use of one. */
import type { Found, Receipt, Slot } from '../../../src/backend/backend.ts'
import { receiptOf } from '../../../src/backend/receipt.ts'
import { errorJson, ProvError } from '../../../src/errors.ts'
import { type Entry, entryId, holds } from '../../../src/model/entry.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import type { Connection } from '../connect.ts'
import { failure } from '../failure.ts'
import { MAX_BLOB_BYTES, MAX_PLACE_BYTES } from '../port.ts'
import { layerKey } from '../tags/layout.ts'
import { boundSignatures } from '../tags/read.ts'
import { bundlesOf, EMPTY_CONFIG, type NewReferrer, type Referrer, referrerOf } from './layout.ts'
import { readBundle } from './read.ts'
import {
  type BundlePlace,
  DAMAGE,
  fallbackTagOf,
  findBundles,
  inParallel,
  type KnownReferrers,
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

/** What stands in the way: referrers to take out, or an index that is damaged as a whole. */
interface Old {
  readonly keys: readonly string[]
  readonly index?: string
}

/** Bundles and manifests of which it is remembered what they are. */
const MAX_KNOWN = 500

/**
 * @param now milliseconds since the epoch, for the date in a manifest
 *
 * @example await bundles(connection, now).get(slot, signal)
 */
export function bundles({ registry, protocol, writer }: Connection, now: () => number): Bundles {
  const known: KnownReferrers = boundedMap(MAX_KNOWN)
  /** Which entry a bundle holds: spares reading other people's before every write. */
  const entries = boundedMap<string, string>(MAX_KNOWN)

  async function read(
    place: SubjectAddress,
    found: BundlePlace,
    location: string,
    signal: AbortSignal,
  ): Promise<Found> {
    const { referrers, layer, error } = found
    const version = versionOf({ keys: referrers.map(layerKey) })
    const described = Buffer.from(JSON.stringify(referrers[0] ?? null))
    if (layer === undefined) return { location, raw: described, damage: damageOf(error, location), version }
    try {
      const blob = await blobOf(place, layer, location, signal)
      const entry = readBundle(blob)
      entries.set(layer.digest, entryId(entry))
      return { location, raw: blob, entry, version }
    } catch (thrown) {
      if (!(thrown instanceof ProvError) || !DAMAGE.includes(thrown.code)) throw thrown
      return { location, raw: described, damage: damageOf(thrown, location), version }
    }
  }

  async function blobOf(
    place: SubjectAddress,
    { digest, size }: { digest: string; size: number },
    at: string,
    signal: AbortSignal,
  ) {
    const where = { operation: 'get bundle', location: at }
    if (size > MAX_BLOB_BYTES) throw failure('response_too_large', `the bundle is ${size} bytes long`, where)
    const blob = await registry.getBlob(place.repo, digest, Math.max(0, size), { signal })
    if (blob === undefined) throw failure('copy_malformed', 'the manifest names a bundle that is gone', where)
    return blob
  }

  /** Which of the entry's signatures are there already, and where the first is. Bundles of other entries are not read twice. */
  async function held(slot: Slot, place: SubjectAddress, entry: Entry, list: ReferrerList, signal: AbortSignal) {
    const id = entryId(entry)
    const places = await findBundles(registry, place, list.referrers, known, signal)
    const mine = places.filter(({ layer }) => layer !== undefined && (entries.get(layer.digest) ?? id) === id)
    const items = await inParallel(mine, (found) => read(place, found, locationOf(slot, found), signal))
    const there = items.filter((item) => item.entry !== undefined && entryId(item.entry) === id)
    const isThere = (signature: Entry['signatures'][number]) =>
      there.some((item) => item.entry !== undefined && holds(item.entry, { ...entry, signatures: [signature] }))
    return { first: there[0]?.location, missing: entry.signatures.filter((signature) => !isThere(signature)) }
  }

  /** Puts manifests that refer to the image; what the registry lists by itself is complete then. */
  async function upload(place: SubjectAddress, entry: Entry, signal: AbortSignal): Promise<readonly NewReferrer[]> {
    const blobs = bundlesOf(entry)
    for (const blob of blobs) readBundle(blob)
    const subject = await subjectOf(registry, place, signal)
    const made = blobs.map((blob) => referrerOf(blob, entry.payload, subject, now()))
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
    const kept = { ...list, referrers: list.referrers.filter((referrer) => !stale.includes(referrer)) }
    const { first, missing } = await held(slot, place, entry, kept, signal)
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
      const places = await findBundles(registry, place, list.referrers, known, signal)
      const bytes = places.reduce((sum, { layer }) => sum + (layer?.size ?? 0), 0)
      if (bytes > MAX_PLACE_BYTES) {
        const where = { operation: 'get bundles', location: slot.key }
        throw failure('limit_exceeded', `the bundles have more than ${MAX_PLACE_BYTES} bytes together`, where)
      }
      const items = await inParallel(places, (found) => read(place, found, locationOf(slot, found), signal))
      boundSignatures(items, slot.key)
      return items
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

function locationOf(slot: Slot, { layer, referrers }: BundlePlace): string {
  return `${slot.key}#${layer?.digest ?? referrers[0]?.digest}`
}

function damageOf(error: ProvError | undefined, location: string) {
  const damage = error ?? new ProvError('copy_malformed', 'the referring manifest cannot be read')
  return { ...errorJson(damage), backend: 'oci', location }
}

/** State token for `replace` and `remove`. */
function versionOf(old: Old): string {
  return `bundle ${JSON.stringify(old)}`
}

function oldOf(found: Found): Old {
  const [, json] = /^bundle (.*)$/s.exec(found.version ?? '') ?? []
  if (json !== undefined) return JSON.parse(json) as Old
  const where = { operation: 'replace', location: found.location }
  throw failure('conflict', 'the item was not read from this place', where)
}

function changed({ key }: Slot): ProvError {
  const where = { operation: 'write bundle', location: key }
  return failure('conflict', 'what was to be replaced was changed by another writer', where, { hint: 'look again' })
}
