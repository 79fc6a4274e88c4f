/** Runs in their cluster: annotations of the live object, changed by merge patches that name its uid and resourceVersion. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../../../src/backend/backend.ts'
import { asProvError, ProvError } from '../../../src/errors.ts'
import type { Cluster } from '../../../src/kubernetes/cluster.ts'
import { liveName } from '../../../src/kubernetes/runs.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import { grouped, type Job, type Join } from '../../../src/platform/async/coalesce.ts'
import { jittered } from '../../../src/platform/async/jitter.ts'
import { changed } from '../file/changes.ts'
import type { Changes } from '../file/cut-text.ts'
import type { Edit } from '../home.ts'
import { type Annotations, annotationBytes, NAME, SIGNED, TOTAL_LIMIT } from '../layout.ts'
import type { LiveHomes, LiveRun } from './live-runs.ts'
import { clusterObjects, type Seen } from './objects.ts'

export const CLUSTER_SETTING = 'storage.tekton.cluster'

/** Times that a change is decided anew because somebody else's came in between. */
const ATTEMPTS = 20
/** Runs whose sizes are remembered from the reading of a window of runs until its plan. */
const MAX_SIZES = 500

interface EditInput {
  readonly decide: (now: Annotations) => Changes
}

/** Reads and edits of one object, each joined with those that meet it. */
interface Joined {
  readonly read: Join<undefined, Annotations>
  readonly edit: Join<EditInput, void>
  /** Calls under way: with the last one it goes. */
  calls: number
}

/**
 * The cluster of the configuration (`kubernetes.kubeconfig`, `kubernetes.context`). Its calls throw what the cluster's do; besides
 * `run_not_found` when the object has gone or another one has its name, `conflict` when others changed it too often meanwhile, and
 * `entry_too_large`. Nothing is created, and nothing written to an object with another uid.
 *
 * @example await liveHomes(context, openCluster).at(run).read(signal)
 */
export function liveHomes(context: Context, open: (context: Context) => Promise<Cluster>): LiveHomes {
  const joined = new Map<string, Joined>()
  // Bytes of each annotation as last seen, by uid: what the plan counts with. Of a run that went the write itself is refused.
  const sizes = boundedMap<string, ReadonlyMap<string, number>>(MAX_SIZES)
  const objects = clusterObjects(context, open)

  async function look(run: LiveRun, signal: AbortSignal): Promise<Seen> {
    const seen = await objects.look(run, signal)
    sizes.set(run.uid, new Map(Object.entries(seen.annotations).map(([name, value]) => [name, bytesOf(name, value)])))
    return seen
  }

  /** All edits of one object that came together, in one patch. */
  async function commit(run: LiveRun, jobs: readonly Job<EditInput, void>[], signal: AbortSignal): Promise<void> {
    let left = jobs
    for (let attempt = 1; ; attempt++) {
      const seen = await look(run, signal)
      const { changes, done } = decideAll(run, seen.annotations, left)
      left = done
      try {
        if (Object.keys(changes).length > 0) await objects.patch(run, seen, changes, signal)
        for (const job of left) job.resolve()
        return
      } catch (error) {
        if (asProvError(error).code !== 'conflict' || attempt >= ATTEMPTS) throw error
        // Longer each time, so that many writers come through.
        await sleep(
          jittered(Math.min(500, 25 * attempt), (size) => context.random(size), 0),
          undefined,
          { signal },
        ).catch(() => undefined)
      }
    }
  }

  async function joinedAt<T>(run: LiveRun, call: (at: Joined) => Promise<T>): Promise<T> {
    const key = JSON.stringify([run.kind, run.namespace, run.name, run.uid, run.server])
    const at = joined.get(key) ?? newJoined(run)
    joined.set(key, at)
    at.calls++
    try {
      return await call(at)
    } finally {
      at.calls--
      if (at.calls === 0 && joined.get(key) === at) joined.delete(key)
    }
  }

  function newJoined(run: LiveRun): Joined {
    return {
      calls: 0,
      read: grouped(async (jobs, signal) => {
        const { annotations } = await look(run, signal)
        for (const job of jobs) job.resolve(annotations)
      }),
      edit: grouped((jobs, signal) => commit(run, jobs, signal)),
    }
  }

  return {
    at(run) {
      return {
        read: (signal) => joinedAt(run, (at) => at.read(undefined, signal)),
        edit: async <T>(decide: (now: Annotations) => Edit<T>, signal: AbortSignal) => {
          let made: Edit<T> | undefined
          const input: EditInput = {
            decide: (now) => {
              made = decide(now)
              return made.changes
            },
          }
          await joinedAt(run, (at) => at.edit(input, signal))
          if (made === undefined) throw new ProvError('internal', 'an edit was not decided')
          return made.result
        },
      }
    },
    checkSize(run, added) {
      const mark = { [SIGNED]: 'true' }
      const all = new Map(sizes.get(run.uid))
      for (const [name, value] of Object.entries({ ...mark, ...added })) all.set(name, bytesOf(name, value))
      const total = [...all.values()].reduce((sum, bytes) => sum + bytes, 0)
      if (total > TOTAL_LIMIT) throw tooLarge(run, total)
    },
    async *all(namespace, signal) {
      for (const kind of ['TaskRun', 'PipelineRun'] as const) {
        for await (const page of objects.pages(kind, namespace, signal)) {
          for (const { uid, namespace, name, annotations } of page.items) {
            yield { run: { kind, uid, namespace, name }, annotations }
          }
        }
      }
    },
    close() {
      objects.close()
      joined.clear()
    },
  }
}

/**
 * The run's live object, for a run that was read from its cluster, and for every run that names one when `always`.
 *
 * @example liveOf(run, false)?.name // undefined for a run from a file
 */
export function liveOf(run: RunArtifact, always: boolean): LiveRun | undefined {
  const { kind, uid, source, namespace, name } = run
  if (source?.cluster !== undefined) return { kind, uid, ...source.cluster }
  return always ? { kind, uid, namespace, name } : undefined
}

/** The sum of the changes of all; a change that would not fit, or cannot be decided, fails its own caller only. */
function decideAll(
  run: LiveRun,
  start: Annotations,
  jobs: readonly Job<EditInput, void>[],
): { readonly changes: Changes; readonly done: readonly Job<EditInput, void>[] } {
  let now = start
  let changes: Changes = {}
  const done: Job<EditInput, void>[] = []
  for (const job of jobs) {
    try {
      const own = job.input.decide(now)
      const after = changed(now, own)
      const bytes = annotationBytes(after)
      if (bytes > TOTAL_LIMIT && bytes > annotationBytes(now)) throw tooLarge(run, bytes)
      now = after
      changes = { ...changes, ...own }
      done.push(job)
    } catch (error) {
      job.reject(error)
    }
  }
  return { changes, done }
}

function bytesOf(name: string, value: string): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value)
}

function tooLarge(run: LiveRun, bytes: number): ProvError {
  const message = `the run's annotations would have ${bytes} bytes with it, and a cluster takes ${TOTAL_LIMIT}`
  return new ProvError('entry_too_large', message, {
    backend: NAME,
    location: liveName(run),
    hint: 'leave tekton out of --storage for this run, or make it optional: --optional tekton',
  })
}
