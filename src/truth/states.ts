/** What a delivery can be, and who may change it into what. Pure data: the SQL checks, the table in the docs and the tests are made from it. */

/** State of a delivery → what it means. */
export const STATES = {
  waiting: 'a mark as signed that waits until every required copy of its run is done',
  pending: 'owed: a worker delivers it once it is due',
  done: 'the copy was found again by a fresh read; a store that nobody can read has accepted it',
  held: 'owed, but an operator has to decide first: the location is taken, or the entry does not fit there',
  gone: 'the run that should carry the copy no longer exists',
  superseded: 'a newer signature of the same artifact is owed in its place',
  dropped: 'an operator decided that this copy is not wanted; the reason is kept',
} as const

export type State = keyof typeof STATES

/** States in which a copy is still owed. */
export const OPEN: readonly State[] = ['waiting', 'pending', 'held']

/** States that no longer keep a run from being marked as signed. */
export const SETTLED: readonly State[] = ['done', 'superseded']

/** State of an entry → what it means. */
export const ENTRY_STATES = {
  good: 'its copies may be delivered',
  quarantined: 'its bytes do not verify, or are about another artifact: nothing of it leaves the truth',
} as const

export type EntryState = keyof typeof ENTRY_STATES

export type Who = 'store' | 'worker' | 'operator'

export interface Transition {
  /** Absent: the row is new. */
  readonly from?: State
  readonly to: State
  readonly who: Who
  readonly when: string
}

export const TRANSITIONS: readonly Transition[] = [
  { to: 'pending', who: 'store', when: 'a copy is owed' },
  { to: 'done', who: 'store', when: 'the copy was read and verified before anything was signed' },
  { to: 'held', who: 'store', when: 'the plan says that the location is taken or the entry does not fit' },
  { to: 'waiting', who: 'store', when: 'the run is to be marked as signed' },
  { from: 'done', to: 'pending', who: 'store', when: 'the copy was looked for and not found' },
  { from: 'held', to: 'pending', who: 'store', when: 'the location is free now' },
  { from: 'gone', to: 'pending', who: 'store', when: 'the run was stored again' },
  { from: 'dropped', to: 'pending', who: 'store', when: 'the copy is wanted again' },
  { from: 'pending', to: 'waiting', who: 'store', when: 'a mark as signed: the run owes another required copy' },
  { from: 'done', to: 'waiting', who: 'store', when: 'a mark as signed: the run owes another required copy' },
  { from: 'gone', to: 'waiting', who: 'store', when: 'a mark as signed: the run was stored again' },
  { from: 'dropped', to: 'waiting', who: 'store', when: 'a mark as signed: the run was stored again' },
  { from: 'pending', to: 'superseded', who: 'store', when: '--resign made a newer entry' },
  { from: 'held', to: 'superseded', who: 'store', when: '--resign made a newer entry' },
  { from: 'gone', to: 'superseded', who: 'store', when: '--resign made a newer entry' },
  { from: 'dropped', to: 'superseded', who: 'store', when: '--resign made a newer entry' },
  { from: 'waiting', to: 'pending', who: 'store', when: 'every required copy of the run is done already' },
  { from: 'waiting', to: 'pending', who: 'worker', when: 'in the transaction that settles the last required copy' },
  { from: 'pending', to: 'pending', who: 'worker', when: 'an error that may heal: due again later' },
  { from: 'pending', to: 'done', who: 'worker', when: 'the copy was read back, or accepted where nobody can read' },
  { from: 'pending', to: 'held', who: 'worker', when: 'an error that waiting does not heal' },
  {
    from: 'pending',
    to: 'gone',
    who: 'worker',
    when: 'the cluster said twice, 60 s apart, that the run does not exist',
  },
  { from: 'held', to: 'pending', who: 'operator', when: 'retry' },
  { from: 'gone', to: 'pending', who: 'operator', when: 'retry' },
  {
    from: 'waiting',
    to: 'dropped',
    who: 'operator',
    when: 'drop of the mark, or of a required copy of its run',
  },
  { from: 'pending', to: 'dropped', who: 'operator', when: 'drop, with a reason' },
  { from: 'held', to: 'dropped', who: 'operator', when: 'drop, with a reason' },
  { from: 'gone', to: 'dropped', who: 'operator', when: 'drop, with a reason' },
]

/**
 * The states out of which somebody may change a delivery into `to`.
 *
 * @example statesBefore('pending', 'operator') // ['held', 'gone']
 */
export function statesBefore(to: State, who: Who): readonly State[] {
  return TRANSITIONS.flatMap((one) => (one.to === to && one.who === who && one.from !== undefined ? [one.from] : []))
}

/**
 * Names as a list in SQL.
 *
 * @example sqlList(OPEN) // "'waiting', 'pending', 'held'"
 */
export function sqlList(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
