/** prov migrate: streams one backend's entries into others, signed bytes untouched, each verified before and read back after. */

import type { About, Backend, Found, FoundEntry, Slot } from '../backend/backend.ts'
import { completeEntry } from '../copies/complete-entry.ts'
import { type WithoutForeign, withoutForeign } from '../copies/foreign-signatures.ts'
import { judge } from '../copies/judge-slot.ts'
import { mergedEntries } from '../copies/merge-items.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import { type Entry, entryId, signatureId } from '../model/entry.ts'
import { oneFirst, type Turns } from '../platform/async/first-alone.ts'
import { idSet } from '../platform/async/hashed-set.ts'
import { retry } from '../platform/async/retry.ts'
import { pool } from '../platform/async/stream-pool.ts'
import { formatOf } from '../provenance/detect-format.ts'
import { type Origin, originOf, placesFor } from '../provenance/origin.ts'
import type { Trust } from '../trust/trust.ts'
import { type Checks, checkFound } from '../trust/verify-entry.ts'
import { type CopyPlanOptions, type MovedCopy, type MoveOptions, planCopy, putCopy } from './copy-entry.ts'
import { removeMoved } from './remove-moved.ts'

/** One slot of the source. `about`: the artifact, where it is known; without it, it is read from what is stored there. */
export interface EntryLocation {
  readonly slot: Slot
  readonly about?: About
}

export interface MigrateJob extends MoveOptions {
  readonly source: Backend
  readonly targets: readonly Backend[]
  readonly places: AsyncIterable<EntryLocation>
  readonly trust: Trust
  /** Entries that are to be moved at all. */
  readonly accepts: (entry: Entry) => boolean
  /** Moves what does not verify as well, and says so of each. */
  readonly includeUnverified: boolean
  readonly deleteSource: boolean
  readonly dryRun: boolean
  readonly concurrency: number
  /** Waits until the next slot may begin. */
  readonly turn: () => Promise<void>
}

/**
 * `moved`: in every target, at least one of them new. `unchanged`: every target had it. `planned`: with dryRun. `left`: not moved, for
 * what it is. `failed`: not in every target, or not readable. `filtered`: not asked for.
 */
export type MoveOutcome = 'moved' | 'unchanged' | 'planned' | 'left' | 'failed' | 'filtered'

/** What became of one entry, or of one item that is none. */
export interface Moved {
  /** Where it was. */
  readonly slot: string
  readonly location: string
  readonly outcome: MoveOutcome
  readonly artifact?: string
  readonly format?: string
  readonly entry?: string
  readonly signatures?: readonly string[]
  /** At least one signature verifies under the keys given. */
  readonly verified: boolean
  readonly copies: readonly MovedCopy[]
  /** Targets that keep nothing of the kind. */
  readonly notKept: readonly string[]
  /** Taken out of the source. */
  readonly removed: boolean
  readonly error?: ErrorJson
}

/** One entry of the source and what is known of it. */
interface Candidate {
  readonly slot: Slot
  readonly items: readonly FoundEntry[]
  readonly entry: Entry
  readonly origin: Origin
  readonly verified: boolean
  readonly error?: ErrorJson
}

/**
 * Moves every entry of the slots and yields the outcome of each, in no order. Never throws for what a backend does, but for a source that
 * cannot be listed, `usage` where something was to be removed from a slot that is a target as well, and the signal's reason. Running it
 * again moves what is missing and nothing twice.
 *
 * @example for await (const { outcome, entry } of migrate(job)) console.log(outcome, entry)
 */
export async function* migrate(job: MigrateJob): AsyncGenerator<Moved, void> {
  const removals = oneFirst(isOnePlace)
  const planned = idSet()
  const work = async (place: EntryLocation): Promise<readonly Moved[]> => {
    await job.turn()
    // What was not begun has not failed.
    job.signal.throwIfAborted()
    return movePlace(place, { ...job, removals, planned })
  }
  for await (const moved of pool(job.places, job.concurrency, work)) yield* moved
}

interface Work extends MigrateJob, CopyPlanOptions {
  /** The first removal is made alone: if source and target are the same store, no other entry is at risk. */
  readonly removals: Turns
}

function isOnePlace(thrown: unknown): boolean {
  return thrown instanceof ProvError && thrown.code === 'usage'
}

