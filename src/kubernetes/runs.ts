/** TaskRuns and PipelineRuns as the API server names them. Pure. */

export type RunKind = 'TaskRun' | 'PipelineRun'

/** A run of the cluster, as the command line names it. */
export interface RunReference {
  readonly kind: RunKind
  readonly name: string
}

const KINDS: ReadonlyMap<string, RunKind> = new Map([
  ...['taskrun', 'taskruns', 'tr', 'trs', 'taskrun.tekton.dev', 'taskruns.tekton.dev'].map(
    (word) => [word, 'TaskRun'] as const,
  ),
  ...['pipelinerun', 'pipelineruns', 'pr', 'prs', 'pipelinerun.tekton.dev', 'pipelineruns.tekton.dev'].map(
    (word) => [word, 'PipelineRun'] as const,
  ),
])

/** A DNS subdomain, as every name of an object of Tekton is. */
const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

/**
 * What an argument like `taskrun/build-7x` names, spelled as kubectl takes it; undefined for anything else, and for what can only
 * be a file (`tr/run.yaml`).
 *
 * @example runReference('pr/release-4') // { kind: 'PipelineRun', name: 'release-4' }
 */
export function runReference(text: string): RunReference | undefined {
  const [word = '', name = '', ...more] = text.split('/')
  const kind = KINDS.get(word.toLowerCase())
  if (kind === undefined || more.length > 0 || name.length > 253 || !NAME.test(name)) return undefined
  return /\.(?:ya?ml|json)$/.test(name) ? undefined : { kind, name }
}

/**
 * Path of one run, or of all runs of a namespace, or of all namespaces.
 *
 * @example runPath('TaskRun', 'ci', 'build-7x') // '/apis/tekton.dev/v1/namespaces/ci/taskruns/build-7x'
 */
export function runPath(kind: RunKind, namespace?: string, name?: string): string {
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `/apis/tekton.dev/v1${within}/${kind.toLowerCase()}s${one}`
}

/**
 * How messages, slots and receipts name a run of the cluster.
 *
 * @example liveName({ kind: 'TaskRun', namespace: 'ci', name: 'build-7x' }) // 'cluster:ci/taskrun/build-7x'
 */
export function liveName(run: { readonly kind: RunKind; readonly namespace: string; readonly name: string }): string {
  return `cluster:${run.namespace}/${run.kind.toLowerCase()}/${run.name}`
}
