/** What refers to an image, from the registry's own list or from the index under the fallback tag; and the bundles among it. */

import { ProvError } from '../../../src/errors.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import type { BoundedMap } from '../../../src/platform/async/bounded-map.ts'
import { parseBounded } from '../../../src/platform/text/bounded-json.ts'
import { failure, ITEM_DAMAGE } from '../failure.ts'
import { MAX_ITEMS, type Manifest, type Registry } from '../port.ts'
import type { Layer } from '../tags/layout.ts'
import { readTagState, type Tag } from '../tags/tag.ts'
import { bundleLayer, fallbackTag, mayBeBundle, proofsBeside, type Referrer, type SubjectDescriptor } from './layout.ts'

/** An image in its repository. */
export interface SubjectAddress {
  /** Normalised, with its host. */
  readonly repo: string
  readonly digest: string
}

export interface ReferrerList {
  /** False: the registry keeps no list, and the fallback tag is a shared tag like any other. */
  readonly api: boolean
  readonly referrers: readonly Referrer[]
}

export interface FallbackOptions {
  /** Called before the fallback tag is read, and not where there is none. */
  readonly before?: () => Promise<void>
  /** Digest of an index that is damaged as a whole and may be replaced. */
  readonly replaces?: string | undefined
}

/** A bundle, or what stands where one should be; the referrers that hold that very bundle. */
export interface BundlePlace {
  readonly referrers: readonly Referrer[]
  readonly layer?: Layer
  /** What prov itself put beside that bundle, in each of the manifests where it did. */
  readonly proofs: readonly string[]
  /** Of the manifest: with it there is no layer. */
  readonly error?: ProvError
}

const PARALLEL = 8
/** What is wrong with one item. Everything else means that nobody could look, and is thrown. */
export const DAMAGE: readonly string[] = [...ITEM_DAMAGE, 'stranger']

/** @example fallbackTagOf({ repo, digest }) // { repo, name: 'sha256-09e7…', form: 'index' } */
export function fallbackTagOf({ repo, digest }: SubjectAddress): Tag {
  return { repo, name: fallbackTag(digest), form: 'index' }
}

/**
 * Everything that may be a bundle. Where the registry has the API, its answer counts alone, as for cosign: the header
 * OCI-Subject would say less (some registries list what they were sent and do not announce it).
 *
 * @example (await listReferrers(registry, { repo, digest }, signal)).api
 */
export async function listReferrers(
  registry: Registry,
  place: SubjectAddress,
  signal: AbortSignal,
  fallback: FallbackOptions = {},
): Promise<ReferrerList> {
  const listed = await registry.listReferrers?.(place.repo, place.digest, { signal })
  if (listed !== undefined) return { api: true, referrers: listed.filter(mayBeBundle) }
  await fallback.before?.()
  const { layers } = await readTagState(registry, fallbackTagOf(place), signal, fallback.replaces)
  const referrers = layers.filter(mayBeBundle)
  if (referrers.length > MAX_ITEMS) {
    const where = { operation: 'list referrers', location: `${place.repo}@${place.digest}` }
    throw failure('limit_exceeded', `more than ${MAX_ITEMS} manifests refer to the image`, where)
  }
  return { api: false, referrers }
}

/** Where bundles are, by the digest of a manifest: a digest's bytes never change. */
export type KnownReferrers = Pick<BoundedMap<string, KnownReferrer>, 'get' | 'set'>

export interface KnownReferrer {
  readonly layer: Layer | undefined
  readonly proofs?: string
}

/**
 * The bundles among the referrers, each once: two manifests with one bundle differ in
 * their dates, and in what prov put beside it. In the order of the
 * list. No descriptor is believed: each manifest is read.
 *
 * @example for (const { layer } of await findBundles(registry, place, referrers, known, signal)) console.log(layer?.digest)
 */
export async function findBundles(
  registry: Registry,
  place: SubjectAddress,
  referrers: readonly Referrer[],
  known: KnownReferrers,
  signal: AbortSignal,
): Promise<readonly BundlePlace[]> {
  const looked = await inParallel(referrers, (referrer) => lookInto(registry, place, referrer, known, signal))
  const places = new Map<string, BundlePlace>()
  for (const found of looked) {
    if (found === undefined) continue
    const key = found.layer?.digest ?? `manifest ${found.referrers[0]?.digest}`
    const before = places.get(key)
    places.set(key, before === undefined ? found : both(before, found))
  }
  return [...places.values()]
}

function both(one: BundlePlace, other: BundlePlace): BundlePlace {
  const proofs = [...new Set([...one.proofs, ...other.proofs])]
  return { ...one, referrers: [...one.referrers, ...other.referrers], proofs }
}

async function lookInto(
  registry: Registry,
  place: SubjectAddress,
  referrer: Referrer,
  known: KnownReferrers,
  signal: AbortSignal,
): Promise<BundlePlace | undefined> {
  const { digest } = referrer
  try {
    let found = known.get(digest)
    if (found === undefined) {
      const manifest = await registry.getManifest(place.repo, digest, { signal })
      if (manifest === undefined) throw gone(place, digest)
      const proofs = proofsBeside(manifest.bytes)
      found = { layer: bundleLayer(manifest.bytes, place.digest), ...(proofs === undefined ? {} : { proofs }) }
      known.set(digest, found)
    }
    const { layer, proofs } = found
    if (layer === undefined) return undefined
    return { referrers: [referrer], layer, proofs: proofs === undefined ? [] : [proofs] }
  } catch (error) {
    if (!(error instanceof ProvError) || !DAMAGE.includes(error.code)) throw error
    return { referrers: [referrer], proofs: [], error }
  }
}

function gone(place: SubjectAddress, digest: string): ProvError {
  const where = { operation: 'get referrer', location: `${place.repo}@${digest}` }
  return failure('copy_malformed', 'what is listed as referring to the image is gone', where)
}

/**
 * What a subject field must say of the image. Throws `absent` when the registry does not have it: a bundle can refer only to
 * what is there (cosign and Chains refuse as well).
 */
export async function subjectOf(
  registry: Registry,
  place: SubjectAddress,
  signal: AbortSignal,
): Promise<SubjectDescriptor> {
  const manifest = await registry.getManifest(place.repo, place.digest, { signal })
  if (manifest === undefined || sha256Hex(manifest.bytes) !== place.digest.slice('sha256:'.length)) {
    const where = { operation: 'get image', location: `${place.repo}@${place.digest}` }
    throw failure('absent', 'the image is not in its repository, and a bundle can refer only to one that is', where, {
      hint: 'push the image first, or store with storage.oci.encoding-format: dsse',
    })
  }
  return { mediaType: mediaTypeOf(manifest), digest: place.digest, size: manifest.bytes.length }
}

function mediaTypeOf({ bytes, mediaType }: Manifest): string {
  try {
    const json = parseBounded(Buffer.from(bytes).toString()) as { readonly mediaType?: unknown } | null
    return typeof json?.mediaType === 'string' ? json.mediaType : mediaType
  } catch {
    return mediaType
  }
}

/** Results in the order of the items, a few at a time; the first failure ends it. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
  return results
}
