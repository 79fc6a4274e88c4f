/** Which backends somebody delivers to. */
import { ProvError } from '../errors.ts'
import { timeText } from '../platform/text/time-text.ts'
import type { Truth } from '../truth/truth.ts'
import type { Machine, WorkerBeat } from '../truth/worker-beat.ts'

/** A worker that has been silent for longer is taken for gone. */
const SILENT_MS = 10 * 60_000

export interface Served {
  readonly workers: readonly WorkerBeat[]
  /** Those of these backends that no worker serves, each once, sorted. */
  without(backends: readonly string[]): readonly string[]
}

/** @example (await servedBy(truth)).without(['oci', 'gcs']) // ['gcs'] */
export async function servedBy(truth: Pick<Truth, 'workers'>): Promise<Served> {
  const workers = await truth.workers(SILENT_MS)
  const names = new Set(workers.flatMap(({ targets }) => targets))
  return { workers, without: (backends) => [...new Set(backends)].filter((name) => !names.has(name)).sort() }
}

/** @example throw noWorker(['gcs'], 'start prov worker') // no_worker: no worker has served gcs in the last 10 minutes */
export function noWorker(backends: readonly string[], hint: string, more = ''): ProvError {
  return new ProvError('no_worker', `no worker has served ${backends.join(', ')} in the last 10 minutes${more}`, {
    hint,
  })
}

/**
 * Machines that alone can deliver something, and on which no worker has given a sign of life for as long as {@link servedBy} waits.
 *
 * @example (await strandedIn(truth)).map(({ host }) => host) // ['build-7']
 */
export async function strandedIn(truth: Pick<Truth, 'workers' | 'machines'>): Promise<readonly Machine[]> {
  const machines = await truth.machines()
  if (machines.length === 0) return []
  const alive = new Set((await truth.workers(SILENT_MS)).map(({ host }) => host))
  return machines.filter(({ host }) => !alive.has(host))
}

/** @example onlyThere({ host: 'build-7', rows: 2, seenMs: 60_000 }, Date.now()) // 'only machine build-7 can deliver 2 of it; …' */
export function onlyThere({ host, rows, seenMs }: Machine, now: number): string {
  return `only machine ${host} can deliver ${rows} of it; it was last seen ${timeText(now - seenMs)}`
}

/** What to do about {@link strandedIn}. */
export const STRANDED_HINT =
  'start prov worker on that machine; if it is gone for good, prov outbox drop gives up what belongs there, and the rest goes on'
