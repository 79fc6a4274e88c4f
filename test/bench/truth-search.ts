/**
 * `prov search` over very many entries: --impact beside one bare GROUP BY of the same rows, and a page beside a bare look-up. Part of
 * `npm run bench -- truth`; a million entries with --memory.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { truthOver } from '../../src/truth/engine.ts'
import { migratePostgres, openPostgres } from '../../src/truth/postgres.ts'
import type { Database } from '../../src/truth/sql.ts'
import { openSqlite } from '../../src/truth/sqlite.ts'
import { scratch } from '../support/scratch.ts'
import { postgresTruth } from '../support/truth.ts'
import type { Print } from './moves.ts'

const KEY = 'key:SHA256:everything'

/** Entries that one key has signed, of ten builders and as many runs as entries; three copies of each, an eighth of them owed. */
async function fill({ engine, query }: Database, entries: number): Promise<void> {
  const isLite = engine === 'sqlite'
  const numbers = isLite
    ? `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${entries})`
    : `WITH s AS (SELECT generate_series(1, ${entries}) AS n)`
  const bytes = isLite ? 'zeroblob(2000)' : "decode(repeat('00', 2000), 'hex')"
  const json = isLite ? "'{}'" : "'{}'::json"
  const list = isLite ? "'[]'" : "'[]'::json"
  await query(
    `INSERT INTO entry(uri, format, id, bytes, keyids, source, created) ${numbers}
     SELECT 'prov:taskrun/' || n, 'slsa/v1', 'dsse:' || n, ${bytes}, ${list}, 'signed', 1700000000000 + n FROM s`,
  )
  await query(`INSERT INTO item(seq, about) SELECT seq, ${isLite ? "CAST('{}' AS BLOB)" : "'{}'::bytea"} FROM entry`)
  for (const term of [
    `'${KEY}'`,
    "'builder:https://b.example/' || (seq % 10)",
    "'run:' || seq",
    "'digest:sha256:' || seq",
    "'type:x'",
  ])
    await query(`INSERT INTO term(term, seq) SELECT ${term}, seq FROM entry`)
  for (const target of ['oci', 'gcs', 'docdb']) {
    await query(
      `INSERT INTO delivery(item, target, lane, slot_key, slot, action, required, foreign_key, resign, state, due, changed)
       SELECT id, '${target}', '${target}', 'slot', ${json}, 'write', 1, 0, 0, CASE id % 8 WHEN 0 THEN 'pending' ELSE 'done' END, 0, 0 FROM item`,
    )
  }
  await query('ANALYZE')
}

/** What the database has to do at least: one GROUP BY over the rows that the answer is about. */
const BARE = `SELECT e.uri, d.target, d.state, count(*) AS n FROM term t JOIN entry e ON e.seq = t.seq JOIN item i ON i.seq = e.seq
  JOIN delivery d ON d.item = i.id WHERE t.term = '${KEY}' GROUP BY e.uri, d.target, d.state`

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return median(took)
}

async function measure(db: Database, entries: number, rounds: number, print: Print): Promise<void> {
  await fill(db, entries)
  const truth = truthOver(db)
  // Its rows stay in the database: what is asked for is how many groups there are.
  const bare = await timed(rounds, () => db.query(`SELECT count(*) AS n FROM (${BARE}) g`))
  const heap = process.memoryUsage().rss
  const impact = await timed(rounds, () => truth.impact([KEY], 100))
  const grown = (process.memoryUsage().rss - heap) / 1024 / 1024
  const half = Math.floor(entries / 2)
  const page = await timed(50, () => truth.search([KEY, 'type:x'], half, 100))
  const one = await timed(50, () => truth.search([`digest:sha256:${half}`], 0, 100))
  const look = await timed(50, () =>
    db.query(
      `SELECT e.seq, e.uri, e.format, e.id, e.keyids FROM term t JOIN entry e ON e.seq = t.seq WHERE t.term = $1`,
      [`digest:sha256:${half}`],
    ),
  )
  const what = `${db.engine}, ${entries} entries`
  print(`search --impact, ${what}`, impact, 'one GROUP BY over the same rows', bare, 'ms', 'at most 3')
  console.log(
    `${''.padEnd(52)}   (a page of 100 by two terms ${page.toFixed(1)} ms; by digest ${(one / look).toFixed(1)} times a bare look-up; memory grew by ${grown.toFixed(0)} MB)`,
  )
}

/** @example await searchBench({ entries: 100_000, rounds: 3 }, print) */
export async function searchBench(
  { entries, rounds }: { readonly entries: number; readonly rounds: number },
  print: Print,
): Promise<void> {
  const lite = await openSqlite(join(scratch(), 'truth.db'), { make: true, newId: randomUUID() })
  await measure(lite, entries, rounds, print)
  await lite.close()
  const { url, password, close } = await postgresTruth()
  const options = { url, password, connections: 2, location: 'bench', newId: randomUUID() }
  await migratePostgres(options)
  const server = await openPostgres(options)
  await measure(server, entries, rounds, print)
  await server.close()
  await close()
}
