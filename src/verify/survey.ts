/** All artifacts of whole backends, as targets for verify and repair: streamed, with next to nothing kept in memory. */

import type { About, Backend, Found, ListFilter, Slot } from '../backend/backend.ts'
import { mergedEntries } from '../copies/merge-items.ts'
import { type ReadCopiesOptions, type Reading, readCopies } from '../copies/read-copies.ts'
import { asProvError, ERRORS, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import type { Entry } from '../model/entry.ts'
import { readStatement } from '../model/statement.ts'
import { type RetryOptions, retry } from '../platform/async/retry.ts'
import { pool } from '../platform/async/stream-pool.ts'
import { placesFor } from '../provenance/origin.ts'
import type { Trust } from '../trust/trust.ts'
import { checkFound } from '../trust/verify-entry.ts'
import { surveyMemory } from './survey-memory.ts'

export interface SurveyJob {
  /** In the order of --storage. Those that can list are walked; all of them are to hold a copy. */
  readonly backends: readonly Backend[]
  readonly trust: Trust
  readonly filter: ListFilter
  /** Which slots of a listing are read: all, those of a shard, or a sample. */
  readonly includes: (slot: Slot) => boolean
  /** False for a part of the whole: what the first backend lacks is then not searched elsewhere. */
  readonly whole: boolean
  readonly accepts: (entry: Entry) => boolean
  /** Called when all entries of a slot were handled. */
  readonly visited?: () => void
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly retry: RetryOptions
}

/** One artifact that some backend holds a copy of; or a slot that could not be read, or whose content does not say what it is about. */
export type Surveyed = { readonly about: About; readonly readings: readonly Reading[]; readonly error?: never } | Lost

interface Lost {
  readonly error: ErrorJson
  readonly backend: string
  readonly slot: Slot
  /** The backend could not be listed: what it alone holds is not known; `slot` stands for all of it. */
  readonly unlisted?: true
  readonly about?: never
}

/**
 * Lists the backends that can list: first the one that says best to which run an entry belongs, then from the others what no listing before
 * has found. What an entry says about itself counts only if it verifies. A slot without a copy that verifies comes last, unless the copies
 * of another slot were read together with it. A backend that cannot be read does not hold up the others: its error comes at the end. Throws
 * `not_supported` when no backend can list; also what a listing throws when it is not an outage, or when no listing came to its end.
 *
 * @example for await (const { about } of survey(job)) if (about !== undefined) console.log(about.artifact.type)
 */
export async function* survey(job: SurveyJob): AsyncGenerator<Surveyed, void> {
  const lists = listedBackends(job)
  const memory = surveyMemory(lists)

  /** Reads every copy, and marks what is there: a copy that differs or is damaged must not count as new when its own slot is listed. */
  async function read(about: About, known: ReadCopiesOptions['known']): Promise<Surveyed> {
    const { backends, trust, signal } = job
    const readings = await readCopies(about, backends, trust, { signal, ...(known === undefined ? {} : { known }) })
    for (const { found } of readings.flatMap((reading) => reading.judged?.good ?? [])) {
      if (about.kind !== 'dsse' || about.artifact.type !== 'run' || !memory.addIdentity(found.entry)) continue
      const subjects = readStatement(found.entry.payload)?.subjects ?? []
      memory.addShared({ ...about, subjects }, found.entry)
    }
    for (const { slot, judged } of readings) {
      const isWell = judged !== undefined && judged.good.length > 0 && judged.others.length === 0
      if (slot !== undefined && !isWell) memory.addRead(slot)
    }
    return { about, readings }
  }

  function targetOf(backend: Backend, slot: Slot, entry: Entry): { readonly about: About } | Lost {
    try {
      return { about: placesFor(memory.origin(entry, slot.names), (one) => backend.slots(one)).about }
    } catch (thrown) {
      return lost(thrown, backend, slot)
    }
  }

  async function targetsAt(backend: Backend, slot: Slot): Promise<readonly Surveyed[]> {
    if (memory.isSearched(slot)) return []
    let found: readonly Found[]
    try {
      found = await retry(() => backend.get(slot, job), job.retry)
    } catch (thrown) {
      const missed = lost(thrown, backend, slot)
      memory.addName(slot)
      return [missed]
    }
    const checks = await checkFound(found, job.trust)
    const checked = mergedEntries(found).map(({ entry }) => ({ entry, ...checks.of(entry) }))
    const good = checked.filter(({ verified }) => verified.length > 0)
    const targets: Surveyed[] = []
    for (const { entry } of good) {
      if (!job.accepts(entry)) continue
      const target = targetOf(backend, slot, entry)
      if ('error' in target && slot.holds === 'one') memory.addBad({ error: target.error, backend, slot })
      else if ('error' in target) targets.push(target)
      else if (memory.isNew(slot, entry, target.about)) targets.push(await read(target.about, { slot, found, checks }))
    }
    if (good.length > 0) return targets
    const damage = found.find((item) => item.damage !== undefined && item.damage.code !== 'stranger')?.damage
    const failed = checked.find(({ entry }) => job.accepts(entry))?.failed[0]
    const error = damage ?? (failed === undefined ? undefined : { code: failed.code, message: failed.message })
    if (error !== undefined) memory.addBad({ error, backend, slot })
    return targets
  }

  const unlisted: Lost[] = []
  for (const backend of lists) {
    memory.begin(backend)
    const work = async (slot: Slot): Promise<readonly Surveyed[]> => {
      const targets = await targetsAt(backend, slot)
      if (!job.signal.aborted) job.visited?.()
      return targets
    }
    try {
      for await (const targets of pool(placesIn(backend, job), job.concurrency, work)) yield* targets
    } catch (thrown) {
      const error = asProvError(thrown)
      if (!isOutage(error) || unlisted.length === lists.length - 1) throw thrown
      unlisted.push({ error: errorJson(error), backend: backend.name, slot: wholeOf(backend), unlisted: true })
    }
  }
  yield* unlisted
  for (const { error, backend, slot } of memory.bad()) {
    const about = aboutPlace(slot)
    yield about === undefined ? { error, backend: backend.name, slot } : await read(about, undefined)
  }
}

/** Those that can list, the one that says best which run an entry belongs to first; of a part of the whole only that one. */
function listedBackends({ backends, whole }: SurveyJob): readonly Backend[] {
  const walked = backends.filter((backend) => backend.list !== undefined).toSorted((a, b) => rank(a) - rank(b))
  if (walked.length > 0) return whole ? walked : walked.slice(0, 1)
  throw new ProvError('not_supported', 'none of the backends can list what it holds here', {
    hint: 'oci lists storage.oci.repository or a layout, tekton --tekton-file or a cluster',
  })
}

function lost(thrown: unknown, { name }: Backend, slot: Slot): Lost {
  const error = asProvError(thrown)
  if (error.code === 'internal') throw error
  return { error: errorJson(error), backend: name, slot }
}

/** Of the store: also what stands in place of the list itself (a link, a pipe), which nobody has then looked through. */
function isOutage({ code }: ProvError): boolean {
  const { exit } = ERRORS[code]
  return code !== 'aborted' && (exit === ERRORS.unreachable.exit || exit === ERRORS.signature_invalid.exit)
}

const RANKS = { name: 1, uid: 2 }

/** A backend that keeps copies on the runs themselves names them best: also for an image's signature it names the run in full. */
function rank({ capabilities: { listNames, needsRun } }: Backend): number {
  if (listNames === undefined) return 3
  return needsRun ? 0 : RANKS[listNames]
}

/** A slot that stands for all that a backend holds. */
function wholeOf({ name }: Backend): Slot {
  return { backend: name, key: `whatever ${name} holds`, kind: 'dsse', holds: 'many', address: {} }
}

async function* placesIn(backend: Backend, { filter, signal, includes }: SurveyJob): AsyncIterable<Slot> {
  for await (const slot of backend.list?.(filter, { signal }) ?? []) if (includes(slot)) yield slot
}

/** The artifact of a slot that names its run, so that it can be compared with the others, whatever it holds; undefined for any other slot. */
function aboutPlace({ kind: entries, names }: Slot): About | undefined {
  const claim = names?.run
  if (entries !== 'dsse' || claim?.uid === undefined) return undefined
  const { kind, uid, namespace = '', name = '' } = claim
  const base = { type: 'run' as const, kind, uid, namespace, name, object: {}, children: [] }
  return { artifact: { ...base, claim: { ...claim, identity: '' } }, kind: 'dsse', subjects: [] }
}
