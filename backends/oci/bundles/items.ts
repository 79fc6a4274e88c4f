/** The bundles in a list of referrers, as items of a slot. */
import type { Found, FoundEntry, Slot } from '../../../src/backend/backend.ts'
import { type ErrorJson, errorJson, ProvError } from '../../../src/errors.ts'
import { type Entry, entryId, type Signature, sameBytes } from '../../../src/model/entry.ts'
import { holdsProofs, joinProofs, PROOFS } from '../../../src/model/proofs.ts'
import { withProofs } from '../../../src/model/proofs-json.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import { failure } from '../failure.ts'
import { MAX_BLOB_BYTES, MAX_PLACE_BYTES, type Registry } from '../port.ts'
import { OWN_PROOFS, ownProofs } from '../tags/annotations.ts'
import { layerKey } from '../tags/layout.ts'
import { boundSignatures } from '../tags/read.ts'
import type { Referrer } from './layout.ts'
import { readBundle } from './read.ts'
import {
  type BundlePlace,
  DAMAGE,
  findBundles,
  inParallel,
  type KnownReferrers,
  type SubjectAddress,
} from './referrers.ts'

export interface BundleItems {
  /** Every one of them. Throws `limit_exceeded` for more than one place may hold. */
  all(slot: Slot, place: SubjectAddress, referrers: readonly Referrer[], signal: AbortSignal): Promise<readonly Found[]>
  /**
   * Which of the entry's signatures are not there yet, or lack a proof, each with all its proofs; and where the first of the others is. Bundles of
   * other entries are not read twice.
   */
  held(
    slot: Slot,
    place: SubjectAddress,
    entry: Entry,
    referrers: readonly Referrer[],
    signal: AbortSignal,
  ): Promise<{ readonly first: string | undefined; readonly missing: readonly Signature[] }>
}

/** What stands in the way: referrers to take out, or an index that is damaged as a whole. */
export interface Old {
  readonly keys: readonly string[]
  readonly index?: string
}

/** Bundles and manifests of which it is remembered what they are. */
const MAX_KNOWN = 500

/** @example await bundleItems(registry).all(slot, place, referrers, signal) */
export function bundleItems(registry: Registry): BundleItems {
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
      const bare = readBundle(blob)
      entries.set(layer.digest, entryId(bare))
      return { location, raw: blob, ...beside(bare, found.proofs), version }
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

  return {
    async all(slot, place, referrers, signal) {
      const places = await findBundles(registry, place, referrers, known, signal)
      const bytes = places.reduce((sum, { layer }) => sum + (layer?.size ?? 0), 0)
      if (bytes > MAX_PLACE_BYTES) {
        const where = { operation: 'get bundles', location: slot.key }
        throw failure('limit_exceeded', `the bundles have more than ${MAX_PLACE_BYTES} bytes together`, where)
      }
      const items = await inParallel(places, (found) => read(place, found, locationOf(slot, found), signal))
      boundSignatures(items, slot.key)
      return items
    },

    async held(slot, place, entry, referrers, signal) {
      const id = entryId(entry)
      const places = await findBundles(registry, place, referrers, known, signal)
      const mine = places.filter(({ layer }) => layer !== undefined && (entries.get(layer.digest) ?? id) === id)
      const items = await inParallel(mine, (found) => read(place, found, locationOf(slot, found), signal))
      const there = items.filter((item) => item.entry !== undefined && entryId(item.entry) === id)
      const held = there.flatMap((item) => (item.entry?.payloadType === entry.payloadType ? item.entry.signatures : []))
      const missing = entry.signatures.flatMap((wanted) => {
        const [first, ...rest] = held.filter(({ sig }) => sameBytes(sig, wanted.sig))
        if (first === undefined) return [wanted]
        const known = rest.reduce(joinProofs, first)
        return holdsProofs(known, wanted, PROOFS) ? [] : [joinProofs(known, wanted)]
      })
      return { first: there[0]?.location, missing }
    },
  }
}

/** The entry with what lies beside its bundle. */
function beside(bare: Entry, texts: readonly string[]): Pick<FoundEntry, 'entry' | 'proofsDamage'> {
  let entry = bare
  let damage: ErrorJson | undefined
  for (const text of texts) {
    const { own, proofsDamage } = ownProofs({ [OWN_PROOFS]: text })
    entry = withProofs(entry, own)
    damage ??= proofsDamage
  }
  return { entry, ...(damage === undefined ? {} : { proofsDamage: damage }) }
}

function locationOf(slot: Slot, { layer, referrers }: BundlePlace): string {
  return `${slot.key}#${layer?.digest ?? referrers[0]?.digest}`
}

/** Without an error: the manifest that refers to the image cannot be read. */
export function damageOf(error: ProvError | undefined, location: string): ErrorJson {
  const damage = error ?? new ProvError('copy_malformed', 'the referring manifest cannot be read')
  return { ...errorJson(damage), backend: 'oci', location }
}

/** State token for `replace` and `remove`. */
export function versionOf(old: Old): string {
  return `bundle ${JSON.stringify(old)}`
}

/** What a token stands for. Throws `conflict` for one that is not of a bundle. */
export function oldOf(found: Found): Old {
  const [, json] = /^bundle (.*)$/s.exec(found.version ?? '') ?? []
  if (json !== undefined) return JSON.parse(json) as Old
  const where = { operation: 'replace', location: found.location }
  throw failure('conflict', 'the item was not read from this place', where)
}
