/** The one write of a store: entries, items and everything that is owed, in one transaction. First commit wins. */
import { ProvError } from '../errors.ts'
import type { RunArtifact } from '../model/artifact.ts'
import { entryId, holds } from '../model/entry.ts'
import { prunedError } from '../store/ledger.ts'
import { runOf } from '../store/seal.ts'
import { bytesOfEntry, keptAbout } from './kept.ts'
import { pruned } from './prune.ts'
import { DELIVERY_COLUMNS, DELIVERY_TABLES, deliveryOf, keptOf, numberOf } from './rows.ts'
import type { Database, Dialect, Query } from './sql.ts'
import { OPEN, SETTLED, sqlList, statesBefore } from './states.ts'
import {
  type Committed,
  type CommittedItem,
  type Delivery,
  type Kept,
  type NewDelivery,
  type NewItem,
  SEAL,
} from './truth.ts'

const STANDING = "superseded_by IS NULL AND source <> 'imported'"

/** Ends the transaction without a trace. */
class Lost extends Error {
  readonly first: readonly Kept[]
  constructor(first: readonly Kept[]) {
    super('another entry stands already')
    this.first = first
  }
}

/** See Truth.commit. */
export async function commit(db: Database, items: readonly NewItem[]): Promise<Committed> {
  try {
    return await db.transaction(async (query) => {
      const runs = await addRuns(query, db.dialect, items)
      const first: Kept[] = []
      const added: { readonly seq: number; readonly id: number }[] = []
      // Always in one order, so that two writers of the same artifacts wait for each other instead of blocking each other.
      const order = items.map((item, at) => ({ item, at })).sort((a, b) => keyOf(a.item).localeCompare(keyOf(b.item)))
      for (const { item, at } of order) {
        const seq = await addEntry(query, db.dialect, item)
        if (typeof seq !== 'number') first.push(seq)
        else added[at] = { seq, id: await addItem(query, db.dialect, item, seq) }
      }
      if (first.length > 0) throw new Lost(first)
      for (const uid of runs) {
        await settleSeals(query, db.dialect, uid)
        await forgetObject(query, uid)
      }
      if (db.dialect.notify !== undefined) await query(db.dialect.notify)
      const done: CommittedItem[] = []
      for (const { seq, id } of added) done.push({ seq, deliveries: await rowsOf(query, id) })
      return { items: done }
    })
  } catch (thrown) {
    if (thrown instanceof Lost) return { first: thrown.first }
    throw thrown
  }
}

/** See Truth.find. */
export async function find(query: Query, uri: string, format: string): Promise<Kept | undefined> {
  const [row] = await query(
    `SELECT seq, uri, format, id, state, bytes FROM entry WHERE uri = $1 AND format = $2 AND ${STANDING}`,
    [uri, format],
  )
  return row === undefined ? undefined : keptOf(row)
}

function keyOf({ uri, format }: NewItem): string {
  return `${uri} ${format}`
}

/** Adds the runs, and holds them until the end of the transaction: whoever settles a copy of theirs waits. */
async function addRuns(query: Query, { now }: Dialect, items: readonly NewItem[]): Promise<readonly string[]> {
  const runs = new Map<string, { readonly run: RunArtifact; readonly object: Uint8Array | null }>()
  for (const { about } of items) {
    const run = runOf(about.artifact)
    if (run !== undefined && !runs.has(run.uid)) runs.set(run.uid, { run, object: keptAbout(about).run ?? null })
  }
  const uids = [...runs.keys()].sort()
  for (const uid of uids) {
    const { run, object } = runs.get(uid) ?? unknown(uid)
    await query(
      `INSERT INTO run(uid, kind, namespace, name, cluster, object, created) VALUES ($1, $2, $3, $4, $5, $6, ${now})
       ON CONFLICT (uid) DO UPDATE SET object = excluded.object`,
      [uid, run.kind, run.namespace, run.name, run.source?.cluster?.server ?? null, object],
    )
  }
  return uids
}

