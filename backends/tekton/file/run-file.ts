/** One file of runs, as everything in this process reads and writes it: in groups, so that a thousand calls are a few readings and writes. */
import { ProvError } from '../../../src/errors.ts'
import { grouped } from '../../../src/platform/async/coalesce.ts'
import { type Files, fileError } from '../../../src/platform/fs/files.ts'
import { withLock } from '../../../src/platform/fs/lock-file.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import type { Edit } from '../home.ts'
import { type Annotations, NAME } from '../layout.ts'
import type { ListedRun } from '../list.ts'
import { changed } from './changes.ts'
import type { Spot } from './cut-text.ts'
import { type EditInput, type EditJob, type RunEdit, type Target, textAfter } from './edits.ts'
import { type RunsState, runsOnDisk } from './on-disk.ts'
import { annotationsAt, findSpot, namesAt } from './runs-text.ts'

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

export interface RunFile {
  /** The run's annotations; undefined when the file is without the run and may be (`create`). */
  read(target: Target, signal: AbortSignal): Promise<Annotations | undefined>
  /** `decide` sees what is there under the lock. Nothing is written when no edit of a group changes anything. */
  edit<T>(target: Target, decide: (annotations: Annotations) => Edit<T>, signal: AbortSignal): Promise<T>
  /** Every run in the file, in its order; [] when there is no file and need not be. */
  all(signal: AbortSignal): Promise<readonly ListedRun[]>
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
  const disk = runsOnDisk(path, { files, create })

  const read = grouped<undefined, RunsState | undefined>(async (jobs) => {
    const state = await disk.load(await disk.resolved())
    for (const job of jobs) job.resolve(state)
  })
  const edit = grouped<EditInput, void>(async (jobs, signal) => {
    try {
      const file = await disk.resolved()
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

  function spotOf(state: RunsState | undefined, target: Target): Spot | undefined {
    const spot = state === undefined ? undefined : findSpot(state.text, target)
    if (spot !== undefined || create) return spot
    throw new ProvError('run_not_found', `${path} does not hold the run ${target.uid} any more`, where('find the run'))
  }

  /** Does all edits and gives back the jobs that are done; those that cannot be done are rejected. */
  async function commit(file: string, jobs: readonly EditJob[]): Promise<readonly EditJob[]> {
    const state = await disk.load(file)
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
    const next = textAfter({ path, debug: options.debug }, state?.text, due)
    if (next !== undefined) await disk.write(file, state, next)
    return all.flatMap((run) => run.jobs)
  }

  function untouched(state: RunsState | undefined, target: Target): RunEdit {
    const spot = spotOf(state, target)
    const after = state === undefined || spot === undefined ? givenAnnotations(target) : annotationsAt(state.text, spot)
    return { target, spot, changes: {}, after, jobs: [] }
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

function givenAnnotations({ run }: Target): Annotations {
  const metadata = run?.object['metadata']
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined
  if (!isRecord(annotations)) return {}
  return Object.fromEntries(Object.entries(annotations).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : [])))
}
