/** The one write of a store: entries, items and everything that is owed, in one transaction. First commit wins. */
import { ProvError } from '../errors.ts'
import { entryId, holds } from '../model/entry.ts'
import { termsOf } from '../provenance/terms.ts'
import { prunedError } from '../store/ledger.ts'
import { runOf } from '../store/seal.ts'
import { commitAtOnce } from './commit-at-once.ts'
import { addDeliveries, addItems, addRuns, type PlacedItem } from './commit-rows.ts'
import { signatureSet } from './import.ts'
import { bytesOfEntry } from './kept.ts'
import { DELIVERY_COLUMNS, DELIVERY_TABLES, deliveryOf, keptOf, numberOf } from './rows.ts'
import { addSeals, forgetObject, newSeals, settleSeals } from './seals.ts'
import { type Database, type Dialect, inParts, type Query, type Row, valuesOf } from './sql.ts'
import { OPEN, sqlList, statesBefore } from './states.ts'
import { addTerms, writeTerms } from './terms.ts'
import { type Committed, type Delivery, type Kept, type NewItem, SEAL } from './truth.ts'

const STANDING = "superseded_by IS NULL AND source <> 'imported'"

/** Ends the transaction without a trace. */
class Lost extends Error {
  readonly first: readonly Kept[]
  constructor(first: readonly Kept[]) {
    super('another entry stands already')
    this.first = first
  }
}

/**
 * See Truth.commit. In steps where one statement is not enough, or the database does not take it. Statements that do not need each other's answers are given together: over a network each answer costs more than what it
 * answers.
 */
export async function commit(db: Database, items: readonly NewItem[]): Promise<Committed> {
  const { dialect } = db
  // Always in one order, so that two writers of the same artifacts wait for each other instead of blocking each other.
  const order = items.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)))
  if (dialect.takesSeveral) {
    const made = await commitAtOnce(db, order)
    if (made !== undefined) return { items: items.map((item) => made.get(item) ?? unknown(item)) }
  }
  try {
    return await db.transaction(async (query) => {
      const [runs, entries] = await Promise.all([addRuns(query, dialect, items), addEntries(query, dialect, order)])
      const first = order.flatMap((item) => entries.get(item)?.stands ?? [])
      if (first.length > 0) throw new Lost(first)
      const placed = await addItems(query, order, (item) => entries.get(item)?.seq ?? unknown(item))
      const placeIn = (item: NewItem): PlacedItem => placed.get(item) ?? unknown(item)
      const idOf = (item: NewItem): number => placeIn(item).id
      const isKnown = ({ about }: NewItem): boolean => runs.get(runOf(about.artifact)?.uid ?? '') === 'known'
      const [ofKnown, others] = [order.filter(isKnown), order.filter((item) => !isKnown(item))]
      const owed = order.flatMap((item) => item.deliveries.map((row) => ({ item: idOf(item), row })))
      const [added] = await Promise.all([
        addDeliveries(query, dialect, [...owed, ...newSeals(others, idOf)]),
        ...termsFor(query, dialect, order, entries, placeIn),
      ])
      // Of what is new everything is known by now; of the rest the rows have to be read, after the marks have changed.
      const rest = items.filter((item) => isKnown(item) || !placeIn(item).isNew)
      const open = openRuns(added, [...placed.values()])
      const changes = [
        ...addSeals(query, dialect, ofKnown, idOf),
        ...[...runs].flatMap(([uid, is]) => (is === 'known' ? [settleSeals(query, dialect, uid)] : [])),
        ...[...runs.keys()].filter((uid) => !open.has(uid)).map((uid) => forgetObject(query, uid)),
      ]
      const [read] = await Promise.all([rowsOf(query, dialect, [...new Set(rest.map(idOf))]), ...changes])
      const made = Map.groupBy(added, (row) => numberOf(row, 'item'))
      return {
        items: items.map((item) => {
          const { id, seq, run } = placeIn(item)
          const whole = { seq, run_uid: run, uri: item.uri, format: item.format, entry_state: 'good' }
          const own = made.get(id)?.map((row) => deliveryOf({ ...row, ...whole })) ?? []
          return { seq, deliveries: read.get(id) ?? own.toSorted((a, b) => a.id - b.id) }
        }),
      }
    })
  } catch (thrown) {
    if (thrown instanceof Lost) return { first: thrown.first }
    throw thrown
  }
}

/** Adds the search terms of what is new: of a new entry from what is at hand, of one that stands, or takes the place of another, from the tables. */
function termsFor(
  query: Query,
  dialect: Dialect,
  items: readonly NewItem[],
  entries: ReadonlyMap<NewItem, Placed>,
  placeIn: (item: NewItem) => PlacedItem,
): readonly Promise<void>[] {
  const again = new Set<number>()
  const added = items.flatMap((item) => {
    const { seq, isNew } = placeIn(item)
    const run = runOf(item.about.artifact)
    if (entries.get(item)?.isFresh === true) {
      const runs = run === undefined ? [] : [run]
      return [addTerms(query, dialect, seq, termsOf(item.entry, { keyids: item.keyids, runs }))]
    }
    if (isNew) again.add(seq)
    return []
  })
  return again.size === 0 ? added : [...added, writeTerms(query, dialect, [...again])]
}

/** Runs of which one of these rows is open. */
function openRuns(rows: readonly Row[], placed: readonly PlacedItem[]): ReadonlySet<string> {
  const runs = new Map(placed.map(({ id, run }) => [id, run]))
  const open = rows.filter((row) => OPEN.some((state) => state === row['state']))
  return new Set(open.flatMap((row) => runs.get(numberOf(row, 'item')) ?? []))
}

