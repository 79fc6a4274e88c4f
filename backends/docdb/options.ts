/** Options of docdb for programs that embed prov. */
import type { Backend } from '../../src/backend/backend.ts'
import { contextOf, type Surroundings } from '../shared/embedded.ts'

/** MongoDB, Firestore, DynamoDB or an SQLite file, by the URL. */
export interface DocdbOptions {
  readonly url: string
  /** Where MongoDB is, with user and password. */
  readonly mongoServerUrl?: string
  /** Longest time of one request. */
  readonly timeoutMs?: number
}

const KEYS = {
  url: 'storage.docdb.url',
  mongoServerUrl: 'storage.docdb.mongo-server-url',
  timeoutMs: 'storage.timeout',
} as const satisfies Record<keyof DocdbOptions, string>

/**
 * Connects on first use. Throws what the settings of the same meaning are refused for.
 *
 * @example const backend = await openDocdb({ url: 'sqlite:prov.db' })
 */
export async function openDocdb(options: DocdbOptions, surroundings?: Surroundings): Promise<Backend> {
  return (await import('./backend.ts')).open(contextOf(options, KEYS, surroundings))
}
