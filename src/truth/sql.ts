/** What the statements need of a database, and in what the two engines differ. */

export type SqlValue = string | number | null | Uint8Array
export type Row = Readonly<Record<string, unknown>>

/** Runs one statement; parameters are `$1`, `$2`, …, each a value. */
export type Query = (text: string, values?: readonly SqlValue[]) => Promise<readonly Row[]>

/** Pieces of SQL. */
export interface Dialect {
  /** The database's time in milliseconds since the epoch. */
  readonly now: string
  /** At the end of a SELECT of rows that nobody else holds. */
  readonly skipLocked: string
  /** At the end of a SELECT of rows that are about to change. */
  readonly forUpdate: string
  /** The numbers of a JSON list that is a parameter, as a subquery. */
  numbers(parameter: string): string
  /** The texts of a JSON list that is a parameter, as a subquery. */
  texts(parameter: string): string
  /** The bytes of a column, as a number. */
  length(column: string): string
  /** A statement that tells whoever listens, once it is committed; absent where nobody can. */
  readonly notify?: string
  /** The number of the transaction that wrote an entry, as text; '0' where sequence is commit order. */
  readonly xid: string
  /** Entries that lie after the mark ($1 xid, $2 seq), and before which nothing can be committed any more. */
  readonly afterMark: string
  readonly inCommitOrder: string
}

export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  readonly dialect: Dialect
  readonly query: Query
  /** Commits what `work` did, or nothing of it. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>
  /** See Truth.listen. */
  listen?(told: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
