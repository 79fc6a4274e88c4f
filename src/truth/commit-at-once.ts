/**
 * The usual commit, of runs and entries that nobody has committed yet, as one statement: over a network each answer costs more than what it
 * answers. For databases in which one statement may write several tables.
 */
import { entryId } from '../model/entry.ts'
import { termsOf } from '../provenance/terms.ts'
import { runOf } from '../store/seal.ts'
import { distinctRows, type OwedRow, runRow } from './commit-rows.ts'
import { bytesOfEntry, keptAbout } from './kept.ts'
import { deliveryOf, numberOf } from './rows.ts'
import { newSeals } from './seals.ts'
import type { Database, Row, SqlValue } from './sql.ts'
import { OPEN } from './states.ts'
import type { CommittedItem, NewItem } from './truth.ts'

/** SQLSTATE. */
const UNIQUE_VIOLATION = '23505'

/** More items than this go the longer way: the statement grows with each. */
const MOST_ITEMS = 8

const OWED_COLUMNS = `n int, target text, lane text, slot_key text, slot text, action text, required smallint, foreign_key smallint,
  host text, state text, error text, receipt text, resign smallint`
const OWED_NAMES =
  'target, lane, slot_key, slot, action, required, foreign_key, host, state, error, receipt, resign, due, changed'

/**
 * Undefined, and nothing written, where a run or an entry is there already, or was pruned: that takes more than one statement.
 *
 * @example (await commitAtOnce(db, items))?.get(item)?.seq
 */
export async function commitAtOnce(
  db: Database,
  items: readonly NewItem[],
): Promise<ReadonlyMap<NewItem, CommittedItem> | undefined> {
  const keys = new Set(items.map(({ uri, format }) => JSON.stringify([uri, format])))
  if (items.length === 0 || items.length > MOST_ITEMS || keys.size < items.length) return undefined
  if (items.some(({ resign }) => resign)) return undefined
  const owed = owedOf(items)
  const { text, values } = statementOf(db, items, owed)
  const rows = await db.queryOften(text, values).catch(noneIfTaken)
  if (rows.length === 0) return undefined
  const placed = Map.groupBy(rows, (row) => numberOf(row, 'n'))
  return new Map(items.map((item, n) => [item, committedOf(item, placed.get(n) ?? [])]))
}

/** Somebody committed the same at this moment: the statement has failed as a whole. */
function noneIfTaken(thrown: unknown): readonly Row[] {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION) return []
  throw thrown
}

function committedOf({ uri, format, about }: NewItem, rows: readonly Row[]): CommittedItem {
  const seq = numberOf(rows[0], 'seq')
  const whole = { seq, run_uid: runOf(about.artifact)?.uid, uri, format, entry_state: 'good' }
  const made = rows.filter((row) => row['id'] !== null).map((row) => deliveryOf({ ...row, ...whole }))
  return { seq, deliveries: made.toSorted((a, b) => a.id - b.id) }
}

/** Each row once; the item is its place in the list. */
function owedOf(items: readonly NewItem[]): readonly OwedRow[] {
  const numbers = new Map(items.map((item, n) => [item, n]))
  const rows = items.flatMap((item, n) => item.deliveries.map((row) => ({ item: n, row })))
  return distinctRows([...rows, ...newSeals(items, (item) => numbers.get(item) ?? Number.NaN)])
}

