/** What is owed, for people: list, count, retry, drop; and who is there to deliver it. */
import { DELIVERY_COLUMNS, DELIVERY_TABLES, deliveryOf, numberOf } from './rows.ts'
import { dropSeals, forgetObject } from './seals.ts'
import type { Database, SqlValue } from './sql.ts'
import { OPEN, type State, sqlList, statesBefore } from './states.ts'
import { type Backlog, type Delivery, type OutboxFilter, type Owed, SEAL, type Truth } from './truth.ts'

/** See Truth.list. */
export async function list(db: Database, filter: OutboxFilter): Promise<readonly Delivery[]> {
  const values: SqlValue[] = []
  const where: string[] = []
  const add = (value: SqlValue, condition: (parameter: string) => string): void => {
    values.push(value)
    where.push(condition(`$${values.length}`))
  }
  if (filter.states !== undefined) where.push(`d.state IN (${sqlList(filter.states)})`)
  if (filter.target !== undefined) add(filter.target, (p) => `d.target = ${p}`)
  if (filter.run !== undefined) add(filter.run, (p) => `i.run_uid = ${p}`)
  if (filter.since !== undefined) add(filter.since, (p) => `d.changed >= ${p}`)
  if (filter.quarantined === true) where.push("e.state = 'quarantined'")
  if (filter.after !== undefined) add(filter.after, (p) => `d.id > ${p}`)
  if (filter.ids !== undefined) add(JSON.stringify(filter.ids), (p) => `d.id IN ${db.dialect.numbers(p)}`)
  values.push(filter.limit ?? 1000)
  const rows = await db.query(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
     ORDER BY d.id ${filter.newest === true ? 'DESC' : 'ASC'} LIMIT $${values.length}`,
    values,
  )
  return rows.map(deliveryOf)
}

/** See Truth.count. */
export async function count(db: Database): ReturnType<Truth['count']> {
  const rows = await db.query(
    'SELECT target, state, count(*) AS n FROM delivery GROUP BY target, state ORDER BY target, state',
  )
  return rows.map((row) => ({
    target: String(row['target']),
    state: String(row['state']) as State,
    rows: numberOf(row, 'n'),
  }))
}

/** What is kept of the run went with its last open delivery: only another store brings it back. */
const WITHOUT_RUN =
  'EXISTS (SELECT 1 FROM item i JOIN run r ON r.uid = i.run_uid WHERE i.id = delivery.item AND r.object IS NULL)'

/** See Truth.retry. A row that is pending already is due at once. */
export async function retry(db: Database, ids: readonly number[]): Promise<readonly number[]> {
  const { now, numbers } = db.dialect
  const from = sqlList([...statesBefore('pending', 'operator'), 'pending'])
  const rows = await db.query(
    `UPDATE delivery SET state = 'pending', due = ${now}, attempts = 0, changed = ${now}
     WHERE id IN ${numbers('$1')} AND state IN (${from}) AND NOT (state = 'gone' AND ${WITHOUT_RUN}) RETURNING id`,
    [JSON.stringify(ids)],
  )
  return rows.map((row) => numberOf(row, 'id')).sort((a, b) => a - b)
}

/**
 * See Truth.drop. The mark of a run of which a required copy is given up will never come, and is given up with it. What is kept of a run goes
 * with its last open delivery.
 */
export function drop(db: Database, ids: readonly number[], who: string, reason: string): Promise<readonly number[]> {
  const { now, numbers, forUpdate } = db.dialect
  return db.transaction(async (query) => {
    const held = await query(
      `SELECT uid FROM run WHERE uid IN (SELECT i.run_uid FROM item i JOIN delivery d ON d.item = i.id WHERE d.id IN ${numbers('$1')})
       ORDER BY uid ${forUpdate}`,
      [JSON.stringify(ids)],
    )
    const rows = [
      ...(await query(
        `UPDATE delivery SET state = 'dropped', holder = NULL, lease_until = NULL, changed = ${now}
       WHERE id IN ${numbers('$1')} AND state IN (${sqlList(statesBefore('dropped', 'operator'))}) RETURNING id`,
        [JSON.stringify(ids)],
      )),
    ]
    for (const row of held) rows.push(...(await dropSeals(query, db.dialect, String(row['uid']))))
    const dropped = rows.map((row) => numberOf(row, 'id')).sort((a, b) => a - b)
    for (const id of dropped) {
      await query(`INSERT INTO decision(at, who, what, delivery, reason) VALUES (${now}, $1, 'drop', $2, $3)`, [
        who,
        id,
        reason,
      ])
    }
    for (const row of held) await forgetObject(query, String(row['uid']))
    return dropped
  })
}

/** See Truth.backlog. */
export async function backlog(db: Database): Promise<readonly Backlog[]> {
  const { now } = db.dialect
  const rows = await db.query(
    `SELECT CASE WHEN d.target = '${SEAL}' THEN d.slot_key ELSE d.target END AS target, CASE WHEN e.state = 'good' THEN d.state ELSE e.state END AS state,
       count(*) AS n, max(${now} - e.created) AS age
     FROM ${DELIVERY_TABLES} WHERE d.state IN (${sqlList(OPEN)}) GROUP BY 1, 2 ORDER BY 1, 2`,
  )
  return rows.map((row) => ({
    target: String(row['target']),
    state: String(row['state']) as Backlog['state'],
    rows: numberOf(row, 'n'),
    oldestMs: Math.max(0, numberOf(row, 'age')),
  }))
}

/** See Truth.owed. */
export async function owed({ query, dialect }: Database): Promise<Owed> {
  const [rows] = await query(`SELECT count(*) AS n FROM delivery WHERE state IN (${sqlList(OPEN)})`)
  const [bytes] = await query(
    `SELECT coalesce(sum(${dialect.length('bytes')}), 0) AS n FROM entry
     WHERE seq IN (SELECT i.seq FROM item i JOIN delivery d ON d.item = i.id WHERE d.state IN (${sqlList(OPEN)}))`,
  )
  return { rows: numberOf(rows, 'n'), bytes: numberOf(bytes, 'n') }
}
