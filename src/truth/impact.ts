/** What everything that has certain terms comes to: counted by the database, so that a million entries need no memory here. */
import { numberOf } from './rows.ts'
import { type Matching, matchingOf, reach } from './search.ts'
import type { Impact, Shares } from './search-port.ts'
import type { Database, Query, Row } from './sql.ts'
import type { State } from './states.ts'
import { SEAL } from './truth.ts'

/** See Searching.impact. */
export async function impact(db: Database, terms: readonly string[], most: number): Promise<Impact> {
  const { query } = db
  const reached = await reach(db)
  const matching = await matchingOf(query, terms, 0)
  const { from, where, values } = matching
  const entries = await query(
    `SELECT name, n, count(*) OVER () AS total, sum(n) OVER () AS entries, sum(bad) OVER () AS quarantined, sum(brought) OVER () AS imported,
       min(since) OVER () AS since, max(until) OVER () AS until FROM (
       SELECT e.uri AS name, count(*) AS n, sum(CASE e.state WHEN 'good' THEN 0 ELSE 1 END) AS bad,
         sum(CASE e.source WHEN 'imported' THEN 1 ELSE 0 END) AS brought, min(e.created) AS since, max(e.created) AS until
       FROM ${from} CROSS JOIN entry e WHERE ${where} AND e.seq = t.seq AND e.superseded_by IS NULL GROUP BY e.uri) g
     ORDER BY name LIMIT $${values.length + 1}`,
    [...values, most],
  )
  const [first] = entries
  const count = (column: string): number => (first === undefined ? 0 : numberOf(first, column))
  const places = await query(
    `SELECT d.target, d.state, count(*) AS n FROM ${from} CROSS JOIN item i CROSS JOIN delivery d
     WHERE ${where} AND i.seq = t.seq AND d.item = i.id AND d.target <> '${SEAL}' GROUP BY d.target, d.state ORDER BY d.target, d.state`,
    values,
  )
  return {
    ...reached,
    entries: count('entries'),
    quarantined: count('quarantined'),
    imported: count('imported'),
    ...(first === undefined ? {} : { since: count('since'), until: count('until') }),
    artifacts: sharesOf(entries),
    runs: await shared(query, matching, 'run', most),
    builders: await shared(query, matching, 'builder', most),
    places: places.map((row) => ({
      target: String(row['target']),
      state: String(row['state']) as State,
      copies: numberOf(row, 'n'),
    })),
    unknown: {
      superseded: await countOf(query, 'SELECT count(*) AS n FROM entry WHERE superseded_by IS NOT NULL'),
      pruned: await countOf(query, 'SELECT count(*) AS n FROM tombstone'),
      refused: await countOf(query, 'SELECT count(*) AS n FROM refused'),
      long: await longOnes(query, matching),
    },
  }
}

async function countOf(query: Query, text: string): Promise<number> {
  const [row] = await query(text)
  return numberOf(row, 'n')
}

function sharesOf(rows: readonly Row[]): Shares {
  const [first] = rows
  return {
    total: first === undefined ? 0 : numberOf(first, 'total'),
    first: rows.map((row) => ({ name: String(row['name']), entries: numberOf(row, 'n') })),
  }
}

/** The terms of one kind that these entries have; `;` is the character after `:`. */
async function shared(query: Query, matching: Matching, kind: string, most: number): Promise<Shares> {
  const { from, where, values } = matching
  const rows = await query(
    `SELECT name, n, count(*) OVER () AS total FROM (
       SELECT u.term AS name, count(*) AS n FROM ${from} CROSS JOIN term u
       WHERE ${where} AND u.seq = t.seq AND u.term >= '${kind}:' AND u.term < '${kind};' GROUP BY u.term) g
     ORDER BY name LIMIT $${values.length + 1}`,
    [...values, most],
  )
  const { total, first } = sharesOf(rows)
  return { total, first: first.map(({ name, entries }) => ({ name: name.slice(kind.length + 1), entries })) }
}

/** Entries of which a term was replaced by its sha256; `$` is the character after `#`. */
async function longOnes(query: Query, { from, where, values }: Matching): Promise<number> {
  const [row] = await query(
    `SELECT count(DISTINCT t.seq) AS n FROM ${from} CROSS JOIN term u
     WHERE ${where} AND u.seq = t.seq AND u.term >= '#' AND u.term < '$'`,
    values,
  )
  return numberOf(row, 'n')
}
