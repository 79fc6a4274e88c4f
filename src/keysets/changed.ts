/** The journal as it stands, and one change of it, decided anew whenever somebody else was first. */
import { ProvError } from '../errors.ts'
import { jittered } from '../platform/async/jitter.ts'
import type { JournalChange, JournalName, JournalState, Journals } from './journal.ts'
import type { RotateJob } from './rotate-job.ts'

export type Changing = Pick<RotateJob, 'journals' | 'journal' | 'who' | 'random' | 'sleep'>

/** Races that may be lost in a row: each changes the journal within milliseconds. */
export const MOST_LOST = 50
const WAIT_MS = 50

/**
 * Reads the journal. Throws `journal_missing` for one that the database does not have, or no more.
 *
 * @example (await journalNow(journals, { id, name })).version
 */
export async function journalNow(journals: Pick<Journals, 'read'>, { id, name }: JournalName): Promise<JournalState> {
  const state = await journals.read(id)
  if (state !== undefined) return state
  throw new ProvError('journal_missing', `the journal ${name} (${id}) is not in this database`)
}

/**
 * Writes what `decide` makes of the journal, and gives its result; without a change nothing is written. Throws `conflict` when others were first
 * again and again.
 *
 * @example await changed(job, (state) => ({ change: { remove: [3], what: { did: 'prune' } }, result: state.keys.length }))
 */
export async function changed<T>(
  { journals, journal, who, random, sleep }: Changing,
  decide: (state: JournalState) => { readonly change?: JournalChange; readonly result: T },
): Promise<T> {
  for (let lost = 0; lost < MOST_LOST; lost += 1) {
    const state = await journalNow(journals, journal)
    const { change, result } = decide(state)
    if (change === undefined || (await journals.change(state, change, who))) return result
    await afterLoss({ random, sleep })
  }
  throw outrun(journal)
}

/** Waits a moment that differs by chance. */
export function afterLoss({ random, sleep }: Pick<Changing, 'random' | 'sleep'>): Promise<void> {
  return sleep(jittered(WAIT_MS, random, 0))
}

/** Others were first each time. */
export function outrun({ name }: JournalName): ProvError {
  return new ProvError('conflict', `others changed the journal ${name} each of ${MOST_LOST} times`, {
    hint: 'run the same command again',
  })
}
