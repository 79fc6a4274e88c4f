/**
 * prov repair: rewrites copies that are missing or do not verify from one that does. It signs nothing, and a majority of copies decides
 * nothing.
 */

import type { About, Backend, Found, Receipt, Slot } from '../backend/backend.ts'
import type { GoodCopy } from '../copies/judge-slot.ts'
import { mergedEntries } from '../copies/merge-items.ts'
import { isThere, keptBy } from '../copies/read-back.ts'
import { type Reading, readCopies } from '../copies/read-copies.ts'
import { writeCopy } from '../copies/write-copy.ts'
import { asProvError, ERRORS, type ErrorJson, errorJson, gravest, ProvError } from '../errors.ts'
import { artifactName } from '../model/artifact.ts'
import { meaningOf } from '../model/canonical.ts'
import { type Entry, entryId } from '../model/entry.ts'
import { withProofsOf } from '../model/proofs.ts'
import { readStatement } from '../model/statement.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { formatOf } from '../provenance/detect-format.ts'
import { claimedIdentity } from '../provenance/identity.ts'
import type { Trust } from '../trust/trust.ts'

export interface RepairJob {
  readonly backends: readonly Backend[]
  readonly trust: Trust
  /** The backend whose copy is right where two that verify mean different things; without it, neither is. */
  readonly prefer?: string
  /** False: only says what would be done. */
  readonly apply: boolean
  readonly signal: AbortSignal
  readonly retry: RetryOptions
}

/** `ok`: nothing to do. `write`, `replace`: to be done, or done. `keep`: stays as it is, for the reason given. */
export type RepairAction = 'ok' | 'write' | 'replace' | 'keep'

export interface RepairedCopy {
  readonly backend: string
  readonly slot: string
  readonly location: string
  readonly action: RepairAction
  /** Written, and found again when read back; false in a plan. */
  readonly done: boolean
  /** What is wrong with the copy, or why nothing was done. */
  readonly error?: ErrorJson
  /** Where the replaced copy is kept; absent where the backend cannot keep it, or there was none. */
  readonly kept?: string
}

export interface Repaired {
  readonly artifact: string
  readonly format?: string
  /** The entry that every slot is to hold, and where it was found. */
  readonly entry?: string
  readonly reference?: string
  readonly copies: readonly RepairedCopy[]
  /** What is still wrong: as verify would exit. */
  readonly exit: number
  readonly findings: readonly ErrorJson[]
}

/**
 * Repairs the copies of one artifact: writes one where none is, and replaces one that does not verify, which the backend keeps beside it where
 * it can. A slot with a copy that verifies stays as it is, but for drift with `prefer`. With `seen`, the copies that were just read, nothing
 * is read again. Never throws for what a backend does.
 *
 * @example (await repair(about, { backends, trust, apply: false, signal, retry })).copies.map((copy) => copy.action)
 */
export async function repair(about: About, job: RepairJob, seen?: readonly Reading[]): Promise<Repaired> {
  const readings = seen ?? (await readCopies(about, job.backends, job.trust, { signal: job.signal }))
  const reference = chosen(readings, job.prefer)
  const decides = reference !== undefined && reference.backend === job.prefer
  // Known by its place alone, the run is whatever the preferred copy says; in shared places that is another search.
  const other = reference === undefined ? undefined : asSaidBy(reference.entry, about)
  if (other !== undefined && decides) return repair(other, job)
  const artifact = artifactName(about.artifact)
  if (reference === undefined) {
    const finding: ErrorJson = {
      code: 'nothing_verified',
      message: 'no copy verifies that another could be repaired from',
    }
    const copies = readings.flatMap((reading) =>
      reading.slot === undefined ? [] : [stuck(reading, reading.slot, finding)],
    )
    return { artifact, copies, ...verdict([finding]) }
  }
  const { entry, location } = reference
  if (job.prefer !== undefined && !decides && isDivided(readings, entry, about))
    return undecided(artifact, readings, job.prefer)
  const copies = await Promise.all(
    readings.flatMap((reading) => {
      const { slot } = reading
      return slot === undefined ? [] : [repairSlot({ reading, slot, entry, about, good: goodEntries(readings) }, job)]
    }),
  )
  const open = copies.flatMap(({ done, action, error }) =>
    action === 'ok' || done || error === undefined ? [] : [error],
  )
  return {
    artifact,
    format: formatOf(entry),
    entry: entryId(entry),
    reference: location,
    copies,
    ...verdict(open),
  }
}

