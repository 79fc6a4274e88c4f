/** Options of archivista for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** An Archivista server. */
export interface ArchivistaOptions {
  readonly url: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  url: 'storage.archivista.url',
  timeoutMs: 'storage.archivista.timeout',
} as const satisfies Record<keyof ArchivistaOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openArchivista({ url: 'https://archivista.example' })
 */
export async function openArchivista(options: ArchivistaOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