async function movePlace(place: EntryLocation, job: Work): Promise<readonly Moved[]> {
  const { slot, about } = place
  let found: readonly Found[]
  try {
    found = await retry(() => job.source.get(slot, job), job.retry)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return [leftAt(slot, slot.key, 'failed', errorJson(error))]
  }
  const checks = await checkFound(found, job.trust)
  const sorted = about === undefined ? sortOut(slot, found, checks, job) : sortFor(about, slot, found, checks, job)
  const moved = await Promise.all(sorted.candidates.map((candidate) => moveCandidate(candidate, job)))
  return [...sorted.left, ...moved]
}

/** Where the source has several slots for the entry, a copy that holds less is completed from the others. */
async function moveCandidate(candidate: Candidate, job: Work): Promise<Moved> {
  const { slot, items, origin } = candidate
  if (slot.holds === 'one' || job.source.capabilities.keepsEnvelope) return moveEntry(candidate, job)
  try {
    const { slots } = placesFor(origin, (about) => job.source.slots(about))
    const others = slots.filter(({ key }) => key !== slot.key)
    const full = await completeEntry(items, job.source, others, job)
    return await moveEntry({ ...candidate, items: full, entry: mergedEntries(full)[0]?.entry ?? candidate.entry }, job)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal' || isOnePlace(error)) throw error
    return { ...describe(candidate), outcome: 'failed', error: errorJson(error) }
  }
}

interface Sorted {
  readonly candidates: readonly Candidate[]
  readonly left: readonly Moved[]
}

/** With includeUnverified, strays are moved like everything else. */
function apart(found: readonly Found[], checks: Checks, { includeUnverified }: MigrateJob): WithoutForeign {
  return includeUnverified
    ? { kept: mergedEntries(found), foreignSignatures: [] }
    : withoutForeign(mergedEntries(found), checks)
}

/** Every entry of the slot, whatever it is about. */
function sortOut(slot: Slot, found: readonly Found[], checks: Checks, job: MigrateJob): Sorted {
  const left: Moved[] = []
  const candidates: Candidate[] = []
  for (const { location, damage } of found) if (damage !== undefined) left.push(leftAt(slot, location, 'left', damage))
  const { kept, foreignSignatures } = apart(found, checks, job)
  for (const { item, code, message } of foreignSignatures)
    left.push(leftAt(slot, item.location, 'left', { code, message }, item.entry))
  for (const { entry, items } of kept) {
    try {
      const origin = originOf(entry, slot.names)
      const { verified, failed } = checks.of(entry)
      const why = failed[0] ?? { code: 'signature_invalid' as const, message: 'no signature in it verifies' }
      const error = verified.length > 0 ? {} : { error: { code: why.code, message: why.message } }
      candidates.push({ slot, items, entry, origin, verified: verified.length > 0, ...error })
    } catch (thrown) {
      const error = asProvError(thrown)
      if (error.code === 'internal') throw error
      for (const { location } of items) left.push(leftAt(slot, location, 'left', errorJson(error), entry))
    }
  }
  return { candidates, left }
}

/** Only entries about the given artifact; other people's entries in a shared slot are left alone. */
function sortFor(about: About, slot: Slot, found: readonly Found[], checks: Checks, job: MigrateJob): Sorted {
  const { good, others } = judge(about, slot, found, checks)
  const ours = others.filter((other) => other.claims)
  const left: Moved[] = ours.flatMap(({ found: { location, entry }, code, message }) =>
    entry === undefined ? [leftAt(slot, location, 'left', { code, message })] : [],
  )
  const errors = new Map(ours.map(({ found: { location }, code, message }) => [location, { code, message }]))
  const items = [...good.map((copy) => copy.found), ...ours.map((other) => other.found)]
  const { kept, foreignSignatures } = apart(items, checks, job)
  for (const { item, code, message } of foreignSignatures)
    left.push(leftAt(slot, item.location, 'left', { code, message }, item.entry))
  const candidates = kept.map(({ entry, items: own }) => {
    const error = own.map(({ location }) => errors.get(location)).find((e) => e !== undefined)
    const isGood = own.some((item) => good.some((copy) => copy.found === item))
    const verdict = isGood || error === undefined ? { verified: true } : { verified: false, error }
    return { slot, items: own, entry, origin: originFor(about, entry), ...verdict }
  })
  return { candidates, left }
}

