/** `prov doctor` without its command line: checks each key by itself, then all backends at once. */
import type { Backend } from '../backend/backend.ts'
import { ERRORS, gravest } from '../errors.ts'
import { type BackendJob, type BackendReport, diagnoseBackend, unopened } from './backend.ts'
import { diagnoseKey, type KeyOptions, type KeyReport } from './keys.ts'

export interface DoctorJob extends BackendJob {
  /** Paths or `env://NAME`, private or public. */
  readonly keys: readonly string[]
  readonly keyOptions: KeyOptions
  /** What opens each; one that cannot be opened does not hold up the others. */
  readonly backends: readonly { readonly name: string; open(): Promise<Backend> }[]
  /** What else is looked at, and reported like a backend. */
  readonly others?: readonly (() => Promise<BackendReport>)[]
}

export interface DoctorReport {
  /** The gravest of all; what is only degraded does not count, and nothing usable at all is 6. */
  readonly exit: number
  readonly keys: readonly KeyReport[]
  readonly backends: readonly BackendReport[]
}

/**
 * Checks everything that was named. Keys come first and one after the other, since one may ask for a password.
 *
 * @example (await doctor(job)).exit // 0
 */
export async function doctor(job: DoctorJob): Promise<DoctorReport> {
  const keys: KeyReport[] = []
  for (const key of job.keys) keys.push(await diagnoseKey(key, job.keyOptions))
  const backends = await Promise.all([
    ...job.backends.map((one) => lookAt(one, job)),
    ...(job.others ?? []).map((look) => look()),
  ])
  const all = [...keys, ...backends]
  const isAnyUsable = all.some(({ outcome }) => outcome === 'ok' || outcome === 'degraded')
  // Nothing tried is no success.
  const worst = gravest(all.map((one) => one.exit))
  return { exit: worst === 0 && !isAnyUsable ? ERRORS.not_looked.exit : worst, keys, backends }
}

async function lookAt({ name, open }: DoctorJob['backends'][number], job: DoctorJob): Promise<BackendReport> {
  let backend: Backend
  try {
    backend = await open()
  } catch (thrown) {
    return unopened(name, thrown)
  }
  try {
    return await diagnoseBackend(backend, job)
  } finally {
    await backend.close().catch(() => undefined) // everything has been said by then
  }
}
