/** Everything that whole backends hold, as targets for verify and repair: streamed, with next to nothing kept in memory. */
import type { RunArtifact } from './artifact.ts'
import type { About, Backend, Found, ListFilter, Slot } from './backend.ts'
import { checkEntry } from './check.ts'
import { type Entry, entryId } from './entry.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from './errors.ts'
import { type IdSet, idSet } from './id-set.ts'
import { claimedIdentity } from './identity.ts'
import type { Seen } from './look.ts'
import { mergedEntries } from './merged.ts'
import { originOf, placesFor } from './origin.ts'
import { pool } from './pool.ts'
import { type RetryOptions, retry } from './retry.ts'
import type { Trust } from './trust.ts'

export interface SurveyJob {
  /** In the order of --storage. Those that can list are walked; all of them are to hold a copy. */
  readonly backends: readonly Backend[]
  readonly trust: Trust
  readonly filter: ListFilter
  /** Which places of a listing are looked into: all, those of a shard, or a sample. */
  readonly includes: (slot: Slot) => boolean
  /** False for a part of the whole: what the first backend lacks is then looked for nowhere else. */
  readonly whole: boolean
  readonly accepts: (entry: Entry) => boolean
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly retry: RetryOptions
}

/** One artifact that some backend holds a copy of, and what its place was seen to hold; or a place that could not be read, or from which nothing could be told. */
export type Surveyed =
  | { readonly about: About; readonly seen?: Seen; readonly error?: never }
  | { readonly error: ErrorJson; readonly backend: string; readonly slot: Slot; readonly about?: never }

/**
 * Walks the backends that can list: first the one that says best which run an entry belongs to, then of the others what no walk before
 * has come upon. Entries of a shared place that do not verify beside one that does are other people's. Throws `not_supported` when no
 * backend can list, and what a listing throws.
 *
 * @example for await (const { about } of survey(job)) if (about !== undefined) console.log(about.artifact.type)
 */
export async function* survey(job: SurveyJob): AsyncGenerator<Surveyed, void> {
  const walked = job.backends
    .filter((backend) => backend.list !== undefined && backend.capabilities.list)
    .toSorted((a, b) => rank(a) - rank(b))
  if (walked.length === 0) {
    throw new ProvError('not_supported', 'none of the backends can list what it holds here', {
      hint: 'oci lists storage.oci.repository or a layout, tekton --tekton-file or a cluster',
    })
  }
  const seen = idSet()
  for (const [i, backend] of walked.entries()) {
    if (i > 0 && !job.whole) return
    const later = job.whole ? walked.slice(i + 1) : []
    const work = (slot: Slot) => targetsAt(backend, slot, later, seen, job)
    for await (const targets of pool(placesIn(backend, job), job.concurrency, work)) yield* targets
  }
}

const RANKS = { name: 0, uid: 1 }

function rank({ capabilities: { listNames } }: Backend): number {
  return listNames === undefined ? 2 : RANKS[listNames]
}

async function* placesIn(backend: Backend, { filter, signal, includes }: SurveyJob): AsyncIterable<Slot> {
  for await (const slot of backend.list?.(filter, { signal }) ?? []) if (includes(slot)) yield slot
}

async function targetsAt(
  backend: Backend,
  slot: Slot,
  later: readonly Backend[],
  seen: IdSet,
  job: SurveyJob,
): Promise<readonly Surveyed[]> {
  if (slot.holds === 'one' && seen.has(placeId(slot))) return []
  let found: readonly Found[]
  try {
    found = await retry(() => backend.get(slot, job), job.retry)
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return [{ error: errorJson(error), backend: backend.name, slot }]
  }
  const entries = mergedEntries(found).map(({ entry }) => ({
    entry,
    ok: checkEntry(entry, job.trust).verified.length > 0,
  }))
  const anyGood = entries.some(({ ok }) => ok)
  const targets: Surveyed[] = []
  for (const { entry, ok } of entries) {
    if (!job.accepts(entry) || (!ok && anyGood && slot.holds === 'many')) continue
    const target = targetOf(backend, slot, entry)
    if (target.about === undefined) targets.push(target)
    else if (isNew(slot, entry, target.about, ok, later, seen)) {
      targets.push({ ...target, seen: { backend: backend.name, slot: slot.key, found } })
    }
  }
  const damage = found.find((item) => item.damage !== undefined && item.damage.code !== 'stranger')?.damage
  if (damage !== undefined && !anyGood) {
    const target = damagedAt(backend, slot, damage)
    if (target.about !== undefined) cover(target.about, later, seen)
    targets.push(target)
  }
  return targets
}

/**
 * Notes what verifying this target will look at, so that no later walk takes it for something new. False for an entry that a walk has
 * come upon already: a Statement about several images lies in several places, and a run's other copies are looked at with the first.
 */
function isNew(slot: Slot, entry: Entry, about: About, ok: boolean, later: readonly Backend[], seen: IdSet): boolean {
  const { artifact } = about
  if (ok && slot.holds === 'many') {
    const byIdentity = about.kind === 'dsse' && artifact.type === 'statement' && seen.has(identityId(entry))
    if (byIdentity || !seen.add(entryId(entry))) return false
  } else if (ok && later.length > 0) seen.add(entryId(entry))
  if (later.length === 0) return true
  if (about.kind === 'dsse' && artifact.type === 'run') seen.add(identityId(entry))
  cover(about, later, seen)
  return true
}

function cover(about: About, later: readonly Backend[], seen: IdSet): void {
  for (const backend of later)
    for (const slot of backend.slots(about)) if (slot.holds === 'one') seen.add(placeId(slot))
}

function placeId({ backend, key }: Slot): string {
  return `place ${backend} ${key}`
}

function identityId(entry: Entry): string {
  return `identity ${claimedIdentity(entry)}`
}

function targetOf(backend: Backend, slot: Slot, entry: Entry): Surveyed {
  try {
    return { about: placesFor(originOf(entry, slot.names), (one) => backend.slots(one)).about }
  } catch (thrown) {
    const error = asProvError(thrown)
    if (error.code === 'internal') throw error
    return { error: errorJson(error), backend: backend.name, slot }
  }
}

/** A place that names its run can be compared with the others for all its damage. */
function damagedAt(backend: Backend, slot: Slot, damage: ErrorJson): Surveyed {
  const claim = slot.names?.run
  if (slot.kind !== 'dsse' || claim?.uid === undefined) return { error: damage, backend: backend.name, slot }
  const { kind, uid, namespace = '', name = '' } = claim
  const run: RunArtifact = {
    type: 'run',
    kind,
    uid,
    namespace,
    name,
    object: {},
    children: [],
    claim: { ...claim, identity: '' },
  }
  return { about: { artifact: run, kind: 'dsse', subjects: [] } }
}