function unknown(uid: string): never {
  throw new ProvError('internal', `no run ${uid}`)
}

/** The entry's number, or the entry that stands in its stead. */
async function addEntry(query: Query, dialect: Dialect, item: NewItem): Promise<number | Kept> {
  const old = item.resign ? await standing(query, dialect, item) : undefined
  if (old !== undefined && !isSame(old, item)) {
    // A row that stands for itself stands for nobody: this makes room until the new number is known.
    await query('UPDATE entry SET superseded_by = seq WHERE seq = $1', [old.seq])
  }
  const [row] = await query(
    `INSERT INTO entry(uri, format, id, bytes, keyids, source, created) VALUES ($1, $2, $3, $4, $5, $6, ${dialect.now})
     ON CONFLICT (uri, format) WHERE ${STANDING} DO NOTHING RETURNING seq`,
    [item.uri, item.format, entryId(item.entry), bytesOfEntry(item.entry), JSON.stringify(item.keyids), item.source],
  )
  if (row === undefined) {
    const stands = await standing(query, dialect, item)
    if (stands === undefined) throw new ProvError('conflict', 'another writer changed this entry at the same time')
    return isSame(stands, item) ? stands.seq : stands
  }
  if (item.source === 'signed' && !item.resign) await refusePruned(query, item)
  const seq = numberOf(row, 'seq')
  if (old !== undefined) await supersede(query, dialect, old.seq, seq)
  return seq
}

async function refusePruned(query: Query, { uri, format }: NewItem): Promise<void> {
  if ((await pruned(query, uri, format)) !== undefined) throw prunedError(uri)
}

async function standing(query: Query, { forUpdate }: Dialect, { uri, format }: NewItem): Promise<Kept | undefined> {
  const [row] = await query(
    `SELECT seq, uri, format, id, state, bytes FROM entry WHERE uri = $1 AND format = $2 AND ${STANDING} ${forUpdate}`,
    [uri, format],
  )
  return row === undefined ? undefined : keptOf(row)
}

function isSame({ entry }: Kept, item: NewItem): boolean {
  return holds(entry, item.entry) && holds(item.entry, entry)
}

async function supersede(query: Query, { now }: Dialect, old: number, seq: number): Promise<void> {
  await query('UPDATE entry SET superseded_by = $1 WHERE seq = $2', [seq, old])
  await query(
    `UPDATE delivery SET state = 'superseded', holder = NULL, lease_until = NULL, changed = ${now}
     WHERE state IN (${sqlList(statesBefore('superseded', 'store'))}) AND target <> '${SEAL}'
       AND item IN (SELECT id FROM item WHERE seq = $1)`,
    [old],
  )
}

async function addItem(query: Query, dialect: Dialect, item: NewItem, seq: number): Promise<number> {
  const run = runOf(item.about.artifact)?.uid ?? null
  const [made] = await query(
    'INSERT INTO item(seq, run_uid, about) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id',
    [seq, run, keptAbout(item.about).about],
  )
  const [stood] =
    made === undefined
      ? await query('SELECT id FROM item WHERE seq = $1 AND run_uid IS NOT DISTINCT FROM $2', [seq, run])
      : [made]
  const id = numberOf(stood, 'id')
  for (const delivery of item.deliveries) await addDelivery(query, dialect, id, delivery)
  for (const seal of item.seals) await addSeal(query, dialect, id, seal)
  return id
}

async function rowsOf(query: Query, item: number): Promise<readonly Delivery[]> {
  const rows = await query(`SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.item = $1 ORDER BY d.id`, [item])
  return rows.map(deliveryOf)
}

const OWED_AGAIN = sqlList(statesBefore('pending', 'store').filter((state) => state !== 'waiting'))

