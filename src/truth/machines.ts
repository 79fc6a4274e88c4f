/** Who is there to deliver: workers by their signs of life, and machines that alone can deliver something. */
import { arrayIn } from '../platform/text/guards.ts'
import { jsonOf, numberOf } from './rows.ts'
import type { Database } from './sql.ts'
import { OPEN, sqlList } from './states.ts'
import type { Machine, WorkerBeat } from './worker-beat.ts'

const DAY_MS = 24 * 60 * 60_000

/** See Truth.beat. */
export async function beat(db: Database, { holder, host, targets }: WorkerBeat): Promise<void> {
  const { now } = db.dialect
  await db.query(
    `INSERT INTO worker(holder, host, targets, seen) VALUES ($1, $2, $3, ${now})
     ON CONFLICT (holder) DO UPDATE SET targets = excluded.targets, seen = excluded.seen`,
    [holder, host, JSON.stringify(targets)],
  )
  await db.query(`DELETE FROM worker WHERE seen < ${now} - ${DAY_MS}`)
}

/** See Truth.leave. */
export async function leave(db: Database, holder: string): Promise<void> {
  await db.query('DELETE FROM worker WHERE holder = $1', [holder])
}

/** See Truth.workers. */
export async function workers(db: Database, withinMs: number): Promise<readonly WorkerBeat[]> {
  const { now } = db.dialect
  const rows = await db.query(
    `SELECT holder, host, targets FROM worker WHERE seen >= ${now} - $1 AND seen <= ${now} ORDER BY holder`,
    [withinMs],
  )
  return rows.map((row) => ({
    holder: String(row['holder']),
    host: String(row['host']),
    targets: arrayIn(jsonOf<unknown>(row, 'targets')).map(String),
  }))
}

/** See Truth.machines. */
export async function machines(db: Database): Promise<readonly Machine[]> {
  const { now } = db.dialect
  const rows = await db.query(
    `SELECT d.host, count(*) AS n, max(e.created) AS stored, (SELECT max(w.seen) FROM worker w WHERE w.host = d.host) AS seen, ${now} AS now
     FROM delivery d JOIN item i ON i.id = d.item JOIN entry e ON e.seq = i.seq
     WHERE d.host IS NOT NULL AND d.state IN (${sqlList(OPEN)}) GROUP BY d.host ORDER BY d.host`,
  )
  return rows.map((row) => ({
    host: String(row['host']),
    rows: numberOf(row, 'n'),
    seenMs: Math.max(0, numberOf(row, 'now') - Math.max(numberOf(row, 'stored'), numberOf(row, 'seen'))),
  }))
}