function statementOf(
  { dialect: { now, tell } }: Database,
  items: readonly NewItem[],
  owed: readonly OwedRow[],
): { readonly text: string; readonly values: readonly SqlValue[] } {
  const values: SqlValue[] = []
  const put = (value: SqlValue, type: string): string => `$${values.push(value)}::${type}`
  const runs = new Map(
    items
      .flatMap(({ about }) => runOf(about.artifact) ?? [])
      .toReversed()
      .map((run) => [run.uid, run]),
  )
  const uids = [...runs.keys()].sort()
  const keys = items.map(({ uri, format }) => ({ uri: put(uri, 'text'), format: put(format, 'text') }))
  const isTaken = (table: string, more: string): string =>
    `NOT EXISTS (SELECT 1 FROM ${table} WHERE (uri, format) IN (${keys.map(({ uri, format }) => `(${uri}, ${format})`).join(', ')})${more})`
  const free = [isTaken('entry', ` AND superseded_by IS NULL AND source <> 'imported'`), isTaken('tombstone', '')]
  const adopted = items.filter(({ source }) => source === 'adopted').map(({ entry }) => put(entryId(entry), 'text'))
  if (adopted.length > 0) {
    free.push(`NOT EXISTS (SELECT 1 FROM entry WHERE source = 'imported' AND id IN (${adopted.join(', ')}))`)
  }
  const parts: string[] = []
  if (uids.length > 0) {
    const names = uids.map((uid) => put(uid, 'text'))
    free.push(`NOT EXISTS (SELECT 1 FROM run WHERE uid IN (${names.join(', ')}))`)
    const rows = uids.map((uid, at) => {
      const about = items.find((item) => runOf(item.about.artifact)?.uid === uid)?.about
      const run = runs.get(uid)
      if (about === undefined || run === undefined) return ''
      const isOwed = owed.some(({ item, row }) => isOf(items[item], uid) && OPEN.some((state) => state === row.state))
      const [object, , ...rest] = runRow(run, isOwed ? (keptAbout(about).run ?? null) : null)
      return `SELECT ${[put(object ?? null, 'bytea'), names[at], ...rest.map((value) => put(value, 'text'))].join(', ')}, ${now}`
    })
    parts.push(
      `r AS (INSERT INTO run(object, uid, kind, namespace, name, cluster, created)
         SELECT v.* FROM (${rows.join(' UNION ALL ')}) v WHERE EXISTS (SELECT 1 FROM free) RETURNING uid)`,
    )
  }
  // The runs first, as every writer does: two that want the same ones wait for each other instead of blocking each other.
  const after = uids.length > 0 ? 'WHERE (SELECT count(*) FROM r) > 0' : 'WHERE EXISTS (SELECT 1 FROM free)'
  for (const [n, item] of items.entries()) {
    const run = runOf(item.about.artifact)
    const entry = [
      put(entryId(item.entry), 'text'),
      put(bytesOfEntry(item.entry), 'bytea'),
      put(JSON.stringify(item.keyids), 'json'),
      put(item.source, 'text'),
    ]
    const about = put(keptAbout(item.about, { run: false }).about, 'bytea')
    const terms = termsOf(item.entry, { keyids: item.keyids, runs: run === undefined ? [] : [run] })
    parts.push(
      `e${n} AS (INSERT INTO entry(uri, format, id, bytes, keyids, source, created)
         SELECT ${keys[n]?.uri}, ${keys[n]?.format}, ${entry.join(', ')}, ${now} ${n === 0 ? after : `WHERE EXISTS (SELECT 1 FROM e${n - 1})`} RETURNING seq)`,
      `i${n} AS (INSERT INTO item(seq, run_uid, about) SELECT seq, ${put(run?.uid ?? null, 'text')}, ${about} FROM e${n} RETURNING id, seq)`,
      `t${n} AS (INSERT INTO term(term, seq) SELECT t.value, e.seq FROM e${n} e, json_array_elements_text(${put(JSON.stringify(terms), 'json')}) AS t)`,
    )
  }
  parts.push(
    `placed AS (${items.map((_, n) => `SELECT ${n} AS n, seq, id FROM i${n}`).join(' UNION ALL ')})`,
    `d AS (INSERT INTO delivery(item, ${OWED_NAMES})
       SELECT placed.id, target, lane, slot_key, slot::json, action, required, foreign_key, host, state, error::json, receipt::json, resign, ${now}, ${now}
       FROM ROWS FROM (json_to_recordset(${put(JSON.stringify(owed.map(jsonOf)), 'json')}) AS (${OWED_COLUMNS})) WITH ORDINALITY AS v
       JOIN placed USING (n) ORDER BY v.ordinality
       RETURNING id, item, target, lane, slot_key, required, host, state, due, changed, attempts, error, receipt${tell})`,
  )
  const text = `WITH free AS MATERIALIZED (SELECT 1 WHERE ${free.join(' AND ')}), ${parts.join(', ')}
    SELECT placed.n, placed.seq, d.* FROM placed LEFT JOIN d ON d.item = placed.id`
  return { text, values }
}

function isOf(item: NewItem | undefined, uid: string): boolean {
  return item !== undefined && runOf(item.about.artifact)?.uid === uid
}

/** What is JSON itself is given as text: the list is read as texts, which cannot hold the character U+0000, and those may. */
function jsonOf({ item, row }: OwedRow) {
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))
  return {
    n: item,
    target: row.target,
    lane: row.lane.toWellFormed(),
    slot_key: row.slot.key.toWellFormed(),
    slot: json(row.slot),
    action: row.action,
    required: row.required ? 1 : 0,
    foreign_key: row.foreign ? 1 : 0,
    host: row.host ?? null,
    state: row.state,
    error: json(row.error),
    receipt: json(row.receipt),
    resign: row.resign ? 1 : 0,
  }
}