async function addDelivery(query: Query, { now }: Dialect, item: number, row: NewDelivery): Promise<void> {
  const rows = await query(
    `INSERT INTO delivery(item, target, lane, slot_key, slot, action, required, foreign_key, host, state, due, error, receipt, changed,
       resign)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ${now}, $11, $12, ${now}, $13)
     ON CONFLICT (item, target, slot_key) DO UPDATE SET state = 'pending', due = excluded.due, lane = excluded.lane, slot = excluded.slot,
       action = excluded.action, required = excluded.required, foreign_key = excluded.foreign_key, resign = excluded.resign, host = excluded.host,
       holder = NULL, lease_until = NULL, attempts = 0, error = NULL, receipt = NULL, changed = excluded.changed
     WHERE excluded.state = 'pending' AND delivery.state IN (${OWED_AGAIN}) RETURNING id`,
    [
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
    ],
  )
  if (rows.length > 0) return
  // The row stands as it was; what is required is for the last command to say.
  await query(
    'UPDATE delivery SET required = $1 WHERE item = $2 AND target = $3 AND slot_key = $4 AND required <> $1',
    [row.required ? 1 : 0, item, row.target, row.slot.key],
  )
}

/** One mark a run and backend, whichever of its items brings it. */
async function addSeal(
  query: Query,
  { now }: Dialect,
  item: number,
  { backend, host }: NewItem['seals'][number],
): Promise<void> {
  const slot = JSON.stringify({ backend, key: backend, kind: 'dsse', holds: 'one', address: {} })
  await query(
    `INSERT INTO delivery(item, target, lane, slot_key, slot, action, required, foreign_key, resign, host, state, due, changed)
     SELECT $1, '${SEAL}', $2, $3, $4, 'write', 0, 0, 0, $5, 'waiting', ${now}, ${now}
     WHERE NOT EXISTS (SELECT 1 FROM delivery d JOIN item i ON i.id = d.item
       WHERE i.run_uid = (SELECT run_uid FROM item WHERE id = $6) AND d.target = '${SEAL}' AND d.slot_key = $7)`,
    [item, `${SEAL}/${backend}`, backend, slot, host ?? null, item, backend],
  )
}

/** True in SQL while a required copy of the run ($1) is not done. */
const OWES = `EXISTS (SELECT 1 FROM delivery o JOIN item oi ON oi.id = o.item
  WHERE oi.run_uid = $1 AND o.required = 1 AND o.target <> '${SEAL}' AND o.state NOT IN (${sqlList(SETTLED)}))`
const SEALS = `target = '${SEAL}' AND item IN (SELECT id FROM item WHERE run_uid = $1)`

/** The marks of a run that owes a copy again wait again; those of a run that owes none are released. */
async function settleSeals(query: Query, dialect: Dialect, run: string): Promise<void> {
  await query(
    `UPDATE delivery SET state = 'waiting', holder = NULL, lease_until = NULL, changed = ${dialect.now}
     WHERE ${SEALS} AND state IN (${sqlList(statesBefore('waiting', 'store'))}) AND ${OWES}`,
    [run],
  )
  await releaseSeals(query, dialect, run)
}

/**
 * What is kept of a run goes once none of its deliveries is open: nobody needs it any more, and a copy that is to be delivered again comes with a
 * new one. The run's row has to be held.
 */
export async function forgetObject(query: Query, run: string): Promise<void> {
  await query(
    `UPDATE run SET object = NULL WHERE uid = $1 AND object IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery d JOIN item i ON i.id = d.item
       WHERE i.run_uid = $1 AND d.state IN (${sqlList(OPEN)}))`,
    [run],
  )
}

/** Marks of a run that owes no required copy any more become pending. The run's row has to be held. */
export async function releaseSeals(query: Query, { now }: Dialect, run: string): Promise<void> {
  await query(
    `UPDATE delivery SET state = 'pending', due = ${now}, attempts = 0, changed = ${now}
     WHERE ${SEALS} AND state = 'waiting' AND NOT ${OWES}`,
    [run],
  )
}
