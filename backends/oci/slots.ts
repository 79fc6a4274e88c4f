/** Which places there are: tags and lists of referrers, by the encodings that are configured. Pure. */

import type { About, Slot } from '../../src/backend/backend.ts'
import type { ProvError } from '../../src/errors.ts'
import type { ImageRef } from '../../src/model/artifact.ts'
import { imageOfSubject, registryOf } from '../../src/model/image-reference.ts'
import { readFallbackTag } from './bundles/layout.ts'
import { failure } from './failure.ts'
import type { HostPolicy } from './registry/hosts.ts'
import { type OciSettings, servable } from './settings.ts'
import { readTag, tagOf } from './tags/layout.ts'
import type { Tag } from './tags/tag.ts'

type Where = Pick<OciSettings, 'encodings' | 'repository' | 'layout'>

/**
 * Every place of an entry. A Statement that signs an image has one among the bundles only, where cosign looks for it. Throws
 * `host_refused`.
 *
 * @example slotsOf(about, settings, policy).map((slot) => slot.key) // ['ghcr.io/acme/app:sha256-09e7….att']
 */
export function slotsOf(about: About, settings: Where, policy: HostPolicy): readonly Slot[] {
  const slots = new Map<string, Slot>()
  for (const image of imagesOf(about)) {
    for (const slot of slotsOfImage(image, about, settings)) {
      const { repository = '' } = slot.address
      if (settings.layout === undefined && !policy.admits(registryOf(repository))) throw hostRefused(repository)
      slots.set(slot.key, slot)
    }
  }
  return [...slots.values()]
}

function imagesOf({ artifact, kind, subjects }: About): readonly ImageRef[] {
  if (kind === 'raw') return artifact.type === 'image' ? [artifact.image] : []
  return subjects.flatMap((subject) => imageOfSubject(subject) ?? [])
}

function slotsOfImage(image: ImageRef, { kind, role }: About, { encodings, repository }: Where): readonly Slot[] {
  const own = servable(image.repository)
  const repo = repository ?? own
  const inTag = encodings.includes('dsse') && repo !== undefined && !(kind === 'dsse' && role === 'signature')
  const inBundle = encodings.includes('sigstore-bundle') && own !== undefined && kind === 'dsse'
  return [
    ...(inTag ? [tagSlot(repo, tagOf(image, kind), kind)] : []),
    ...(inBundle ? [bundlesSlot(own, image.digest)] : []),
  ]
}

/**
 * The slot that a tag of a repository shows; undefined for a tag of something else, or of an encoding that is not configured. The
 * fallback tags of bundles are all of them only in a directory: a registry with the referrers API has none.
 */
export function listedAs(
  repo: string,
  name: string,
  { encodings, layout }: Where,
): { readonly subject: string; readonly slot: Slot } | undefined {
  const tag = encodings.includes('dsse') ? readTag(name) : undefined
  if (tag !== undefined) return { subject: tag.subject, slot: tagSlot(repo, name, tag.kind) }
  const subject = encodings.includes('sigstore-bundle') && layout !== undefined ? readFallbackTag(name) : undefined
  return subject === undefined ? undefined : { subject, slot: bundlesSlot(repo, `sha256:${subject}`) }
}

function tagSlot(repo: string, tag: string, kind: Slot['kind']): Slot {
  return { backend: 'oci', key: `${repo}:${tag}`, kind, holds: 'many', address: { repository: repo, tag } }
}

function bundlesSlot(repo: string, digest: string): Slot {
  const address = { repository: repo, subject: digest }
  return { backend: 'oci', key: `${repo}@${digest} (referrers)`, kind: 'dsse', holds: 'many', address }
}

/** True for the list of an image's referrers, false for a tag. */
export function isBundles({ address }: Slot): boolean {
  return address['subject'] !== undefined
}

/** Throws `internal` for a slot of another backend. */
export function tagOfSlot({ address, key }: Slot): Tag {
  const { repository, tag } = address
  if (repository === undefined || tag === undefined) {
    throw failure('internal', 'a slot of another backend', { operation: 'find slot', location: key })
  }
  return { repo: repository, name: tag }
}

/** For a repository on a host that must not be contacted. @example throw hostRefused('registry.example/acme/app') */
export function hostRefused(repo: string): ProvError {
  const where = { operation: 'plan', location: repo }
  return failure('host_refused', `the registry ${registryOf(repo)} is not allowed`, where, {
    hint: 'add it to storage.oci.hosts if it is yours; link-local addresses are never allowed',
  })
}
