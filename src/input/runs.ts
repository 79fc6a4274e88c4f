/** From parsed documents to runs: Lists opened, other kinds passed over, identity checked, TaskRuns given to their PipelineRuns. Pure. */

import { ProvError } from '../errors.ts'
import { pipelineRunView, runView } from '../formats/tekton/run-view.ts'
import { goJson, type Json } from '../formats/tekton/values.ts'
import type { RunArtifact, RunSource } from '../model/artifact.ts'
import { isRecord } from '../platform/text/guards.ts'
import { asV1 } from './v1beta1.ts'

type Fields = Readonly<Record<string, unknown>>

/** A parsed object and where it was read. */
export interface Placed {
  readonly value: unknown
  readonly source: RunSource
}

export interface LoadedInput {
  /** Every run, in the order of the input; the children of a PipelineRun are also runs of their own. */
  readonly runs: readonly RunArtifact[]
  /** What was passed over, one line each. */
  readonly notes: readonly string[]
}

/**
 * The runs among parsed documents. Throws `input_invalid` for a document that is not a Kubernetes object, a run without uid or name, a
 * version of Tekton's API other than v1 and v1beta1, one uid with two contents, or a member of a wrong type.
 *
 * @example runsOf([{ value: parsed, source: { file: 'run.yaml', document: 0 } }]).runs[0]?.uid
 */
export function runsOf(documents: readonly Placed[]): LoadedInput {
  const notes: string[] = []
  const found = new Map<string, RunArtifact>()
  for (const placed of documents.flatMap(opened)) {
    const run = asRun(placed, notes)
    if (run === undefined) continue
    const known = found.get(run.uid)
    if (known === undefined) found.set(run.uid, run)
    else if (content(known) !== content(run)) {
      throw invalid(
        placed.source,
        `its uid ${run.uid} is that of another run (${place(known.source)})`,
        'remove one of the two',
      )
    }
  }
  const all = [...found.values()]
  for (const run of all) runView(run)
  const byName = Map.groupBy(
    all.filter((run) => run.kind === 'TaskRun'),
    (run) => `${run.namespace}/${run.name}`,
  )
  return { runs: all.map((run) => (run.kind === 'TaskRun' ? run : withChildren(run, byName))), notes }
}

/**
 * True for a TaskRun or PipelineRun of Tekton, sound or not, and for a List that holds one; not for what a folder may hold as well, an
 * object that never ran (neither uid nor status). What was `named` is a run if it says so; of a damaged document nobody knows.
 *
 * @example isRunLike({ apiVersion: 'tekton.dev/v1', kind: 'Task' }, true) // false
 */
export function isRunLike(value: unknown, named: boolean): boolean {
  if (!isRecord(value)) return named && value !== null && value !== undefined
  const { kind, apiVersion, items } = value
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return named
  if (kind.endsWith('List') && items !== undefined && items !== null) {
    if (!Array.isArray(items)) return named
    const typed = kind === 'TaskRunList' || kind === 'PipelineRunList'
    return typed ? items.length > 0 : items.some((item: unknown) => isRunLike(item, named))
  }
  if ((kind !== 'TaskRun' && kind !== 'PipelineRun') || !apiVersion.startsWith('tekton.dev/')) return false
  if (named || !isRecord(value['metadata'])) return true
  return (value['metadata']['uid'] ?? '') !== '' || value['status'] !== undefined
}

/** A List as its items; nothing for an empty document. */
function opened(placed: Placed): readonly Placed[] {
  const { value, source } = placed
  if (value === null || value === undefined) return []
  if (!isRecord(value))
    throw invalid(source, 'not a Kubernetes object', 'give a TaskRun or PipelineRun as kubectl get -o yaml prints it')
  const kind = value['kind']
  const items = value['items']
  if (typeof kind !== 'string' || !kind.endsWith('List') || items === undefined) return [placed]
  if (items !== null && !Array.isArray(items))
    throw invalid(source, `items of a ${name(kind)} must be a list`, 'compare it with what kubectl get -o yaml prints')
  const typed = kind === 'TaskRunList' || kind === 'PipelineRunList' ? kind.slice(0, -'List'.length) : undefined
  return (items ?? []).map((item: unknown, i: number) => {
    const at = { ...source, item: i }
    if (!isRecord(item)) throw invalid(at, 'not a Kubernetes object', 'compare it with what kubectl get -o yaml prints')
    if (
      isRecord(item) &&
      typeof item['kind'] === 'string' &&
      item['kind'].endsWith('List') &&
      Array.isArray(item['items'])
    ) {
      throw invalid(at, 'a List within a List', 'give the runs in one List')
    }
    const complete = typed === undefined ? item : { apiVersion: value['apiVersion'], kind: typed, ...item }
    return { value: complete, source: at }
  })
}

