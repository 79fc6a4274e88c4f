/** What a walk through whole backends remembers, so that each artifact is told of once and nothing is passed over. */

import type { About, Backend, Slot, SlotNames } from '../backend/backend.ts'
import type { ErrorJson } from '../errors.ts'
import { type ImageArtifact, type ImageRef, imageKey, type RunClaim } from '../model/artifact.ts'
import { type Entry, entryId, type Kind } from '../model/entry.ts'
import type { IdSet } from '../platform/async/hashed-set.ts'
import { claimedIdentity } from '../provenance/identity.ts'
import { type Origin, originOf } from '../provenance/origin.ts'

/** What is remembered while backends are walked: some bytes for what a later place may hold as well, and the places that hold nothing good. */
export interface Walk {
  readonly seen: IdSet
  isFirst: boolean
  /** Those to be walked after this one. */
  later: readonly Backend[]
  readonly bad: { readonly error: ErrorJson; readonly backend: Backend; readonly slot: Slot }[]
  /** What those, and places that could not be read, say of their run, by its uid or its image: a copy that knows less leads there all the same. */
  readonly named: Map<string, RunClaim>
}

/** Notes a place that holds nothing good: it is told of at the end, unless another's copies led there. */
export function noteBad(place: Walk['bad'][number], walk: Walk): void {
  noteName(place.slot, walk)
  walk.bad.push(place)
}

/** Notes what a place says its run is called. */
export function noteName({ kind, names: { run, subject, imageKey: key } = {} }: Slot, { named }: Walk): void {
  const id = kind === 'raw' ? (subject ?? key) : run?.uid
  if (run !== undefined && id !== undefined && isCalled(run)) named.set(id, run)
}

/** True for a claim that says what the run is called, not only its uid. */
function isCalled({ name, joined }: RunClaim): boolean {
  return name !== undefined || joined !== undefined
}

/**
 * Notes what verifying this target will look at, so that no later walk takes it for something new. False for an entry that a walk has
 * come upon already: a Statement about several images lies in several places, a run's other copies are looked at with the first, and so is
 * whatever else says the same of itself in the places that they share.
 *
 * @example if (isNew(backend, slot, entry, about, walk)) …
 */
export function isNew(backend: Backend, slot: Slot, entry: Entry, about: About, walk: Walk): boolean {
  const { seen, isFirst, later } = walk
  const { artifact, kind } = about
  const isShared = slot.holds === 'many'
  const isOfRun = kind === 'dsse' && artifact.type === 'run'
  const own = backend.slots(about)
  if (artifact.type !== 'image' && isShared && seen.has(sharedId(own, entry))) return false
  if (artifact.type === 'statement' && !isShared && seen.has(identityId(entry))) return false
  // In the first walk only places that are shared hold an entry twice.
  const mayComeAgain = isShared || !isFirst || later.length > 0
  const isFresh = !mayComeAgain || seen.add(artifact.type === 'image' ? imageId(artifact, kind) : entryId(entry))
  // A place that names its run is to hold a copy, whatever other run's place holds the same.
  const isOwn = !isShared && (isFirst || slot.names?.run !== undefined)
  if (!isFresh && !isOwn) return false
  if (isOfRun) seen.add(identityId(entry))
  for (const places of [own, ...later.map((one) => one.slots(about))]) {
    if (isOfRun) noteShared(places, entry, walk)
    for (const place of places) {
      const isHere = place.backend === slot.backend && place.key === slot.key
      if (place.holds === 'one' && !isHere) seen.add(placeId(place))
    }
  }
  return true
}

/** Notes that these places were looked at for whatever says the same of itself as this entry. */
export function noteShared(places: readonly Slot[], entry: Entry, { seen }: Walk): void {
  if (places.some(({ holds }) => holds === 'many')) seen.add(sharedId(places, entry))
}

/** Whatever says the same of itself in the same shared places of one backend; what lies elsewhere was not looked at. */
function sharedId(places: readonly Slot[], entry: Entry): string {
  const keys = places.map(({ backend, key }) => `${backend} ${key}`).toSorted()
  return `shared ${JSON.stringify([claimedIdentity(entry), ...keys])}`
}

/** The id under which a place that was looked at is remembered. */
export function placeId({ backend, key }: Slot): string {
  return `place ${backend} ${key}`
}

/** The place whatever it is for: of damage nobody can tell which image it was. */
export function looseId({ backend, address }: Slot): string {
  const { repository, digest, ...rest } = address
  const image = rest['tag'] === undefined && rest['subject'] === undefined ? {} : { repository }
  return `around ${backend} ${JSON.stringify({ ...rest, ...image })}`
}

/** The id of what an entry says that it is about. */
export function identityId(entry: Entry): string {
  return `identity ${claimedIdentity(entry)}`
}

/** All signatures of an image in one kind are looked at together. */
function imageId({ image: { repository, digest } }: ImageArtifact, kind: Kind): string {
  return `image ${kind} ${repository}@${digest}`
}

/** What the entry is about; where its own place does not say what the run is called, the place of a damaged copy may. */
export function originKnown(entry: Entry, names: SlotNames = {}, { named }: Walk): Origin {
  const origin = originOf(entry, names)
  const { artifact } = origin.about
  if (artifact.type === 'statement' || (names.run !== undefined && isCalled(names.run))) return origin
  const ids = artifact.type === 'run' ? [artifact.uid] : [hexOf(artifact.image), imageKey(artifact.image)]
  const run = ids.map((id) => named.get(id)).find((claim) => claim !== undefined)
  return run === undefined ? origin : originOf(entry, { ...names, run })
}

function hexOf({ digest }: ImageRef): string {
  return digest.slice('sha256:'.length)
}
