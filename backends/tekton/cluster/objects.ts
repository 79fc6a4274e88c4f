/** The runs of a cluster as the API server has them: metadata alone, read, patched, and listed page by page. */
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import type { Cluster } from '../../../src/kubernetes/cluster.ts'
import { liveName, type RunKind, runPath } from '../../../src/kubernetes/runs.ts'
import { isRecord } from '../../../src/platform/text/guards.ts'
import { pageGuard } from '../../shared/pages.ts'
import { annotationsIn } from '../file/changes.ts'
import type { Changes } from '../file/cut-text.ts'
import type { Annotations } from '../layout.ts'
import type { LiveRun } from './live-runs.ts'

/** Only metadata: a run's spec and status may be large, and are not needed here. */
const ONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json'
const MANY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json'
const PAGE = 100
const MAX_PAGE_BYTES = 64 * 1024 * 1024

/** What a look at one object gives. */
export interface Seen {
  readonly version: string
  readonly annotations: Annotations
}

interface ObjectMetadata {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly annotations: Annotations
}

interface Page {
  readonly items: readonly ObjectMetadata[]
  readonly next: string | undefined
}

export interface ClusterObjects {
  /** Throws `run_not_found` when the object has gone or another one has its name. */
  look(run: LiveRun, signal: AbortSignal): Promise<Seen>
  /** Throws `conflict` when the object is not as it was seen. */
  patch(run: LiveRun, seen: Seen, changes: Changes, signal: AbortSignal): Promise<void>
  /** Every run of a kind, of one namespace or of all. */
  pages(kind: RunKind, namespace: string | undefined, signal: AbortSignal): AsyncIterable<Page>
  close(): void
}

/** @example await clusterObjects(context, openCluster).look(run, signal) */
export function clusterObjects(context: Context, open: (context: Context) => Promise<Cluster>): ClusterObjects {
  let opened: Promise<Cluster> | undefined

  async function cluster(server?: string): Promise<Cluster> {
    opened ??= open(context)
    const known = await opened
    if (server === undefined || (await known.access()).server === server) return known
    throw new ProvError('usage', 'the run was read from another cluster than the one that is configured', {
      hint: 'use the same --kubeconfig and --context for both',
    })
  }

  async function look(run: LiveRun, signal: AbortSignal): Promise<Seen> {
    const where = { operation: 'get', location: liveName(run) }
    const path = runPath(run.kind, run.namespace, run.name)
    const object = await (await cluster(run.server)).call({ method: 'GET', path, accept: ONE, where, signal })
    const { uid, version, annotations } = metadataOf(object, where)
    if (uid !== run.uid) throw replacedBy(uid, run)
    return { version, annotations }
  }

  async function patch(run: LiveRun, seen: Seen, changes: Changes, signal: AbortSignal): Promise<void> {
    const where = { operation: 'patch', location: liveName(run) }
    const annotations = Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value ?? null]))
    const metadata = { uid: run.uid, resourceVersion: seen.version, annotations }
    const path = `${runPath(run.kind, run.namespace, run.name)}?fieldManager=prov`
    await (await cluster(run.server)).call({ method: 'PATCH', path, accept: ONE, patch: { metadata }, where, signal })
  }

  async function* pages(kind: RunKind, namespace: string | undefined, signal: AbortSignal): AsyncIterable<Page> {
    const where = { operation: 'list', location: `${kind}s${namespace === undefined ? '' : ` of ${namespace}`}` }
    const follow = pageGuard('tekton', where.location)
    let next: string | undefined
    do {
      const rest = next === undefined ? '' : `&continue=${encodeURIComponent(next)}`
      const path = `${runPath(kind, namespace)}?limit=${PAGE}${rest}`
      const call = { method: 'GET', path, accept: MANY, maxBytes: MAX_PAGE_BYTES, where, signal } as const
      const page = pageOf(await (await cluster()).call(call))
      yield page
      next = page.next
      follow(page.items.length, next)
    } while (next !== undefined)
  }

  function close(): void {
    opened?.then((known) => known.close()).catch(() => undefined)
  }

  return { look, patch, pages, close }
}

function metadataOf(object: unknown, where: { readonly operation: string; readonly location: string }): ObjectMetadata {
  const metadata = isRecord(object) ? object['metadata'] : undefined
  const { uid, name, namespace, resourceVersion: version } = isRecord(metadata) ? metadata : {}
  const all = [uid, name, namespace, version]
  if (all.every((value) => typeof value === 'string' && value !== '')) {
    return {
      uid: String(uid),
      name: String(name),
      namespace: String(namespace),
      version: String(version),
      annotations: annotationsIn(metadata),
    }
  }
  throw new ProvError('response_invalid', 'the cluster answered an object without its metadata', where)
}

function pageOf(list: Readonly<Record<string, unknown>>): Page {
  const { metadata } = list
  const items = list['items'] ?? [] // null when there are none
  const where = { operation: 'list', location: 'runs' }
  if (!Array.isArray(items)) throw new ProvError('response_invalid', 'the answer of the cluster is not a list', where)
  const next = isRecord(metadata) ? metadata['continue'] : undefined
  return {
    items: items.map((item) => metadataOf(item, where)),
    next: typeof next === 'string' && next !== '' ? next : undefined,
  }
}

function replacedBy(uid: string, run: LiveRun): ProvError {
  const message = `the run was deleted and another one (uid ${uid.slice(0, 80)}) has its name now; nothing was written`
  return new ProvError('run_not_found', message, { location: liveName(run) })
}
