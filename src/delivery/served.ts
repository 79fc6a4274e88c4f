/** Which backends somebody delivers to. */
import { ProvError } from '../errors.ts'
import type { Truth, WorkerBeat } from '../truth/truth.ts'

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
