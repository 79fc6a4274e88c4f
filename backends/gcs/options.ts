/** Options of gcs for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** Google Cloud Storage, or a directory: exactly one of `bucket` and `directory`. */
export interface GcsOptions {
  readonly bucket?: string
  /** Stands in for a bucket, with the same names. */
  readonly directory?: string
  /** URL of an emulator or of a private endpoint; http: no credentials. */
  readonly endpoint?: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  bucket: 'storage.gcs.bucket',
  directory: 'storage.gcs.directory',
  endpoint: 'storage.gcs.endpoint',
  timeoutMs: 'storage.gcs.timeout',
} as const satisfies Record<keyof GcsOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openGcs({ bucket: 'provenance' })
 */
export async function openGcs(options: GcsOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