/** Nothing is written, least of all in the preferred backend: the next run would take it for that backend's own copy. */
function undecided(artifact: string, readings: readonly Reading[], prefer: string): Repaired {
  const finding: ErrorJson = {
    code: 'drift',
    message: `copies that verify mean different things, and ${prefer}, which is to decide, has none that verifies`,
    hint: 'name with --prefer a backend that has one',
  }
  const copies = readings.flatMap((reading) =>
    reading.slot === undefined ? [] : [stuck(reading, reading.slot, finding)],
  )
  const others = copies.flatMap(({ error }) => (error === undefined || error === finding ? [] : [error]))
  return { artifact, copies, ...verdict([finding, ...others]) }
}

function isDivided(readings: readonly Reading[], entry: Entry, about: About): boolean {
  return readings.some((reading) => reading.judged?.good.some((copy) => drifts(copy, entry, about)) === true)
}

function verdict(findings: readonly ErrorJson[]): Pick<Repaired, 'exit' | 'findings'> {
  return { exit: gravest(findings.map(({ code }) => ERRORS[code].exit)), findings }
}

/** The same run by what this entry says of it; undefined when that is how it is known already. */
function asSaidBy(entry: Entry, about: About): About | undefined {
  const { artifact } = about
  if (artifact.type !== 'run' || artifact.claim === undefined) return undefined
  const identity = claimedIdentity(entry)
  if (identity === artifact.claim.identity) return undefined
  const subjects = readStatement(entry.payload)?.subjects ?? about.subjects
  return { ...about, artifact: { ...artifact, claim: { ...artifact.claim, identity } }, subjects }
}

interface Reference {
  readonly entry: Entry
  readonly location: string
  readonly backend: string
}

/** The first copy that verifies and says what the run does, in the order of the backends, or that of the preferred one. */
function chosen(readings: readonly Reading[], prefer: string | undefined): Reference | undefined {
  const inOrder = readings.toSorted((a, b) => Number(b.backend === prefer) - Number(a.backend === prefer))
  const goodIn = (reading: Reading | undefined): readonly GoodCopy[] =>
    reading?.judged?.good.filter(({ altered }) => altered !== true) ?? []
  const holder = inOrder.find((reading) => goodIn(reading).length > 0)
  const good = goodIn(holder)
  const [first] = good
  if (holder === undefined || first === undefined) return undefined
  const same = good.filter((copy) => copy.id === first.id).map((copy) => copy.found)
  const [merged] = mergedEntries(same)
  if (merged === undefined) return undefined
  const entry = withProofsOf(merged.entry, goodEntries(readings))
  return { entry, location: first.found.location, backend: holder.backend }
}

function goodEntries(readings: readonly Reading[]): readonly Entry[] {
  return readings.flatMap((reading) => reading.judged?.good.map((copy) => copy.found.entry) ?? [])
}

interface SlotToRepair {
  readonly reading: Reading
  readonly slot: Slot
  readonly entry: Entry
  readonly about: About
  /** Every copy that verifies, wherever it was found. */
  readonly good: readonly Entry[]
}

async function repairSlot({ reading, slot, entry, about, good }: SlotToRepair, job: RepairJob): Promise<RepairedCopy> {
  const { judged } = reading
  const base = { backend: reading.backend, slot: slot.key, location: slot.key, done: false }
  if (judged === undefined)
    return stuck(reading, slot, reading.error ?? { code: 'unreachable', message: 'could not be read' })
  const wrong = judged.others.find((other) => other.claims)
  const damaged = slot.holds === 'one' && wrong !== undefined
  if (judged.good.length > 0 && !damaged) {
    const odd = judged.good.find((copy) => drifts(copy, entry, about))
    if (odd === undefined) {
      const at = { ...base, location: judged.good[0]?.found.location ?? slot.key }
      const fuller = withMoreProofs(judged.good, good, backendIn(job, base.backend))
      return fuller === undefined ? { ...at, action: 'ok' } : act(at, 'write', slot, undefined, fuller, job)
    }
    const error: ErrorJson = {
      code: 'drift',
      message: 'verifies, but means something else than another copy that verifies',
      hint: 'name the backend whose copy is right with --prefer',
    }
    const at = { ...base, location: odd.found.location, error }
    return job.prefer === undefined ? { ...at, action: 'keep' } : act(at, 'replace', slot, odd.found, entry, job)
  }
  const unplaced = placeless(about)
  if (unplaced !== undefined && slot.holds === 'one') return { ...base, action: 'keep', error: unplaced }
  if (wrong !== undefined) {
    const error: ErrorJson = { code: wrong.code, message: wrong.message }
    return act({ ...base, location: wrong.found.location, error }, 'replace', slot, wrong.found, entry, job)
  }
  if (slot.holds === 'one' && judged.neighbours.length > 0) return { ...base, action: 'ok' }
  const error: ErrorJson = { code: 'absent', message: 'no copy of this artifact here' }
  return act({ ...base, error }, 'write', slot, undefined, entry, job)
}

