/** The rows of a commit that are many: runs, items and deliveries, several in one statement. */
import type { RunArtifact } from '../model/artifact.ts'
import { runOf } from '../store/seal.ts'
import { keptAbout } from './kept.ts'
import { numberOf, textOf } from './rows.ts'
import { type Dialect, inParts, type Query, type Row, type SqlValue, valuesOf } from './sql.ts'
import { sqlList, statesBefore } from './states.ts'
import { INDEX } from './term-pages.ts'
import type { NewDelivery, NewItem } from './truth.ts'

/** Adds the runs, and holds them until the end of the transaction: whoever settles a copy of theirs waits. Gives which of them are new. */
export async function addRuns(
  query: Query,
  { now }: Dialect,
  items: readonly NewItem[],
): Promise<ReadonlyMap<string, 'new' | 'known'>> {
  const runs = new Map<string, SqlValue[]>()
  for (const { about } of items) {
    const run = runOf(about.artifact)
    if (run !== undefined && !runs.has(run.uid)) runs.set(run.uid, runRow(run, keptAbout(about).run ?? null))
  }
  const uids = [...runs.keys()].sort()
  const made = await inParts(
    uids.map((uid) => runs.get(uid) ?? []),
    (part) =>
      query(
        `INSERT INTO run(object, uid, kind, namespace, name, cluster, created) VALUES ${valuesOf(part, now)}
         ON CONFLICT (uid) DO NOTHING RETURNING uid`,
        part.flat(),
      ),
  )
  const fresh = new Set(made.map((row) => textOf(row, 'uid')))
  const known = uids.filter((uid) => !fresh.has(uid))
  await Promise.all(
    known.map((uid) => query('UPDATE run SET object = $1 WHERE uid = $2', [runs.get(uid)?.[0] ?? null, uid])),
  )
  return new Map(uids.map((uid) => [uid, fresh.has(uid) ? 'new' : 'known']))
}

/** In the order of the columns object, uid, kind, namespace, name, cluster. */
export function runRow({ uid, kind, namespace, name, source }: RunArtifact, object: Uint8Array | null): SqlValue[] {
  return [object, uid, kind, namespace, name, source?.cluster?.server ?? null]
}

export interface PlacedItem {
  readonly id: number
  readonly seq: number
  readonly run?: string
  readonly isNew: boolean
}

/** Adds the items that are not there, and gives where each stands. */
export async function addItems(
  query: Query,
  items: readonly NewItem[],
  seqOf: (item: NewItem) => number,
): Promise<ReadonlyMap<NewItem, PlacedItem>> {
  const keyOf = (seq: number, run: string | undefined): string => `${seq} ${run ?? ''}`
  const places = items.map((item) => ({ item, seq: seqOf(item), run: runOf(item.about.artifact)?.uid }))
  const wanted = new Map(places.toReversed().map((place) => [keyOf(place.seq, place.run), place]))
  const rows = [...wanted.values()].toReversed().map(({ item, seq, run }): SqlValue[] => {
    return [seq, run ?? null, keptAbout(item.about, { run: false }).about]
  })
  const made = await inParts(rows, (part) =>
    query(
      `INSERT INTO item(seq, run_uid, about) VALUES ${valuesOf(part)} ON CONFLICT DO NOTHING RETURNING id, seq, run_uid`,
      part.flat(),
    ),
  )
  const ids = new Map(made.map((row) => [keyOf(numberOf(row, 'seq'), textOf(row, 'run_uid')), numberOf(row, 'id')]))
  const fresh = new Set(ids.keys())
  for (const [key, { seq, run }] of wanted) {
    if (ids.has(key)) continue
    const [stood] = await query('SELECT id FROM item WHERE seq = $1 AND run_uid IS NOT DISTINCT FROM $2', [
      seq,
      run ?? null,
    ])
    ids.set(key, numberOf(stood, 'id'))
  }
  return new Map(
    places.map(({ item, seq, run }) => {
      const key = keyOf(seq, run)
      const named = run === undefined ? {} : { run }
      return [item, { id: ids.get(key) ?? Number.NaN, seq, ...named, isNew: fresh.has(key) }]
    }),
  )
}

const OWED_AGAIN = sqlList(statesBefore('pending', 'store').filter((state) => state !== 'waiting'))

/** What is owed for an item; a mark as signed waits. */
export interface OwedRow {
  readonly item: number
  readonly row: Omit<NewDelivery, 'state'> & { readonly state: NewDelivery['state'] | 'waiting' }
}

const rowKey = (item: number, target: string, slot: string): string => JSON.stringify([item, target, slot])

/** Each row once, as it was given last. */
export function distinctRows(owed: readonly OwedRow[]): readonly OwedRow[] {
  return [...new Map(owed.map((one) => [rowKey(one.item, one.row.target, one.row.slot.key), one])).values()]
}

/** Adds what is owed; what was settled, and is owed again, is opened again, but for what the index has: nobody looked whether it is still there. Gives the rows that are new or open again. */
export async function addDeliveries(
  query: Query,
  { now, tell }: Dialect,
  owed: readonly OwedRow[],
): Promise<readonly Row[]> {
  // One statement must not change a row twice; the last command's word counts.
  const distinct = distinctRows(owed)
  const changed = await inParts(
    distinct.map(({ item, row }) => deliveryRow(item, row)),
    (part) =>
      query(
        `INSERT INTO delivery(item, target, lane, slot_key, slot, action, required, foreign_key, host, state, error, receipt, resign, due,
           changed)
         VALUES ${valuesOf(part, now, now)}
         ON CONFLICT (item, target, slot_key) DO UPDATE SET state = 'pending', due = excluded.due, lane = excluded.lane, slot = excluded.slot,
           action = excluded.action, required = excluded.required, foreign_key = excluded.foreign_key, resign = excluded.resign,
           host = excluded.host, holder = NULL, lease_until = NULL, attempts = 0, error = NULL, receipt = NULL, changed = excluded.changed
         WHERE excluded.state = 'pending' AND delivery.state IN (${OWED_AGAIN})
           AND NOT (delivery.target = '${INDEX}' AND delivery.state = 'done')
         RETURNING id, item, target, lane, slot_key, required, host, state, due, changed, attempts, error, receipt${tell}`,
        part.flat(),
      ),
  )
  if (changed.length === distinct.length) return changed
  const seen = new Set(
    changed.map((row) => rowKey(numberOf(row, 'item'), String(row['target']), String(row['slot_key']))),
  )
  // These rows stand as they were; what is required is for the last command to say.
  const stayed = distinct.filter(({ item, row }) => !seen.has(rowKey(item, row.target, row.slot.key)))
  await Promise.all(
    stayed.map(({ item, row }) =>
      query('UPDATE delivery SET required = $1 WHERE item = $2 AND target = $3 AND slot_key = $4 AND required <> $1', [
        row.required ? 1 : 0,
        item,
        row.target,
        row.slot.key,
      ]),
    ),
  )
  return changed
}

function deliveryRow(item: number, row: OwedRow['row']): SqlValue[] {
  return [
    item,
    row.target,
    row.lane,
    row.slot.key,
    JSON.stringify(row.slot),
    row.action,
    row.required ? 1 : 0,
    row.foreign ? 1 : 0,
    row.host ?? null,
    row.state,
    row.error === undefined ? null : JSON.stringify(row.error),
    row.receipt === undefined ? null : JSON.stringify(row.receipt),
    row.resign ? 1 : 0,
  ]
}
