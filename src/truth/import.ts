/** Entries that a backend holds become entries of the truth. */
import { type Entry, entryId, holds, sha256Hex, signatureId } from '../model/entry.ts'
import { termsOf } from '../provenance/terms.ts'
import { addDeliveries } from './commit-rows.ts'
import { indexDelivery } from './index-delivery.ts'
import { bytesOfEntry, entryOfBytes, keptAbout } from './kept.ts'
import { numberOf } from './rows.ts'
import type { Holding, NewImport, Refused } from './search-port.ts'
import type { Database, Query, Row } from './sql.ts'
import { INDEX } from './term-pages.ts'
import { addTerms } from './terms.ts'

/** Items that are kept as refused: a backend that anybody can write to could hold any number. */
const MOST_REFUSED = 100_000
/** Longer locations are kept as their beginning and their sha256. */
const MOST_LOCATION = 1000
/** Entries with one id that are compared. */
const MOST_OF_ONE_ID = 1000

/**
 * What tells imported entries with one id apart.
 *
 * @example signatureSet(entry) // sha256 of the sorted ids of its signatures, in hex
 */
export function signatureSet({ signatures }: Pick<Entry, 'signatures'>): string {
  const ids = [...new Set(signatures.map(signatureId))].sort()
  return sha256Hex(Buffer.from(ids.join(' ')))
}

/** See Importing.holding. */
export async function held(query: Query, entry: Entry): Promise<Holding> {
  const id = entryId(entry)
  const rows = await query(`SELECT bytes FROM entry WHERE id = $1 ORDER BY seq LIMIT ${MOST_OF_ONE_ID}`, [id])
  if (rows.some((row) => entryIn(row).some((one) => holds(one, entry)))) return 'present'
  const gone = await query('SELECT 1 AS one FROM tombstone WHERE id = $1 LIMIT 1', [id])
  return gone.length > 0 ? 'pruned' : 'new'
}

/** [] for bytes that somebody changed by hand. */
function entryIn(row: Row): readonly Entry[] {
  try {
    return row['bytes'] instanceof Uint8Array ? [entryOfBytes(row['bytes'])] : []
  } catch {
    return []
  }
}

/** See Importing.import. */
export function importEntry({ transaction, dialect }: Database, one: NewImport): Promise<Holding> {
  const { uri, format, entry, keyids, about, from, deliveries } = one
  return transaction(async (query) => {
    const before = await held(query, entry)
    if (before !== 'new') return before
    const [row] = await query(
      `INSERT INTO entry(uri, format, id, bytes, keyids, source, signatures, created)
       VALUES ($1, $2, $3, $4, $5, 'imported', $6, ${dialect.now})
       ON CONFLICT (id, signatures) WHERE source = 'imported' DO NOTHING RETURNING seq`,
      [uri, format, entryId(entry), bytesOfEntry(entry), JSON.stringify(keyids), signatureSet(entry)],
    )
    if (row === undefined) return 'present' // another process imported it at this moment
    const seq = numberOf(row, 'seq')
    // What is signed says which run it was; names that a location alone says are nobody's word.
    const [item] = await query('INSERT INTO item(seq, run_uid, about) VALUES ($1, NULL, $2) RETURNING id', [
      seq,
      keptAbout(about, { run: false }).about,
    ])
    const id = numberOf(item, 'id')
    await addDeliveries(
      query,
      dialect,
      deliveries.map((delivery) => ({ item: id, row: delivery })),
    )
    await addTerms(query, dialect, seq, termsOf(entry, { keyids, runs: [] }))
    await query('DELETE FROM refused WHERE source = $1 AND location = $2', [from.source, shortened(from.location)])
    return 'new'
  })
}

/** See Importing.indexed. */
export function indexed({ transaction, dialect }: Database, id: string): Promise<boolean> {
  return transaction(async (query) => {
    const rows = await query(
      `SELECT e.bytes, e.superseded_by, (SELECT min(i.id) FROM item i WHERE i.seq = e.seq) AS item,
         (SELECT d.state FROM delivery d JOIN item i ON i.id = d.item WHERE i.seq = e.seq AND d.target = '${INDEX}' LIMIT 1) AS state
       FROM entry e WHERE e.id = $1 ORDER BY e.seq LIMIT ${MOST_OF_ONE_ID}`,
      [id],
    )
    const standing = rows.filter((row) => row['superseded_by'] === null)
    const unowed = standing.flatMap((row) => (row['state'] === null && row['item'] !== null ? [row] : []))
    const owed = unowed.flatMap((row) =>
      entryIn(row).map((entry) => ({ item: numberOf(row, 'item'), row: indexDelivery(entry, false) })),
    )
    if (owed.length > 0) await addDeliveries(query, dialect, owed)
    return rows.length > 0 && standing.every((row) => row['state'] === 'done')
  })
}

/** See Importing.imported. */
export async function imported({ query }: Database, uri: string, format: string): Promise<readonly Entry[]> {
  const rows = await query(
    `SELECT bytes FROM entry WHERE uri = $1 AND format = $2 AND source = 'imported' AND state = 'good' AND superseded_by IS NULL
     ORDER BY seq LIMIT ${MOST_OF_ONE_ID}`,
    [uri, format],
  )
  return rows.flatMap(entryIn)
}

/** See Importing.refuse. */
export async function refuse({ query, dialect }: Database, items: readonly Refused[]): Promise<void> {
  const [row] = await query(`SELECT count(*) AS n FROM (SELECT 1 AS one FROM refused LIMIT ${MOST_REFUSED}) r`)
  let room = MOST_REFUSED - numberOf(row, 'n')
  for (const { source, location, digest, reason } of items) {
    const [found] = await query(
      `UPDATE refused SET reason = $4, seen = ${dialect.now} WHERE source = $1 AND location = $2 AND digest = $3 RETURNING id`,
      [source, shortened(location), digest, JSON.stringify(reason)],
    )
    if (found !== undefined || room-- <= 0) continue
    await query(
      `INSERT INTO refused(source, location, digest, reason, seen) VALUES ($1, $2, $3, $4, ${dialect.now})
       ON CONFLICT (source, location, digest) DO NOTHING`,
      [source, shortened(location), digest, JSON.stringify(reason)],
    )
  }
}

function shortened(location: string): string {
  const text = location.toWellFormed().replaceAll('\0', '\ufffd')
  return text.length <= MOST_LOCATION
    ? text
    : `${text.slice(0, MOST_LOCATION / 2)}…sha256:${sha256Hex(Buffer.from(text))}`
}