/** What is to be written for a slot whose copies lack proofs that another copy of the same signature has; undefined when none does. */
function withMoreProofs(own: readonly GoodCopy[], all: readonly Entry[], backend: Backend): Entry | undefined {
  const found = own.map((copy) => copy.found)
  return own
    .map((copy) => withProofsOf(copy.found.entry, all))
    .find((full) => !isThere(found, full, keptBy(backend, full)))
}

function backendIn({ backends }: RepairJob, name: string): Backend {
  const backend = backends.find((one) => one.name === name)
  if (backend === undefined) throw new ProvError('internal', `no backend ${name} in this job`)
  return backend
}

type Base = Omit<RepairedCopy, 'action'>

async function act(
  base: Base,
  action: 'write' | 'replace',
  slot: Slot,
  found: Found | undefined,
  entry: Entry,
  job: RepairJob,
): Promise<RepairedCopy> {
  const backend = backendIn(job, base.backend)
  if (!job.apply) return { ...base, action }
  const kept = found === undefined ? undefined : await keepBeside(backend, slot, found, job).catch(asJson)
  if (typeof kept === 'object') return { ...base, action: 'keep', error: { ...kept, backend: backend.name } }
  const replaces = found === undefined || backend.replace === undefined ? {} : { giveWay: async () => [found] }
  const { signal } = job
  const meanwhile = (_found: readonly Found[], { location }: Receipt): never => {
    throw new ProvError('occupied', 'another writer put something there meanwhile', { location })
  }
  const copy = await writeCopy(backend, slot, entry, { signal, retry: job.retry, ...replaces, whenOccupied: meanwhile })
  if (copy.error !== undefined) return { ...base, action: 'keep', error: copy.error }
  return { ...base, location: copy.location, action, done: true, ...(kept === undefined ? {} : { kept }) }
}

function asJson(thrown: unknown): ErrorJson {
  const error = asProvError(thrown)
  if (error.code === 'internal') throw error
  return errorJson(error)
}

/** A backend that cannot keep a copy beside the slot says so, and the damage is replaced all the same. */
async function keepBeside(backend: Backend, slot: Slot, found: Found, job: RepairJob): Promise<string | undefined> {
  try {
    return await retry(async () => backend.keep?.(slot, found, { signal: job.signal }), job.retry)
  } catch (thrown) {
    if (thrown instanceof ProvError && (thrown.code === 'not_supported' || thrown.code === 'entry_too_large'))
      return undefined
    throw thrown
  }
}

function drifts({ found, id }: GoodCopy, entry: Entry, about: About): boolean {
  if (id === entryId(entry)) return false
  // Other formats of a run, and other runs of an image, are no copies of this one.
  if (formatOf(found.entry) !== formatOf(entry)) return false
  if (about.artifact.type === 'image' && claimedIdentity(found.entry) !== claimedIdentity(entry)) return false
  return meaningOf(found.entry.payload) !== meaningOf(entry.payload)
}

/** Provenance of an unknown run has no slot of its own in a store that is keyed by runs. */
function placeless({ artifact }: About): ErrorJson | undefined {
  if (artifact.type !== 'statement' || artifact.run !== 'unknown') return undefined
  return {
    code: 'absent',
    message: 'where it belongs here depends on its run, which neither the entry nor the place it was found in names',
    hint: 'name the run as INPUT',
  }
}

function stuck(reading: Reading, slot: Slot, otherwise: ErrorJson): RepairedCopy {
  const wrong = reading.judged?.others.find((other) => other.claims)
  const said = wrong === undefined ? undefined : { code: wrong.code, message: wrong.message }
  const error = reading.error ?? said ?? otherwise
  return { backend: reading.backend, slot: slot.key, location: slot.key, action: 'keep', done: false, error }
}
