/** Options of grafeas for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** Google's Container Analysis, or a server with its v1 API. */
export interface GrafeasOptions {
  /** Google Cloud project of the notes. */
  readonly project: string
  readonly noteId?: string
  readonly noteHint?: string
  /** URL of another server; http: no credentials. */
  readonly endpoint?: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  project: 'storage.grafeas.projectid',
  noteId: 'storage.grafeas.noteid',
  noteHint: 'storage.grafeas.notehint',
  endpoint: 'storage.grafeas.endpoint',
  timeoutMs: 'storage.grafeas.timeout',
} as const satisfies Record<keyof GrafeasOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openGrafeas({ project: 'acme' })
 */
export async function openGrafeas(options: GrafeasOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
