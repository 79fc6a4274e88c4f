/** What may leave the truth: entries whose copies are confirmed, and what is kept of a run. What was removed is remembered. */
import { ProvError } from '../errors.ts'
import { keptOf, numberOf, slotOf } from './rows.ts'
import type { Database, Query } from './sql.ts'
import { OPEN, sqlList } from './states.ts'
import { type Prunable, SEAL } from './truth.ts'

/** Nothing of the entry (numbered `seq`) is open, every required copy of it is done, and nobody doubts it. */
const SETTLED_WELL = `e.state = 'good' AND e.superseded_by IS NULL
  AND EXISTS (SELECT 1 FROM delivery d JOIN item i ON i.id = d.item WHERE i.seq = e.seq AND d.state = 'done' AND d.target <> '${SEAL}')
  AND NOT EXISTS (SELECT 1 FROM delivery d JOIN item i ON i.id = d.item WHERE i.seq = e.seq
    AND (d.state IN (${sqlList(OPEN)}) OR (d.required = 1 AND d.state NOT IN ('done', 'dropped', 'superseded'))))`

/** See Truth.pruned. */
export async function pruned(query: Query, uri: string, format: string): Promise<string | undefined> {
  const [row] = await query('SELECT id FROM tombstone WHERE uri = $1 AND format = $2 ORDER BY removed DESC LIMIT 1', [
    uri,
    format,
  ])
  return row === undefined ? undefined : String(row['id'])
}

/** See Truth.prunable. */
export async function prunable(
  { query, dialect }: Database,
  olderThanMs: number,
  after: number,
  limit: number,
): Promise<readonly Prunable[]> {
  const rows = await query(
    `SELECT e.seq, e.uri, e.format, e.id, e.state, e.bytes FROM entry e
     WHERE e.seq > $1 AND e.created <= ${dialect.now} - $2 AND ${SETTLED_WELL} ORDER BY e.seq LIMIT $3`,
    [after, olderThanMs, limit],
  )
  const found: Prunable[] = []
  for (const row of rows) {
    const { seq, uri, format, entry } = keptOf(row)
    const copies = await query(
      `SELECT d.target, d.slot FROM delivery d JOIN item i ON i.id = d.item
       WHERE i.seq = $1 AND d.target <> '${SEAL}' AND d.required = 1 AND d.state = 'done' ORDER BY d.id`,
      [seq],
    )
    found.push({
      seq,
      uri,
      format,
      entry,
      copies: copies.map((one) => ({ target: String(one['target']), slot: slotOf(one) })),
    })
  }
  return found
}

/** See Truth.prune. Everything that led to the entry (older signatures that it superseded) goes with it. */
export function prune({ transaction, dialect }: Database, seq: number): Promise<boolean> {
  return transaction(async (query) => {
    const [row] = await query(
      `SELECT e.seq, e.uri, e.format, e.id FROM entry e WHERE e.seq = $1 AND ${SETTLED_WELL} ${dialect.forUpdate}`,
      [seq],
    )
    if (row === undefined) return false
    const keys = [String(row['uri']), String(row['format'])]
    await query(
      `INSERT INTO tombstone(uri, format, id, removed) VALUES ($1, $2, $3, ${dialect.now}) ON CONFLICT DO NOTHING`,
      [...keys, String(row['id'])],
    )
    const line = await query(
      `WITH RECURSIVE line(seq) AS (SELECT CAST($1 AS bigint) UNION SELECT e.seq FROM entry e JOIN line l ON e.superseded_by = l.seq)
       SELECT seq FROM line ORDER BY seq`,
      [seq],
    )
    const seqs = line.map((one) => numberOf(one, 'seq'))
    const open = await query(
      `SELECT 1 AS one FROM delivery d JOIN item i ON i.id = d.item
       WHERE i.seq IN ${dialect.numbers('$1')} AND d.state IN (${sqlList(OPEN)}) LIMIT 1`,
      [JSON.stringify(seqs)],
    )
    if (open.length > 0)
      throw new ProvError('conflict', 'an older signature of the same artifact is still being delivered')
    const all = [JSON.stringify(seqs)]
    const runs = await query(
      `SELECT DISTINCT run_uid FROM item WHERE seq IN ${dialect.numbers('$1')} AND run_uid IS NOT NULL`,
      all,
    )
    await query(`DELETE FROM delivery WHERE item IN (SELECT id FROM item WHERE seq IN ${dialect.numbers('$1')})`, all)
    await query(`DELETE FROM item WHERE seq IN ${dialect.numbers('$1')}`, all)
    await query(`DELETE FROM term WHERE seq IN ${dialect.numbers('$1')}`, all)
    for (const one of seqs) await query('DELETE FROM entry WHERE seq = $1', [one])
    for (const { run_uid: uid } of runs) {
      await query('DELETE FROM run WHERE uid = $1 AND NOT EXISTS (SELECT 1 FROM item WHERE run_uid = $1)', [
        String(uid),
      ])
    }
    return true
  })
}

/** See Truth.forget. */
export function forget({ transaction, dialect }: Database, run: string): Promise<boolean | undefined> {
  return transaction(async (query) => {
    const [row] = await query(`SELECT uid FROM run WHERE uid = $1 ${dialect.forUpdate}`, [run])
    if (row === undefined) return undefined
    const [open] = await query(
      `SELECT 1 AS one FROM delivery d JOIN item i ON i.id = d.item WHERE i.run_uid = $1 AND d.state IN (${sqlList(OPEN)}) LIMIT 1`,
      [run],
    )
    if (open !== undefined) return false
    await query('UPDATE run SET object = NULL WHERE uid = $1', [run])
    return true
  })
}
