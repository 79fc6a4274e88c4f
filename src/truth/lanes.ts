/** Lanes: deliveries that fail together. Failures and pauses are shared by all workers, so a dead backend costs one probe, not one try a row. */
import type { ErrorJson } from '../errors.ts'
import { IS_OWED, isDue } from './deliveries.ts'
import { LANE_FAILURES, LONGEST_PAUSE_MS, LONGEST_WAIT_MS, pauseAfter } from './due.ts'
import { DELIVERY_TABLES, numberOf } from './rows.ts'
import type { Database, Query } from './sql.ts'
import { type Lane, type NextWanted, SEAL } from './truth.ts'

/** A pause that ends later than prov ever plans was written by a clock that has been set back. */
const LONGEST_MS = Math.max(LONGEST_PAUSE_MS, LONGEST_WAIT_MS) * 2

/** Of so many hosts some are always dead; the others come next. */
const MOST_LANES = 200

/** See Truth.lanes. */
export async function lanes(db: Database, targets: readonly string[], host: string): Promise<readonly Lane[]> {
  const { now, texts } = db.dialect
  const rows = await db.query(
    `SELECT d.lane, d.target, coalesce(max(l.failures), 0) AS failures, coalesce(max(l.paused_until), 0) - ${now} AS pause
     FROM ${DELIVERY_TABLES} LEFT JOIN lane l ON l.lane = d.lane
     WHERE ${isDue(db.dialect)} AND (d.host IS NULL OR d.host = $1)
       AND (d.target IN ${texts('$2')} OR (d.target = '${SEAL}' AND d.slot_key IN ${texts('$3')}))
     GROUP BY d.lane, d.target ORDER BY CASE WHEN coalesce(max(l.paused_until), 0) > ${now} THEN 1 ELSE 0 END, min(d.due), d.lane LIMIT ${MOST_LANES}`,
    [host, JSON.stringify(targets), JSON.stringify(targets)],
  )
  return rows.map((row) => ({
    lane: String(row['lane']),
    target: String(row['target']),
    failures: numberOf(row, 'failures'),
    pausedMs: paused(numberOf(row, 'pause')),
  }))
}

/** See Truth.pausedLanes. */
export async function pausedLanes({ query, dialect }: Database): Promise<readonly string[]> {
  const rows = await query(
    `SELECT lane FROM lane WHERE paused_until > ${dialect.now} AND paused_until <= ${dialect.now} + ${LONGEST_MS} ORDER BY lane`,
  )
  return rows.map((row) => String(row['lane']))
}

/** See Truth.nextDue. */
export async function nextDue(db: Database, wanted: NextWanted): Promise<number | undefined> {
  const { now, texts, numbers } = db.dialect
  const { targets, host, tries, without, withoutLanes } = wanted
  const claimable = 'CASE WHEN d.lease_until IS NULL OR d.due > d.lease_until THEN d.due ELSE d.lease_until END'
  const [row] = await db.query(
    `SELECT min(${claimable}) - ${now} AS ms FROM ${DELIVERY_TABLES}
     WHERE ${IS_OWED} AND d.attempts < $1 AND (d.host IS NULL OR d.host = $2)
       AND (d.target IN ${texts('$3')} OR (d.target = '${SEAL}' AND d.slot_key IN ${texts('$4')}))
       AND i.seq NOT IN ${numbers('$5')} AND d.lane NOT IN ${texts('$6')}`,
    [
      tries,
      host,
      JSON.stringify(targets),
      JSON.stringify(targets),
      JSON.stringify(without),
      JSON.stringify(withoutLanes),
    ],
  )
  const ms = row?.['ms']
  return ms === null || ms === undefined ? undefined : Math.max(0, Number(ms))
}

function paused(ms: number): number {
  return ms > 0 && ms <= LONGEST_MS ? ms : 0
}

/** Rows that failed together pause a lane that did not, and lengthen the pause of one that did by one step alone. */
const MORE = `CASE WHEN lane.failures >= ${LANE_FAILURES} THEN lane.failures + 1
  WHEN lane.failures + $3 > ${LANE_FAILURES} THEN ${LANE_FAILURES} ELSE lane.failures + $3 END`

/** See Truth.laneFailed. */
export function laneFailed(
  db: Database,
  lane: string,
  error: ErrorJson,
  chance: number,
  rows: number,
): Promise<number> {
  const { now } = db.dialect
  return db.transaction(async (query) => {
    const [row] = await query(
      `INSERT INTO lane(lane, failures, reason, changed) VALUES ($1, $3, $2, ${now})
       ON CONFLICT (lane) DO UPDATE SET failures = ${MORE}, reason = excluded.reason, changed = excluded.changed
       RETURNING failures`,
      [lane, JSON.stringify(error), Math.min(rows, LANE_FAILURES)],
    )
    const pause = pauseAfter(numberOf(row, 'failures'), { chance, retryAfterMs: error.retryAfterMs })
    if (pause > 0) await query(`UPDATE lane SET paused_until = ${now} + $1 WHERE lane = $2`, [pause, lane])
    return pause
  })
}

/** See Truth.laneWell. Mostly there is nothing to change, and a look keeps no other writer waiting. */
export async function laneWell(db: Database, lane: string): Promise<void> {
  const isIll = 'lane = $1 AND (failures > 0 OR paused_until IS NOT NULL)'
  if ((await db.query(`SELECT lane FROM lane WHERE ${isIll}`, [lane])).length === 0) return
  await db.query(
    `UPDATE lane SET failures = 0, paused_until = NULL, reason = NULL, changed = ${db.dialect.now} WHERE ${isIll}`,
    [lane],
  )
}

/** See Truth.laneOpen. Only leave for a probe is written down: then it is looked at once more, so that one worker alone is given it. */
export async function laneOpen(db: Database, lane: string, leaseMs: number): Promise<'open' | 'probe' | 'paused'> {
  const { now, forUpdate } = db.dialect
  const look = async (query: Query, lock = ''): Promise<'open' | 'probe' | 'paused'> => {
    const [row] = await query(
      `SELECT failures, coalesce(paused_until, 0) - ${now} AS pause FROM lane WHERE lane = $1 ${lock}`,
      [lane],
    )
    if (row === undefined) return 'open'
    if (paused(numberOf(row, 'pause')) > 0) return 'paused'
    return numberOf(row, 'failures') < LANE_FAILURES ? 'open' : 'probe'
  }
  const seen = await look(db.query)
  if (seen !== 'probe') return seen
  return db.transaction(async (query) => {
    const found = await look(query, forUpdate)
    const length = Math.min(Math.round(leaseMs), LONGEST_WAIT_MS)
    if (found === 'probe') await query(`UPDATE lane SET paused_until = ${now} + $1 WHERE lane = $2`, [length, lane])
    return found
  })
}
