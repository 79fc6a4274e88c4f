/**
 * Two images may share Chains' key, the first 12 hex digits of their digests, in every store that has one place a key. The first
 * keeps Chains' place; any other goes beside it, under a key that Chains' reader never asks for. Pure.
 */
import { type ImageRef, imageKey } from '../../src/model/artifact.ts'
import { sha256Hex } from '../../src/model/entry.ts'
import { parseBounded } from '../../src/platform/text/bounded-json.ts'

/**
 * The key beside Chains' own: `<12 hex>-<32 hex of sha256(repository@digest)>`.
 *
 * @example keyBeside({ repository: 'ghcr.io/acme/app', digest: 'sha256:09e72cd46682…' }) // '09e72cd46682-5d0c…'
 */
export function keyBeside(image: ImageRef): string {
  return `${imageKey(image)}-${sha256Hex(Buffer.from(`${image.repository}@${image.digest}`)).slice(0, 32)}`
}

/**
 * True for the simplesigning payload of another image that rightly has the same key as this one.
 *
 * @example isOtherImage(payload, image) // false for the image's own payload, and for anything with another key
 */
export function isOtherImage(payload: Uint8Array, image: ImageRef): boolean {
  const said = imageIn(payload)
  if (said === undefined || imageKey(said) !== imageKey(image)) return false
  return said.repository !== image.repository || said.digest !== image.digest
}

/**
 * The image that a simplesigning payload names, spelled as there; undefined when it names none.
 *
 * @example imageIn(payload) // { repository: 'ttl.sh/slsapoc', digest: 'sha256:09e7…' }
 */
export function imageIn(payload: Uint8Array): ImageRef | undefined {
  try {
    const { critical } = parseBounded(Buffer.from(payload).toString('utf8')) as Readonly<Record<string, unknown>>
    const { identity, image } = critical as Readonly<Record<string, Readonly<Record<string, unknown>>>>
    const repository = identity?.['docker-reference']
    const digest = image?.['docker-manifest-digest']
    if (typeof repository !== 'string' || typeof digest !== 'string') return undefined
    return { repository, digest }
  } catch {
    return undefined
  }
}

/** What a slot's address says of the image, {} without one. */
export function imageAddress(image: ImageRef | undefined): Readonly<Record<string, string>> {
  return image === undefined ? {} : { repository: image.repository, digest: image.digest }
}

/** What sets the slots of two images with one key apart, as it is shown. */
export function imageSuffix(image: ImageRef | undefined): string {
  return image === undefined ? '' : ` (${image.repository}@${image.digest})`
}
