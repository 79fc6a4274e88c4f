/** What the statements need of a database, and in what the two engines differ. */

export type SqlValue = string | number | null | Uint8Array
export type Row = Readonly<Record<string, unknown>>

/**
 * Runs one statement; parameters are `$1`, `$2`, …, each a value. Within a transaction statements run in the order in which they are given, also
 * when the next is given before the last has answered.
 */
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
  /** One statement may write to several tables: `WITH x AS (INSERT … RETURNING …) INSERT … SELECT … FROM x`. */
  readonly takesSeveral: boolean
  /** At the end of the RETURNING of a statement that owes something: tells whoever listens, once it is committed. '' where nobody can. */
  readonly tell: string
  /** The number of the transaction that wrote an entry, as text; '0' where sequence is commit order. */
  readonly xid: string
  /** Entries that lie after the mark ($1 xid, $2 seq), and before which nothing can be committed any more. */
  readonly afterMark: string
  readonly inCommitOrder: string
  /** Everything that is committed by now lies before this point in commit order, as text. */
  readonly horizon: string
  /** True once nothing before the point $1 can be committed any more. */
  readonly isPast: string
  /** True for a mark that lies at or after the point. */
  isLater(mark: { readonly xid: string; readonly seq: number }, horizon: string): boolean
  /** Of entries: nothing can be committed before them any more. */
  readonly isFinal: string
  readonly lastCommitFirst: string
}

/** Rows in one statement. */
const PART = 50

/**
 * Runs a statement of several rows for all of them, some at a time, and gives what all of them return.
 *
 * @example await inParts(rows, (part) => query(`INSERT INTO t(a, b) VALUES ${valuesOf(part)}`, part.flat()))
 */
export async function inParts<T>(
  rows: readonly T[],
  work: (part: readonly T[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const parts = Array.from({ length: Math.ceil(rows.length / PART) }, (_, at) => rows.slice(at * PART, (at + 1) * PART))
  return (await Promise.all(parts.map(work))).flat()
}

/**
 * The list of VALUES for these rows, with expressions that are the same in each of them at the end.
 *
 * @example valuesOf([[1, 'a'], [2, 'b']], 'now()') // '($1, $2, now()), ($3, $4, now())'
 */
export function valuesOf(rows: readonly (readonly SqlValue[])[], ...same: readonly string[]): string {
  let n = 0
  return rows.map((row) => `(${[...row.map(() => `$${++n}`), ...same].join(', ')})`).join(', ')
}

export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  readonly dialect: Dialect
  readonly query: Query
  /** As `query`, for a statement that comes again and again with other values: it is planned once. */
  readonly queryOften: Query
  /** Commits what `work` did, or nothing of it. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>
  /** See Truth.listen. */
  listen?(told: () => void, lost: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}
