/** Search terms of the entries that stand: written with each commit, and for entries that were committed by a prov that knew none. */
import { arrayIn } from '../platform/text/guards.ts'
import { type RunNames, termsOf, termsOfUnreadable } from '../provenance/terms.ts'
import { jsonOf, keptOf, numberOf } from './rows.ts'
import type { Database, Dialect, Query, Row } from './sql.ts'

/** Entries, and bytes of entries, that are read at one time to be given their terms. */
const PAGE = 200
const PAGE_BYTES = 8 * 1024 * 1024

/** An entry that stands, and has no terms: each has its own id at least. */
const WITHOUT_TERMS = 'e.superseded_by IS NULL AND NOT EXISTS (SELECT 1 FROM term t WHERE t.seq = e.seq)'

/** Adds terms to an entry; those that it has already stay. */
export async function addTerms(query: Query, dialect: Dialect, seq: number, terms: readonly string[]): Promise<void> {
  if (terms.length === 0) return
  await query(
    `INSERT INTO term(term, seq) SELECT t.value, CAST($2 AS bigint) FROM ${dialect.texts('$1')} AS t WHERE true ON CONFLICT DO NOTHING`,
    [JSON.stringify(terms), seq],
  )
}

/** Gives entries that stand the terms that follow from what the tables hold, those of the runs of what they superseded included. */
export async function writeTerms(query: Query, dialect: Dialect, seqs: readonly number[]): Promise<void> {
  const asked = [JSON.stringify(seqs)]
  const entries = await query(
    `SELECT seq, uri, format, id, state, keyids, bytes FROM entry
     WHERE seq IN ${dialect.numbers('$1')} AND superseded_by IS NULL ORDER BY seq ${dialect.forUpdate}`,
    asked,
  )
  const runs = await query(
    `WITH RECURSIVE line(seq, top) AS (
       SELECT seq, seq FROM entry WHERE seq IN ${dialect.numbers('$1')}
       UNION SELECT e.seq, l.top FROM entry e JOIN line l ON e.superseded_by = l.seq)
     SELECT DISTINCT l.top, r.uid, r.namespace, r.name FROM line l JOIN item i ON i.seq = l.seq JOIN run r ON r.uid = i.run_uid`,
    asked,
  )
  const runsOf = Map.groupBy(runs, (row) => numberOf(row, 'top'))
  for (const row of entries) {
    const seq = numberOf(row, 'seq')
    await addTerms(query, dialect, seq, termsOfRow(row, (runsOf.get(seq) ?? []).map(namesOf)))
  }
}

/** Names of a run, of a row with uid, namespace and name. */
export function namesOf(row: Row): RunNames {
  return { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) }
}

/** Of a whole row. Bytes that somebody changed by hand are no reason to leave the others without terms. */
export function termsOfRow(row: Row, runs: readonly RunNames[]): readonly string[] {
  const keyids = arrayIn(jsonOf<unknown>(row, 'keyids')).map(String)
  try {
    return termsOf(keptOf(row).entry, { keyids, runs })
  } catch {
    return termsOfUnreadable(String(row['id']), keyids)
  }
}

/**
 * Gives their terms to all entries that have none, some at a time, each time in a transaction of its own: others go on writing, and what was
 * stopped half-way goes on where it was. Terms of entries that do not stand any more go.
 */
export async function fillTerms({ query, transaction, dialect }: Database): Promise<void> {
  await query(
    'DELETE FROM term WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.seq = term.seq AND e.superseded_by IS NULL)',
  )
  for (let last = 0; ; ) {
    const found = await query(
      `SELECT e.seq, ${dialect.length('e.bytes')} AS n FROM entry e WHERE e.seq > $1 AND ${WITHOUT_TERMS} ORDER BY e.seq LIMIT ${PAGE}`,
      [last],
    )
    if (found.length === 0) break
    for (const part of inBytes(found)) await transaction((within) => writeTerms(within, dialect, part))
    last = numberOf(found.at(-1), 'seq')
  }
  await query("INSERT INTO meta(key, value) VALUES ('terms', 'whole') ON CONFLICT (key) DO NOTHING")
}

/** Numbers of entries that are no more than {@link PAGE_BYTES} together, or one. */
function inBytes(rows: readonly Row[]): readonly (readonly number[])[] {
  const parts: number[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const size = numberOf(row, 'n')
    if (bytes + size > PAGE_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(numberOf(row, 'seq'))
    bytes += size
  }
  return parts
}

/** How many entries that stand have no search terms. */
export async function withoutTerms({ query }: Database): Promise<number> {
  const [row] = await query(`SELECT count(*) AS n FROM entry e WHERE ${WITHOUT_TERMS}`)
  return numberOf(row, 'n')
}
