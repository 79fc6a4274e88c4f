/** Entries as they were committed, and taking one out of delivery. */
import type { ErrorJson } from '../errors.ts'
import { keptOf, numberOf, textOf } from './rows.ts'
import type { Database, Row } from './sql.ts'
import type { Kept, Mark, StandingArtifact, StoredBytes } from './truth.ts'

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

/** See Truth.stored. */
export async function stored({ query }: Database, uri: string): Promise<readonly StoredBytes[]> {
  const rows = await query(
    'SELECT seq, uri, format, id, bytes FROM entry WHERE uri = $1 AND superseded_by IS NULL ORDER BY seq',
    [uri],
  )
  return rows.map(storedOf)
}

/** See Truth.storedById. One id has few entries: one for each set of signatures. */
export async function storedById({ query }: Database, id: string): Promise<readonly StoredBytes[]> {
  const rows = await query(
    'SELECT seq, uri, format, id, bytes FROM entry WHERE id = $1 AND superseded_by IS NULL ORDER BY seq DESC LIMIT 10',
    [id],
  )
  return rows.map(storedOf)
}

function storedOf(row: Row): StoredBytes {
  return {
    seq: numberOf(row, 'seq'),
    uri: String(row['uri']),
    format: String(row['format']),
    id: String(row['id']),
    bytes: row['bytes'] instanceof Uint8Array ? row['bytes'] : new Uint8Array(),
  }
}

/** See Truth.artifacts. */
export async function artifacts(
  { query }: Database,
  after: string | undefined,
  limit: number,
): Promise<readonly StandingArtifact[]> {
  const uris = await query(
    'SELECT DISTINCT uri FROM entry WHERE superseded_by IS NULL AND uri > $1 ORDER BY uri LIMIT $2',
    [after ?? '', limit],
  )
  const found: StandingArtifact[] = []
  for (const one of uris) {
    const uri = String(one['uri'])
    const rows = await query(
      `SELECT e.format, r.uid, r.kind, r.namespace, r.name FROM entry e LEFT JOIN item i ON i.seq = e.seq LEFT JOIN run r ON r.uid = i.run_uid
       WHERE e.uri = $1 AND e.superseded_by IS NULL ORDER BY e.seq, r.uid`,
      [uri],
    )
    const run = rows.find((row) => textOf(row, 'uid') !== undefined)
    const text = (name: string): string => String(run?.[name])
    found.push({
      uri,
      formats: [...new Set(rows.map((row) => String(row['format'])))],
      ...(run === undefined
        ? {}
        : { run: { uid: text('uid'), kind: text('kind'), namespace: text('namespace'), name: text('name') } }),
    })
  }
  return found
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
