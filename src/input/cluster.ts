/** Runs read from a cluster: each that was named, and the TaskRuns of each PipelineRun. */

import { ProvError } from '../errors.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { liveName, type RunKind, type RunReference, runPath } from '../kubernetes/runs.ts'
import { limitTo } from '../platform/async/limit.ts'
import { arrayIn, isRecord } from '../platform/text/guards.ts'
import type { Placed } from './runs.ts'

const AT_ONCE = 8

export interface ClusterInput {
  readonly placed: readonly Placed[]
  /** TaskRuns that a PipelineRun names and the cluster does not have any more, one line each. */
  readonly notes: readonly string[]
}

/**
 * Reads the runs as they are now; `namespace` defaults to that of the kubeconfig's context. Throws `run_not_found` for a run that was
 * named and is not there, and what {@link Cluster.call} throws.
 *
 * @example await loadFromCluster([{ kind: 'TaskRun', name: 'build-7x' }], cluster, { namespace: 'ci', signal })
 */
export async function loadFromCluster(
  references: readonly RunReference[],
  cluster: Cluster,
  options: { readonly namespace?: string | undefined; readonly signal: AbortSignal },
): Promise<ClusterInput> {
  const { server, namespace: usual } = await cluster.access()
  const namespace = options.namespace ?? usual
  const limit = limitTo(AT_ONCE)
  const notes: string[] = []
  const reading = new Map<string, Promise<Placed>>()

  function read(kind: RunKind, name: string): Promise<Placed> {
    const file = liveName({ kind, namespace, name })
    const known = reading.get(file)
    if (known !== undefined) return known
    const one = limit(async () => {
      const where = { operation: 'read the run', location: file }
      const path = runPath(kind, namespace, name)
      const value = withoutManagers(await cluster.call({ method: 'GET', path, where, signal: options.signal }))
      return { value, source: { file, document: 0, cluster: { server, namespace, name } } }
    })
    reading.set(file, one)
    return one
  }

  const named = await Promise.all(
    references.map(async ({ kind, name }) => {
      const run = await read(kind, name)
      const children = await Promise.all(
        childrenOf(run.value).map((child) =>
          read('TaskRun', child).catch((error: unknown) => {
            if (!(error instanceof ProvError) || error.code !== 'run_not_found') throw error
            notes.push(`${run.source.file}: its TaskRun ${child} is not in the cluster any more`)
            return undefined
          }),
        ),
      )
      return [run, ...children.filter((child) => child !== undefined)]
    }),
  )
  return { placed: [...new Set(named.flat())], notes }
}

type Fields = Readonly<Record<string, unknown>>

/** Bookkeeping of the API server, which kubectl does not show either. */
function withoutManagers(object: Fields): Fields {
  if (!isRecord(object['metadata'])) return object
  const { managedFields, ...metadata } = object['metadata']
  return { ...object, metadata }
}

/** Names of the TaskRuns in `status.childReferences`. */
function childrenOf(run: unknown): readonly string[] {
  const status = isRecord(run) && run['kind'] === 'PipelineRun' ? run['status'] : undefined
  const references = isRecord(status) ? status['childReferences'] : undefined
  return arrayIn(references).flatMap((reference) => {
    if (!isRecord(reference) || reference['kind'] !== 'TaskRun' || typeof reference['name'] !== 'string') return []
    return [reference['name']]
  })
}
