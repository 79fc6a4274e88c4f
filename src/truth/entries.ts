/** Entries as they were committed, and taking one out of delivery. */
import type { ErrorJson } from '../errors.ts'
import { keptOf } from './rows.ts'
import type { Database } from './sql.ts'
import type { Kept, Mark } from './truth.ts'

const FIRST: Mark = { xid: '0', seq: 0 }

/** See Truth.page. A reader that went on from the highest number alone would miss what a slower transaction commits later. */
export async function page(
  { dialect, query }: Database,
  after: Mark | undefined,
  limit: number,
): Promise<readonly (Kept & Mark)[]> {
  const { xid, seq } = after ?? FIRST
  const rows = await query(
    `SELECT seq, uri, format, id, state, bytes, ${dialect.xid} AS place FROM entry
     WHERE ${dialect.afterMark} ORDER BY ${dialect.inCommitOrder} LIMIT $3`,
    [xid, seq, limit],
  )
  return rows.map((row) => ({ ...keptOf(row), xid: String(row['place']) }))
}

/** See Truth.quarantine. */
export async function quarantine({ query }: Database, seq: number, reason: ErrorJson): Promise<boolean> {
  const rows = await query(
    "UPDATE entry SET state = 'quarantined', reason = $2 WHERE seq = $1 AND state = 'good' RETURNING seq",
    [seq, JSON.stringify(reason)],
  )
  return rows.length > 0
}

/** See Truth.release. */
export async function release({ query }: Database, seq: number): Promise<boolean> {
  const rows = await query(
    "UPDATE entry SET state = 'good', reason = NULL WHERE seq = $1 AND state = 'quarantined' RETURNING seq",
    [seq],
  )
  return rows.length > 0
}
