/** One change of a journal, decided anew whenever somebody else was first. */
import { ProvError } from '../errors.ts'
import { jittered } from '../platform/async/jitter.ts'
import type { JournalChange, JournalState } from './journal.ts'
import type { RotateJob } from './rotate-job.ts'

export type Changing = Pick<RotateJob, 'journals' | 'journal' | 'who' | 'random' | 'sleep'>

const MOST_LOST = 50
const WAIT_MS = 50

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
    const state = await journals.read(journal.id)
    if (state === undefined)
      throw new ProvError('journal_missing', `the journal ${journal.name} is not in this database`)
    const { change, result } = decide(state)
    if (change === undefined || (await journals.change(state, change, who))) return result
    await sleep(jittered(WAIT_MS, random, 0))
  }
  throw new ProvError('conflict', 'others changed the journal again and again')
}
