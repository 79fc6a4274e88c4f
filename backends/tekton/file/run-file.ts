/** One file of runs, as everything in this process reads and writes it: in groups, so that a thousand calls are a few readings and writes. */
import { basename, dirname, join } from 'node:path'
import { ProvError } from '../../../src/errors.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { grouped, type Job } from '../../../src/platform/async/coalesce.ts'
import { atomicWrite } from '../../../src/platform/fs/atomic-write.ts'
import { type FileFacts, type Files, fileError, fileErrorCode } from '../../../src/platform/fs/files.ts'
import { withLock } from '../../../src/platform/fs/lock-file.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import type { Edit } from '../home.ts'
import { type Annotations, annotationBytes, NAME, TOTAL_LIMIT } from '../layout.ts'
import type { ListedRun } from '../list.ts'
import { changed } from './changes.ts'
import type { Changes, RunsText, Spot } from './cut-text.ts'
import { annotationsAt, appendRuns, createRuns, editRun, findSpot, namesAt, splitRuns } from './runs-text.ts'

/** Largest file that is read, in bytes. */
const MAX_FILE_BYTES = 256 * 1024 * 1024

export interface RunFileOptions {
  readonly files: Files
  /** How long to wait for another process that writes the file, in milliseconds. */
  readonly lockTimeoutMs: number
  /** A run that the file does not hold is added by the first edit, and the file is made when there is none. */
  readonly create: boolean
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}

/** Which run of the file; document and item are hints. */
export interface Target {
  readonly uid: string
  readonly document?: number
  readonly item?: number
  /** What to add where `create` allows it. */
  readonly run?: RunArtifact
}

export interface RunFile {
  /** The run's annotations; undefined when the file is without the run and may be (`create`). */
  read(target: Target, signal: AbortSignal): Promise<Annotations | undefined>
  /** `decide` sees what is there under the lock. Nothing is written when no edit of a group changes anything. */
  edit<T>(target: Target, decide: (annotations: Annotations) => Edit<T>, signal: AbortSignal): Promise<T>
  /** Every run in the file, in its order; [] when there is no file and need not be. */
  all(signal: AbortSignal): Promise<readonly ListedRun[]>
}

interface State {
  readonly bytes: Uint8Array
  readonly text: RunsText
  readonly facts: FileFacts
}

interface EditInput {
  readonly target: Target
  readonly decide: (annotations: Annotations) => Changes
}

type EditJob = Job<EditInput, void>

/** The sum of a group's edits of one run. */
interface RunEdit {
  readonly target: Target
  /** Absent: the run is added. */
  readonly spot: Spot | undefined
  readonly changes: Changes
  readonly after: Annotations
  readonly jobs: readonly EditJob[]
}

/**
 * The file at `path`. Calls reject with `denied`, `storage_io`, `response_invalid`, `response_too_large`, `run_not_found`, `conflict`
 * (another writer holds the lock for too long), `not_supported` (a YAML that cannot be edited) and `aborted`.
 *
 * @example await openRunFile('run.yaml', options).edit({ uid }, () => ({ result: 1, changes: { a: 'b' } }), signal)
 */
