/** What every document database must do for the backend. One file a database implements it; nothing else talks to one. */
import type { Fields, SignedDocument } from './layout.ts'

export interface StoredDocument {
  readonly key: string
  readonly fields: Fields
  /** The state that was read, for a conditional write; means something to the store only. */
  readonly state: unknown
}

export interface StoreOptions {
  /** Aborted when the caller stops or the time for the call is over. */
  readonly signal: AbortSignal
}

/** What `list` may leave out. A store that cannot tell gives more; the backend looks again. */
export interface Wanted {
  /** sha256 hex of a subject. */
  readonly subject?: string
}

/**
 * All calls throw ProvError with a code only: `unreachable`, `denied`, `throttled`, …; the backend adds where and during what.
 * Reads see every write that was confirmed before.
 */
export interface DocumentStore {
  /** Those that are there, in any order. */
  get(keys: readonly string[], options: StoreOptions): Promise<readonly StoredDocument[]>
  /** False when a document with that key is there already; it stays as it is. */
  create(document: SignedDocument, options: StoreOptions): Promise<boolean>
  /** False when it is no longer there as it was read; nothing is written then. */
  replace(stored: StoredDocument, document: SignedDocument, options: StoreOptions): Promise<boolean>
  /** False when it is no longer there as it was read; nothing is removed then. */
  remove(stored: StoredDocument, options: StoreOptions): Promise<boolean>
  /**
   * Key and `Signed` of every document, a page at a time; other fields may be missing, and without a subject also `Signed` of what is
   * about a run or is a Statement.
   */
  list(wanted: Wanted, options: StoreOptions): AsyncIterable<Pick<StoredDocument, 'key' | 'fields'>>
  close(): Promise<void>
}
