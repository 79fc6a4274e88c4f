/** Marks as signed: they wait for every required copy of their run. And what is kept of a run, which goes with its last delivery. */
import type { Slot } from '../backend/backend.ts'
import { runOf } from '../store/seal.ts'
import type { OwedRow } from './commit-rows.ts'
import type { Dialect, Query, Row } from './sql.ts'
import { OPEN, SETTLED, sqlList, statesBefore } from './states.ts'
import { type NewItem, SEAL } from './truth.ts'

interface Mark {
  readonly item: NewItem
  readonly run: string | undefined
  readonly backend: string
  readonly host?: string
}

/** One mark a run and backend, whichever of its items brings it. */
function marksOf(items: readonly NewItem[]): readonly Mark[] {
  const all = items.flatMap((item) =>
    item.seals.map((seal) => ({ item, run: runOf(item.about.artifact)?.uid, ...seal })),
  )
  const first = new Map(all.toReversed().map((one) => [JSON.stringify([one.run, one.backend]), one]))
  return [...first.values()].toReversed()
}

/** The marks of runs that are new, with these items: they wait if one of the items owes a required copy. */
export function newSeals(items: readonly NewItem[], idOf: (item: NewItem) => number): readonly OwedRow[] {
  const owing = new Set(
    items.flatMap(({ about, deliveries }) =>
      deliveries.some(({ required, state }) => required && !SETTLED.includes(state)) ? runOf(about.artifact)?.uid : [],
    ),
  )
  return marksOf(items).map(({ item, run, backend, host }) => ({
    item: idOf(item),
    row: {
      target: SEAL,
      lane: `${SEAL}/${backend}`,
      slot: slotOf(backend),
      action: 'write',
      required: false,
      foreign: false,
      resign: false,
      ...(host === undefined ? {} : { host }),
      state: owing.has(run) ? 'waiting' : 'pending',
    },
  }))
}

function slotOf(backend: string): Slot {
  return { backend, key: backend, kind: 'dsse', holds: 'one', address: {} }
}

/** The same for runs that are known already: a mark that is there stays. */
export function addSeals(
  query: Query,
  { now }: Dialect,
  items: readonly NewItem[],
  idOf: (item: NewItem) => number,
): readonly Promise<unknown>[] {
  return marksOf(items).map(({ item, backend, host }) =>
    query(
      `INSERT INTO delivery(item, target, lane, slot_key, slot, action, required, foreign_key, resign, host, state, due, changed)
       SELECT $1, '${SEAL}', $2, $3, $4, 'write', 0, 0, 0, $5, 'waiting', ${now}, ${now}
       WHERE NOT EXISTS (SELECT 1 FROM delivery d JOIN item i ON i.id = d.item
         WHERE i.run_uid = (SELECT run_uid FROM item WHERE id = $6) AND d.target = '${SEAL}' AND d.slot_key = $7)`,
      [idOf(item), `${SEAL}/${backend}`, backend, JSON.stringify(slotOf(backend)), host ?? null, idOf(item), backend],
    ),
  )
}

/** True in SQL while a required copy of the run, a parameter or a column, is not done. */
export const OWES_OF = (run: string): string => `EXISTS (SELECT 1 FROM delivery o JOIN item oi ON oi.id = o.item
  WHERE oi.run_uid = ${run} AND o.required = 1 AND o.target <> '${SEAL}' AND o.state NOT IN (${sqlList(SETTLED)}))`
const OWES = OWES_OF('$1')
const SEALS = `target = '${SEAL}' AND item IN (SELECT id FROM item WHERE run_uid = $1)`

/** True in SQL when an operator gave up a required copy of the run: it is never marked as signed. */
const GAVE_UP = `EXISTS (SELECT 1 FROM delivery o JOIN item oi ON oi.id = o.item
  WHERE oi.run_uid = $1 AND o.required = 1 AND o.target <> '${SEAL}' AND o.state = 'dropped')`

/** Gives up marks that wait for a required copy which was given up. Gives their rows. The run's row has to be held. */
export function dropSeals(query: Query, { now }: Dialect, run: string): Promise<readonly Row[]> {
  return query(
    `UPDATE delivery SET state = 'dropped', changed = ${now} WHERE ${SEALS} AND state = 'waiting' AND ${GAVE_UP} RETURNING id`,
    [run],
  )
}

/** The marks of a run that owes a copy again wait again; those of a run that owes none are released. */
export async function settleSeals(query: Query, dialect: Dialect, run: string): Promise<void> {
  const waits = query(
    `UPDATE delivery SET state = 'waiting', holder = NULL, lease_until = NULL, changed = ${dialect.now}
     WHERE ${SEALS} AND state IN (${sqlList(statesBefore('waiting', 'store'))}) AND ${OWES} AND NOT (state = 'dropped' AND ${GAVE_UP})`,
    [run],
  )
  await Promise.all([waits, releaseSeals(query, dialect, run)])
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
