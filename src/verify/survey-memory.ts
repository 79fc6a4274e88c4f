/** What a survey of whole backends remembers, so that each artifact is reported once and none is left out. */

import type { About, Backend, Slot, SlotNames } from '../backend/backend.ts'
import type { ErrorJson } from '../errors.ts'
import { type ImageArtifact, type ImageRef, imageKey, type RunClaim } from '../model/artifact.ts'
import { type Entry, entryId, type Kind } from '../model/entry.ts'
import { idSet } from '../platform/async/hashed-set.ts'
import { claimedIdentity } from '../provenance/identity.ts'
import { type Origin, originOf } from '../provenance/origin.ts'

/** The texts under which things are remembered, about 16 bytes each. */
const IDS = {
  /** A slot that was searched, or is to be searched with the artifact that it belongs to. */
  slot: ({ backend, key }: Slot) => `place ${backend} ${key}`,
  /** The slot whichever image it is for: damage does not say to which image it belonged. */
  anySlot: ({ backend, address }: Slot) => {
    const { repository, digest, ...rest } = address
    const image = rest['tag'] === undefined && rest['subject'] === undefined ? {} : { repository }
    return `around ${backend} ${JSON.stringify({ ...rest, ...image })}`
  },
  /** What an entry says that it is about. */
  identity: (entry: Entry) => `identity ${claimedIdentity(entry)}`,
  /** All signatures of an image in one kind are read together. */
  image: ({ image: { repository, digest } }: ImageArtifact, kind: Kind) => `image ${kind} ${repository}@${digest}`,
  entry: entryId,
  /** An identity in the same shared slots of one backend; other slots were not searched for it. */
  shared: (slots: readonly Slot[], entry: Entry) => {
    const keys = slots.map(({ backend, key }) => `${backend} ${key}`).toSorted()
    return `shared ${JSON.stringify([claimedIdentity(entry), ...keys])}`
  },
} as const

/** A slot that holds nothing good. */
export interface BadSlot {
  readonly error: ErrorJson
  readonly backend: Backend
  readonly slot: Slot
}

export interface SurveyMemory {
  /** Bad slots that no copy found elsewhere belongs to. */
  bad(): Iterable<BadSlot>
  /** A slot for one artifact that was searched with that artifact already. */
  isSearched(slot: Slot): boolean
  /**
   * Marks what reading the copies of this target will search, so that no later listing takes it for something new. False for an entry that
   * was met already: a Statement about several images lies in several slots; a run's other copies are read with the first, and so is every
   * entry with the same identity in the slots that they share.
   */
  isNew(slot: Slot, entry: Entry, about: About): boolean
  /** Keeps a slot that holds nothing good for the end of the survey. */
  addBad(bad: BadSlot): void
  /** Keeps what a slot says its run is called. */
  addName(slot: Slot): void
  /** Marks the identity of this entry; false when it is marked already. */
  addIdentity(entry: Entry): boolean
  /** Marks the slots that the backends still to be listed share, as searched for this entry's identity. */
  addShared(about: About, entry: Entry): void
  /** Marks a slot that was read and is not well, so that its damage is not reported twice. */
  addRead(slot: Slot): void
  /** What the entry is about; where its own slot does not say what the run is called, the slot of a damaged copy may. */
  origin(entry: Entry, names: SlotNames | undefined): Origin
  /** The listing of this backend begins. */
  begin(backend: Backend): void
}

/**
 * The memory of one survey over these backends, in the order in which they are listed.
 *
 * @example if (memory.isNew(slot, entry, about)) …
 */
export function surveyMemory(lists: readonly Backend[]): SurveyMemory {
  const seen = idSet()
  const bad: BadSlot[] = []
  /** What bad and unreadable slots say about their run, by its uid or its image: it completes copies that say less. */
  const named = new Map<string, RunClaim>()
  let current = lists[0]
  let later = lists.slice(1)

  function markShared(slots: readonly Slot[], entry: Entry): void {
    if (slots.some(({ holds }) => holds === 'many')) seen.add(IDS.shared(slots, entry))
  }

  function addName({ kind, names: { run, subject, imageKey: key } = {} }: Slot): void {
    const id = kind === 'raw' ? (subject ?? key) : run?.uid
    if (run !== undefined && id !== undefined && isCalled(run)) named.set(id, run)
  }

  function isNew(slot: Slot, entry: Entry, about: About): boolean {
    const { artifact, kind } = about
    const isFirst = current === lists[0]
    const isShared = slot.holds === 'many'
    const isOfRun = kind === 'dsse' && artifact.type === 'run'
    const own = current?.slots(about) ?? []
    if (artifact.type !== 'image' && isShared && seen.has(IDS.shared(own, entry))) return false
    if (artifact.type === 'statement' && !isShared && seen.has(IDS.identity(entry))) return false
    // In the first listing only slots that are shared hold an entry twice.
    const mayComeAgain = isShared || !isFirst || later.length > 0
    const isFresh = !mayComeAgain || seen.add(artifact.type === 'image' ? IDS.image(artifact, kind) : IDS.entry(entry))
    // A slot that names its run is to hold a copy, whatever other run's slot holds the same.
    const isOwn = !isShared && (isFirst || slot.names?.run !== undefined)
    if (!isFresh && !isOwn) return false
    if (isOfRun) seen.add(IDS.identity(entry))
    for (const slots of [own, ...later.map((one) => one.slots(about))]) {
      if (isOfRun) markShared(slots, entry)
      for (const other of slots) {
        const isHere = other.backend === slot.backend && other.key === slot.key
        if (other.holds === 'one' && !isHere) seen.add(IDS.slot(other))
      }
    }
    return true
  }

  function origin(entry: Entry, names: SlotNames = {}): Origin {
    const known = originOf(entry, names)
    const { artifact } = known.about
    if (artifact.type === 'statement' || (names.run !== undefined && isCalled(names.run))) return known
    const ids = artifact.type === 'run' ? [artifact.uid] : [hexOf(artifact.image), imageKey(artifact.image)]
    const run = ids.map((id) => named.get(id)).find((claim) => claim !== undefined)
    return run === undefined ? known : originOf(entry, { ...names, run })
  }

  return {
    *bad() {
      for (const one of bad) if (!seen.has(IDS.anySlot(one.slot))) yield one
    },
    isSearched: (slot) => slot.holds === 'one' && seen.has(IDS.slot(slot)),
    isNew,
    addBad(one) {
      addName(one.slot)
      bad.push(one)
    },
    addName,
    addIdentity: (entry) => seen.add(IDS.identity(entry)),
    addShared(about, entry) {
      for (const one of later) markShared(one.slots(about), entry)
    },
    addRead: (slot) => void seen.add(IDS.anySlot(slot)),
    origin,
    begin(backend) {
      current = backend
      later = later.filter((other) => other !== backend)
    },
  }
}

/** True for a claim that says what the run is called, not only its uid. */
function isCalled({ name, joined }: RunClaim): boolean {
  return name !== undefined || joined !== undefined
}

function hexOf({ digest }: ImageRef): string {
  return digest.slice('sha256:'.length)
}