/** An image alone does not say which run attested it; the attestation may. */
function originFor(about: About, entry: Entry): Origin {
  const isAttested = about.artifact.type === 'image' && about.kind === 'dsse'
  return isAttested ? originOf(entry) : { about, alone: about }
}

async function moveEntry(candidate: Candidate, job: Work): Promise<Moved> {
  const { slot, items, entry, verified } = candidate
  const base = describe(candidate)
  if (!job.accepts(entry)) return { ...base, outcome: 'filtered' }
  if (!verified && !job.includeUnverified) return { ...base, outcome: 'left' }
  const places = job.targets.map((target) => ({
    target,
    parts: partsFor(target, items, entry),
    ...placesFor(candidate.origin, (about) => target.slots(about)),
  }))
  const notKept = places.filter((place) => place.slots.length === 0).map(({ target }) => target.name)
  if (notKept.length === places.length) {
    const error: ErrorJson = { code: 'not_kept', message: `not kept by ${notKept.join(', ')}` }
    return { ...base, outcome: 'left', notKept, error }
  }
  const copy = job.dryRun ? planCopy : putCopy
  const copies = (
    await Promise.all(
      places.flatMap(({ target, slots, parts }) =>
        slots.flatMap((to) => parts.map((part) => copy(target, to, part, job))),
      ),
    )
  ).flat()
  const failed = copies.find((one) => one.outcome === 'failed')
  const outcome = outcomeOf(copies)
  const moved: Moved = {
    ...base,
    outcome,
    copies,
    notKept,
    ...(failed?.error === undefined ? {} : { error: failed.error }),
  }
  if (!job.deleteSource || job.dryRun || failed !== undefined || notKept.length > 0) return moved
  try {
    const kept = places.flatMap(({ target, slots, parts }) => slots.map((to) => ({ backend: target, slot: to, parts })))
    await job.removals(() => removeMoved(job.source, slot, entry, kept, job))
    return { ...moved, removed: true }
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal' || isOnePlace(error)) throw error
    return { ...moved, outcome: 'failed', error: errorJson(error) }
  }
}

/** Where there is room for many, every item goes as it was found, envelope and all; where there is room for one, their sum. */
function partsFor(target: Backend, items: readonly FoundEntry[], entry: Entry): readonly Entry[] {
  return target.capabilities.entriesPerSlot === 'many' ? items.map((item) => item.entry) : [entry]
}

function outcomeOf(copies: readonly MovedCopy[]): MoveOutcome {
  const has = (outcome: MovedCopy['outcome']): boolean => copies.some((copy) => copy.outcome === outcome)
  if (has('failed')) return 'failed'
  if (has('planned')) return 'planned'
  return has('written') ? 'moved' : 'unchanged'
}

function describe({ slot, items, entry, origin, verified, error }: Candidate): Moved {
  const ids = { entry: entryId(entry), signatures: entry.signatures.map(signatureId) }
  return {
    slot: slot.key,
    location: items[0]?.location ?? slot.key,
    outcome: 'left',
    artifact: artifactName(origin.about.artifact),
    format: formatOf(entry),
    ...ids,
    verified,
    copies: [],
    notKept: [],
    removed: false,
    ...(error === undefined ? {} : { error }),
  }
}

function leftAt(slot: Slot, location: string, outcome: 'left' | 'failed', error: ErrorJson, entry?: Entry): Moved {
  const id = entry === undefined ? {} : { entry: entryId(entry), format: formatOf(entry) }
  return { slot: slot.key, location, outcome, ...id, verified: false, copies: [], notKept: [], removed: false, error }
}

/**
 * Refuses what can never be moved. Throws `not_supported` for a source or target that cannot be read, and with `deleteSource` for a source
 * that cannot remove.
 */
export function checkSides(source: Backend, targets: readonly Backend[], deleteSource: boolean): void {
  for (const { name, capabilities } of [source, ...targets]) {
    if (capabilities.readable) continue
    throw new ProvError('not_supported', `${name} cannot be read: what was written there could not be confirmed`, {
      backend: name,
    })
  }
  if (deleteSource && source.remove === undefined) {
    throw new ProvError('not_supported', `${source.name} cannot remove what was moved`, { backend: source.name })
  }
}
