/** Claim, renew and settle: who may deliver a row, for how long, and what became of it. A stale holder settles nothing. */

import { LONGEST_LEASE_MS, LONGEST_WAIT_MS } from './due.ts'
import { claimedOf, DELIVERY_COLUMNS, DELIVERY_TABLES, numberOf, textOf } from './rows.ts'
import { forgetObject, OWES_OF, releaseSeals } from './seals.ts'
import type { Database, Dialect, Query, SqlValue } from './sql.ts'
import { type Claim, type Claimed, type Outcome, SEAL, type Wanted } from './truth.ts'

/** No fence and no count of tries comes so far by itself: such a row was changed by hand, and could not be counted on. */
const MOST = 2 ** 52

/**
 * Pending at all: of an entry that stands and that nobody doubts; a mark as signed only where no required copy is owed, whatever its state says.
 */
export const IS_OWED = `d.state = 'pending' AND e.state = 'good' AND e.superseded_by IS NULL AND d.fence < ${MOST} AND d.attempts < ${MOST}
   AND (d.target <> '${SEAL}' OR NOT ${OWES_OF('i.run_uid')})`

/** Due, and held by nobody. What lies further ahead than prov ever plans was written by a clock that has been set back. */
export function isDue({ now }: Dialect): string {
  return `${IS_OWED} AND (d.due <= ${now} OR d.due > ${now} + ${LONGEST_WAIT_MS * 2})
   AND (d.lease_until IS NULL OR d.lease_until < ${now} OR d.lease_until > ${now} + ${LONGEST_LEASE_MS * 2})`
}

/** See Truth.claim. */
export function claim(db: Database, wanted: Wanted): Promise<readonly Claimed[]> {
  const { dialect } = db
  return db.transaction(async (query) => {
    const only = wanted.only === undefined ? '' : `AND d.id IN ${dialect.numbers('$7')}`
    const values: SqlValue[] = [
      wanted.lane,
      wanted.host,
      wanted.limit,
      wanted.holder,
      Math.min(Math.round(wanted.leaseMs), LONGEST_LEASE_MS),
      JSON.stringify(wanted.without ?? []),
    ]
    if (wanted.only !== undefined) values.push(JSON.stringify(wanted.only))
    const targets = JSON.stringify(wanted.targets)
    values.push(targets, targets)
    const [first, second] = [values.length - 1, values.length]
    const claimed = await query(
      `WITH due AS MATERIALIZED (SELECT d.id FROM ${DELIVERY_TABLES}
         WHERE d.lane = $1 AND (d.host IS NULL OR d.host = $2) AND ${isDue(dialect)}
           AND i.seq NOT IN ${dialect.numbers('$6')} ${only}
           AND (d.target IN ${dialect.texts(`$${first}`)} OR (d.target = '${SEAL}' AND d.slot_key IN ${dialect.texts(`$${second}`)}))
         ORDER BY d.due, d.id LIMIT $3 ${dialect.skipLocked})
       UPDATE delivery SET holder = $4, lease_until = ${dialect.now} + $5, fence = fence + 1, attempts = attempts + 1
       WHERE id IN (SELECT id FROM due) RETURNING id`,
      values,
    )
    return claimed.length === 0
      ? []
      : whole(
          query,
          dialect,
          claimed.map((row) => numberOf(row, 'id')),
        )
  })
}

async function whole(query: Query, dialect: Dialect, ids: readonly number[]): Promise<readonly Claimed[]> {
  const rows = await query(
    `SELECT ${DELIVERY_COLUMNS}, e.bytes, e.keyids, i.about, r.object FROM ${DELIVERY_TABLES} LEFT JOIN run r ON r.uid = i.run_uid
     WHERE d.id IN ${dialect.numbers('$1')} ORDER BY d.due, d.id`,
    [JSON.stringify(ids)],
  )
  return rows.map(claimedOf)
}

/** See Truth.inspect. */
export function inspect({ query, dialect }: Database, ids: readonly number[]): Promise<readonly Claimed[]> {
  return whole(query, dialect, ids)
}

const HOLDS = "id = $1 AND fence = $2 AND holder = $3 AND item = $4 AND slot_key = $5 AND state = 'pending'"
const heldBy = ({ id, fence, holder, item, slotKey }: Claim): SqlValue[] => [id, fence, holder, item, slotKey]

/** See Truth.renew. */
export function renew(db: Database, claims: readonly Claim[], leaseMs: number): Promise<readonly number[]> {
  const lease = Math.min(Math.round(leaseMs), LONGEST_LEASE_MS)
  return db.transaction(async (query) => {
    const held: number[] = []
    for (const one of [...claims].sort((a, b) => a.id - b.id)) {
      const rows = await query(`UPDATE delivery SET lease_until = ${db.dialect.now} + $6 WHERE ${HOLDS} RETURNING id`, [
        ...heldBy(one),
        lease,
      ])
      if (rows.length > 0) held.push(one.id)
    }
    return held
  })
}

/** See Truth.settle. */
export function settle(db: Database, one: Claim, outcome: Outcome): Promise<boolean> {
  const { dialect } = db
  return db.transaction(async (query) => {
    // The run first: two that settle its last two copies at once must see each other, or nobody releases the mark.
    const held = isFinal(outcome) ? holdRun(query, dialect, one.item) : undefined
    const [run, settled] = await Promise.all([held, change(query, dialect, one, outcome)])
    if (settled && run !== undefined) {
      await Promise.all([releaseSeals(query, dialect, run), forgetObject(query, run)])
    }
    return settled
  })
}

function isFinal({ state }: Outcome): boolean {
  return state === 'done' || state === 'gone'
}

async function holdRun(query: Query, { forUpdate }: Dialect, item: number): Promise<string | undefined> {
  const [row] = await query(`SELECT uid FROM run WHERE uid = (SELECT run_uid FROM item WHERE id = $1) ${forUpdate}`, [
    item,
  ])
  return row === undefined ? undefined : textOf(row, 'uid')
}

async function change(query: Query, { now }: Dialect, one: Claim, outcome: Outcome): Promise<boolean> {
  const free = `holder = NULL, lease_until = NULL, changed = ${now}`
  const values = heldBy(one)
  let set: string
  if (outcome.state === 'done') {
    values.push(JSON.stringify(outcome.receipt))
    set = "state = 'done', receipt = $6, error = NULL"
  } else if (outcome.state === 'pending') {
    values.push(
      Math.min(Math.max(Math.round(outcome.afterMs), 0), LONGEST_WAIT_MS),
      outcome.error === undefined ? null : JSON.stringify(outcome.error),
    )
    set = `due = ${now} + $6, error = coalesce($7, error)${outcome.untried === true ? ', attempts = attempts - 1' : ''}`
  } else {
    values.push(JSON.stringify(outcome.error))
    set = `state = '${outcome.state}', error = $6`
  }
  const rows = await query(`UPDATE delivery SET ${set}, ${free} WHERE ${HOLDS} RETURNING id`, values)
  return rows.length > 0
}
