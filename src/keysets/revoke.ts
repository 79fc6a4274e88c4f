/** Says of a key that it must not be trusted, and removes its private half. */
import { ProvError } from '../errors.ts'
import { timeText } from '../platform/text/time-text.ts'
import { type Changing, changed } from './changed.ts'
import { type JournalChange, keyName } from './journal.ts'
import type { RotateJob } from './rotate-job.ts'
import { publishCurrent } from './run-steps.ts'

export interface Revocation {
  readonly kid: string
  readonly reason: string
  /** Since when what it signed must not be trusted, in milliseconds since the epoch. */
  readonly since: number
}

export interface Revoked {
  readonly n: number
  /** It was the active key: nothing signs until another one is active. */
  readonly wasActive: boolean
  /** False where it had been revoked before; then nothing was changed. */
  readonly isNew: boolean
}

/**
 * Revokes a key of the journal, whatever its status. Throws `usage` for a kid that the journal does not know, and
 * `keyset_refused` where it is revoked, and the file of the region cannot say so while a row cannot be read.
 *
 * @example await revoke(job, { kid, reason: 'the laptop was stolen', since: Date.parse('2026-11-01') })
 */
export async function revoke(
  job: Changing & Pick<RotateJob, 'store' | 'publish' | 'signal'>,
  { kid, reason, since }: Revocation,
): Promise<Revoked> {
  const done = await changed(job, (state): { readonly change?: JournalChange; readonly result: Revoked } => {
    const key = state.keys.find((one) => one.key?.kid === kid)
    if (key === undefined) {
      throw new ProvError('usage', `the journal ${state.name} knows no key ${JSON.stringify(kid.slice(0, 80))}`, {
        hint: 'prov keys journal lists them',
      })
    }
    const { n, status, ended } = key
    const result = { n, wasActive: status === 'active', isNew: status !== 'revoked' }
    if (status === 'revoked') return { result }
    const ending = status === 'active' && ended === undefined ? { ended: { after: 0 } } : {}
    const update = [{ n, status: 'revoked' as const, revoked: { since, reason }, ...ending }]
    return { change: { update, what: { did: 'revoke', n, kid, reason, since: timeText(since) } }, result }
  })
  await job.store.destroy(keyName(job.journal.id, done.n))
  const { damaged } = await publishCurrent(job)
  const [bad] = damaged
  if (job.publish === undefined || bad === undefined) return done
  const why = `key ${done.n} is revoked in the journal alone: row ${bad.n} cannot be read (${bad.why}), so nothing was published`
  throw new ProvError('keyset_refused', why, {
    hint: 'bring that row back with prov keys import --from the file of keys.journal-file, then run the same command again',
  })
}