export function openRunFile(path: string, options: RunFileOptions): RunFile {
  const { files, create } = options
  const where = (operation: string) => ({ backend: NAME, operation, location: path })
  let known: State | undefined

  const read = grouped<undefined, State | undefined>(async (jobs) => {
    const state = await load(await resolved())
    for (const job of jobs) job.resolve(state)
  })
  const edit = grouped<EditInput, void>(async (jobs, signal) => {
    try {
      const file = await resolved()
      const { lockTimeoutMs: timeoutMs, now, random } = options
      const served = await withLock(`${file}.prov-lock`, { signal, timeoutMs, now, random, files }, () =>
        commit(file, jobs),
      )
      // Only now: a caller that ends the process must not leave the lock behind.
      for (const job of served) job.resolve()
    } catch (error) {
      throw fileError(error, where('write'))
    }
  })

  /** The file behind symbolic links. */
  async function resolved(): Promise<string> {
    try {
      return await files.realpath(path).catch(async (error: unknown) => {
        if (!create || fileErrorCode(error) !== 'ENOENT') throw error
        // Where there is no folder either, there is nothing to read, and `ready` says so before a write.
        const folder = await files.realpath(dirname(path)).catch(() => dirname(path))
        return join(folder, basename(path))
      })
    } catch (error) {
      throw fileError(error, where('read'))
    }
  }

  /** Cut anew only when the bytes have changed: times and sizes would be no proof. */
  async function load(file: string): Promise<State | undefined> {
    try {
      const facts = await files.facts(file)
      if (facts.size > MAX_FILE_BYTES) {
        throw new ProvError('response_too_large', `${path} is larger than ${MAX_FILE_BYTES} bytes`, where('read'))
      }
      const bytes = await files.read(file)
      const same = known !== undefined && Buffer.compare(known.bytes, bytes) === 0 ? known.text : undefined
      known = { bytes, text: same ?? splitRuns(decoded(bytes)), facts }
      return known
    } catch (error) {
      if (create && fileErrorCode(error) === 'ENOENT') return undefined
      throw fileError(error, where('read'))
    }
  }

  function spotOf(state: State | undefined, target: Target): Spot | undefined {
    const spot = state === undefined ? undefined : findSpot(state.text, target)
    if (spot !== undefined || create) return spot
    throw new ProvError('run_not_found', `${path} does not hold the run ${target.uid} any more`, where('find the run'))
  }

  /** Does all edits and gives back the jobs that are done; those that cannot be done are rejected. */
  async function commit(file: string, jobs: readonly EditJob[]): Promise<readonly EditJob[]> {
    const state = await load(file)
    const edits = new Map<string, RunEdit>()
    for (const job of jobs) {
      const { target, decide } = job.input
      try {
        const run = edits.get(target.uid) ?? untouched(state, target)
        const changes = decide(run.after)
        edits.set(target.uid, {
          ...run,
          changes: { ...run.changes, ...changes },
          after: changed(run.after, changes),
          jobs: [...run.jobs, job],
        })
      } catch (error) {
        job.reject(error)
      }
    }
    const all = [...edits.values()]
    // A run that is yet to be added may bring what was asked for with it: then it is the file that lacks it.
    const due = all.filter((run) => run.spot === undefined || Object.keys(run.changes).length > 0)
    const next = textAfter(state, due)
    if (next !== undefined) await write(file, state, next)
    return all.flatMap((run) => run.jobs)
  }

  function untouched(state: State | undefined, target: Target): RunEdit {
    const spot = spotOf(state, target)
    const after = state === undefined || spot === undefined ? givenAnnotations(target) : annotationsAt(state.text, spot)
    return { target, spot, changes: {}, after, jobs: [] }
  }

  /** The whole text with the edits made; undefined when there are none. An edit that cannot be made fails its own callers only. */
  function textAfter(state: State | undefined, due: readonly RunEdit[]): RunsText | undefined {
    let text = state?.text
    const missing: RunEdit[] = []
    for (const run of due) {
      const { spot, changes } = run
      if (text === undefined || spot === undefined) {
        missing.push(run)
        continue
      }
      attempt(run, () => {
        text = editRun(text ?? emptyText, spot, changes)
      })
    }
    const objects = missing.flatMap((run) => attempt(run, () => [runObject(run)]) ?? [])
    if (objects.length > 0) text = added(text, objects)
    return text === state?.text ? undefined : text
  }

  function attempt<T>({ target, after, jobs }: RunEdit, work: () => T): T | undefined {
    try {
      const result = work()
      const size = annotationBytes(after)
      if (size > TOTAL_LIMIT) {
        options.debug(
          `${path}: the annotations of run ${target.uid} have ${size} bytes, a cluster takes ${TOTAL_LIMIT}`,
        )
      }
      return result
    } catch (error) {
      for (const job of jobs) job.reject(error)
      return undefined
    }
  }

  function runObject({ target: { run, uid }, after }: RunEdit): object {
    const metadata = run?.object['metadata']
    if (isRecord(metadata)) return { ...run?.object, metadata: { ...metadata, annotations: after } }
    throw new ProvError('run_not_found', `the run ${uid} is not in ${path}, and not at hand to be added`, where('put'))
  }

  function added(text: RunsText | undefined, objects: readonly object[]): RunsText {
    if (text?.parts.some((part) => part.trim() !== '')) return splitRuns(appendRuns(text, objects))
    return splitRuns(createRuns(path.toLowerCase().endsWith('.json') ? 'json' : 'yaml', objects))
  }

  async function write(file: string, state: State | undefined, text: RunsText): Promise<void> {
    const bytes = Buffer.from(text.parts.join(''))
    await atomicWrite(file, bytes, { files, like: state?.facts, recheck: () => refuseChanged(file, state?.facts) })
    known = { bytes, text, facts: state?.facts ?? { mode: 0, uid: 0, gid: 0, size: bytes.length, modified: 0 } }
  }

  /** prov's writers hold the lock; an editor or a script takes no notice of it. */
  async function refuseChanged(file: string, before: FileFacts | undefined): Promise<void> {
    const now = await files.facts(file).catch((error: unknown) => {
      if (fileErrorCode(error) !== 'ENOENT') throw error
    })
    const same = now?.size === before?.size && now?.modified === before?.modified && now?.inode === before?.inode
    if (same) return
    throw new ProvError('conflict', `another program changed ${path} while it was being written`, {
      ...where('write'),
      hint: 'nothing was written; the same command tries again on the file as it is now',
    })
  }

  return {
    read: async (target, signal) => {
      const state = await read(undefined, signal)
      const spot = spotOf(state, target)
      return state === undefined || spot === undefined ? undefined : annotationsAt(state.text, spot)
    },
    edit: async <T>(target: Target, decide: (annotations: Annotations) => Edit<T>, signal: AbortSignal) => {
      let made: Edit<T> | undefined
      const input: EditInput = {
        target,
        decide: (annotations) => {
          made = decide(annotations)
          return made.changes
        },
      }
      await edit(input, signal)
      if (made === undefined) throw new ProvError('internal', 'an edit was not decided', where('write'))
      return made.result
    },
    all: async (signal) => {
      const state = await read(undefined, signal)
      if (state === undefined) return []
      const { text } = state
      return text.spots.map((spot) => ({
        ...namesAt(text, spot),
        uid: spot.uid,
        annotations: annotationsAt(text, spot),
      }))
    },
  }
}

const emptyText: RunsText = { format: 'yaml', parts: [], spots: [] }

function givenAnnotations({ run }: Target): Annotations {
  const metadata = run?.object['metadata']
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined
  if (!isRecord(annotations)) return {}
  return Object.fromEntries(Object.entries(annotations).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : [])))
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ProvError('response_invalid', 'the file is not UTF-8', { backend: NAME, operation: 'read', cause })
  }
}