function asRun({ value, source }: Placed, notes: string[]): RunArtifact | undefined {
  if (!isRecord(value))
    throw invalid(source, 'not a Kubernetes object', 'compare it with what kubectl get -o yaml prints')
  const kind = value['kind']
  const apiVersion = value['apiVersion']
  if (typeof kind !== 'string' || kind === '' || typeof apiVersion !== 'string') {
    throw invalid(
      source,
      'no apiVersion and kind, so not a Kubernetes object',
      'give a TaskRun or PipelineRun as kubectl get -o yaml prints it',
    )
  }
  if ((kind !== 'TaskRun' && kind !== 'PipelineRun') || !apiVersion.startsWith('tekton.dev/')) {
    notes.push(
      `${place(source)}: ${name(kind)} of ${name(apiVersion)} is not a TaskRun or PipelineRun of Tekton, passed over`,
    )
    return undefined
  }
  if (apiVersion !== 'tekton.dev/v1' && apiVersion !== 'tekton.dev/v1beta1') {
    throw invalid(source, `${kind} of ${name(apiVersion)} is not supported`, 'prov reads tekton.dev/v1 and v1beta1')
  }
  const object = apiVersion === 'tekton.dev/v1' ? value : asV1(value)
  const metadata = object['metadata']
  if (!isRecord(metadata))
    throw invalid(source, `${kind}: metadata must be an object`, 'compare it with what kubectl get -o yaml prints')
  return {
    type: 'run',
    kind,
    namespace: identity(metadata, 'namespace', kind, source) ?? 'default',
    name: identity(metadata, 'name', kind, source) ?? missing(source, kind, 'name'),
    uid: identity(metadata, 'uid', kind, source) ?? missing(source, kind, 'uid'),
    object,
    children: [],
    source,
  }
}

/** Names and uids become parts of annotation names, tags and object names, so they are held to what the API server allows. */
function identity(metadata: Fields, key: string, kind: string, source: RunSource): string | undefined {
  const value = metadata[key]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' && value.length <= 253 && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(value))
    return value
  throw invalid(
    source,
    `${kind}: metadata.${key} is not a name that Kubernetes allows`,
    'letters, digits, - and . only',
  )
}

function missing(source: RunSource, kind: string, key: string): never {
  throw invalid(
    source,
    `${kind}: metadata.${key} is missing`,
    'give the run as the cluster has it: kubectl get -o yaml',
  )
}

/** Children by name, as Chains' reconciler takes them; among several of one name, the one that this PipelineRun owns. */
function withChildren(run: RunArtifact, byName: ReadonlyMap<string, readonly RunArtifact[]>): RunArtifact {
  const children = pipelineRunView(run).children.flatMap((child) => {
    const candidates = byName.get(`${run.namespace}/${child}`) ?? []
    const owned = candidates.filter((one) => isOwned(one, run))
    const [chosen, ...more] = owned.length > 0 ? owned : candidates
    if (chosen !== undefined && more.length === 0) return [chosen]
    if (chosen === undefined) return [] // said when a payload needs it
    throw invalid(
      run.source,
      `${run.name}: several TaskRuns are named ${name(child)}, and none says that it is its child`,
      'remove the others',
    )
  })
  return { ...run, children: [...new Set(children)] }
}

function isOwned(child: RunArtifact, parent: RunArtifact): boolean {
  const metadata = child.object['metadata']
  const owners: unknown = isRecord(metadata) ? metadata['ownerReferences'] : undefined
  return Array.isArray(owners) && owners.some((owner: unknown) => isRecord(owner) && owner['uid'] === parent.uid)
}

function content(run: RunArtifact): string {
  return goJson(run.object as Json)
}

function place(source: RunSource | undefined): string {
  if (source === undefined) return 'elsewhere'
  const file = source.file === '-' ? 'standard input' : source.file
  return `${file}${source.document === 0 ? '' : ` document ${source.document + 1}`}${source.item === undefined ? '' : ` item ${source.item + 1}`}`
}

function invalid(source: RunSource | undefined, what: string, hint: string): ProvError {
  return new ProvError('input_invalid', `${place(source)}: ${what}`, {
    hint,
    ...(source === undefined ? {} : { location: source.file }),
  })
}

function name(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