/** See Truth.find. */
export async function find(query: Query, uri: string, format: string): Promise<Kept | undefined> {
  const [row] = await query(
    `SELECT seq, uri, format, id, state, bytes FROM entry WHERE uri = $1 AND format = $2 AND ${STANDING}`,
    [uri, format],
  )
  return row === undefined ? undefined : keptOf(row)
}

function keyOf({ uri, format }: Pick<NewItem, 'uri' | 'format'>): string {
  return `${uri} ${format}`
}

function unknown({ uri }: NewItem): never {
  throw new ProvError('internal', `no row for ${uri}`)
}

/** The number of an item's entry, or the entry that stands in its stead. */
type Placed =
  | { readonly seq: number; readonly isFresh?: true; readonly stands?: never }
  | { readonly stands: Kept; readonly seq?: never; readonly isFresh?: never }

async function addEntries(
  query: Query,
  dialect: Dialect,
  items: readonly NewItem[],
): Promise<ReadonlyMap<NewItem, Placed>> {
  const placed = new Map<NewItem, Placed>()
  for (const item of items) {
    if (item.resign) placed.set(item, await addResigned(query, dialect, item))
  }
  const fresh = new Map<string, NewItem>()
  for (const item of items) if (!item.resign && !fresh.has(keyOf(item))) fresh.set(keyOf(item), item)
  // What was imported stands from now on, and is not inserted again.
  for (const item of fresh.values()) if (item.source === 'adopted') await adoptImported(query, item)
  for (const row of await insertEntries(query, dialect, [...fresh.values()])) {
    const item = fresh.get(keyOf({ uri: String(row['uri']), format: String(row['format']) }))
    if (item === undefined) continue
    if (item.source === 'signed' && Number(row['pruned']) > 0) throw prunedError(item.uri)
    placed.set(item, { seq: numberOf(row, 'seq'), isFresh: true })
  }
  for (const item of items) if (!placed.has(item)) placed.set(item, await placeOf(query, dialect, item))
  return placed
}

/** An entry that was imported, with these very signatures, becomes the one that stands, where none does. */
async function adoptImported(query: Query, { uri, format, entry }: NewItem): Promise<void> {
  await query(
    `UPDATE entry SET source = 'adopted', uri = $1, format = $2 WHERE seq = (
       SELECT min(seq) FROM entry WHERE source = 'imported' AND id = $3 AND signatures = $4 AND superseded_by IS NULL AND state = 'good')
     AND NOT EXISTS (SELECT 1 FROM entry o WHERE o.uri = $1 AND o.format = $2 AND o.superseded_by IS NULL AND o.source <> 'imported')`,
    [uri, format, entryId(entry), signatureSet(entry)],
  )
}

/** Gives those that were not there, with the number of tombstones of the same name. */
async function insertEntries(query: Query, dialect: Dialect, items: readonly NewItem[]) {
  const rows = items.map((item) => [
    item.uri,
    item.format,
    entryId(item.entry),
    bytesOfEntry(item.entry),
    JSON.stringify(item.keyids),
    item.source,
  ])
  return inParts(rows, (part) =>
    query(
      `INSERT INTO entry(uri, format, id, bytes, keyids, source, created) VALUES ${valuesOf(part, dialect.now)}
       ON CONFLICT (uri, format) WHERE ${STANDING} DO NOTHING
       RETURNING seq, uri, format, (SELECT count(*) FROM tombstone t WHERE t.uri = entry.uri AND t.format = entry.format) AS pruned`,
      part.flat(),
    ),
  )
}

/** The entry that was not inserted: because the same one stands, or another. */
async function placeOf(query: Query, dialect: Dialect, item: NewItem): Promise<Placed> {
  const stands = await standing(query, dialect, item)
  if (stands === undefined) throw new ProvError('conflict', 'another writer changed this entry at the same time')
  return isSame(stands, item) ? { seq: stands.seq } : { stands }
}

async function addResigned(query: Query, dialect: Dialect, item: NewItem): Promise<Placed> {
  const old = await standing(query, dialect, item)
  if (old !== undefined && !isSame(old, item)) {
    // A row that stands for itself stands for nobody: this makes room until the new number is known.
    await query('UPDATE entry SET superseded_by = seq WHERE seq = $1', [old.seq])
  }
  const [row] = await insertEntries(query, dialect, [item])
  if (row === undefined) return placeOf(query, dialect, item)
  const seq = numberOf(row, 'seq')
  if (old !== undefined) await supersede(query, dialect, old.seq, seq)
  return { seq }
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
  await query('DELETE FROM term WHERE seq = $1', [old])
  await query(
    `UPDATE delivery SET state = 'superseded', holder = NULL, lease_until = NULL, changed = ${now}
     WHERE state IN (${sqlList(statesBefore('superseded', 'store'))}) AND target <> '${SEAL}'
       AND item IN (SELECT id FROM item WHERE seq = $1)`,
    [old],
  )
}

/** All rows of these items, by item. */
async function rowsOf(
  query: Query,
  { numbers }: Dialect,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly Delivery[]>> {
  if (ids.length === 0) return new Map()
  const rows = await query(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.item IN ${numbers('$1')} ORDER BY d.id`,
    [JSON.stringify(ids)],
  )
  const groups = Map.groupBy(rows, (row) => numberOf(row, 'item'))
  return new Map([...groups].map(([item, own]) => [item, own.map(deliveryOf)]))
}
