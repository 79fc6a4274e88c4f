/** Says of a key that it must not be trusted, and removes its private half. */
import { ProvError } from '../errors.ts'
import { algorithmOf, publicJwk } from '../keys/jwk.ts'
import { spki } from '../keys/key-id.ts'
import { timeText } from '../platform/text/time-text.ts'
import { type Changing, changed } from './changed.ts'
import { keysOf } from './find.ts'
import {
  BRING_BACK,
  type EventFacts,
  type JournalChange,
  type JournalKey,
  type JournalState,
  keyName,
} from './journal.ts'
import type { KeyStore } from './keystore.ts'
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
  /** Why its row still cannot be read, as the rest of a sentence; absent: it can. */
  readonly damaged?: string
}

/** A row with this key: one that can be read, or one that says so, or whose file in the key store says so. */
type Found = Pick<JournalKey, 'n' | 'ended'> & {
  readonly status: string
  /** The key of the file, which makes a damaged row whole. */
  readonly key?: JournalKey['key']
  readonly damaged?: string
}

/**
 * Revokes a key of the journal, whatever its status; a row that cannot be read is made whole where the key store holds its public key. Throws
 * `usage` for a kid that the journal does not know, and `keyset_refused` where the key is revoked now but the file of the region cannot say so, since
 * a row cannot be read.
 *
 * @example await revoke(job, { kid, reason: 'the laptop was stolen', since: Date.parse('2026-11-01') })
 */
export async function revoke(
  job: Changing & Pick<RotateJob, 'store' | 'publish' | 'signal'>,
  { kid, reason, since }: Revocation,
): Promise<Revoked> {
  const held = await heldKey(kid, job.store)
  const done = await changed(job, (state): { readonly change?: JournalChange; readonly result: Revoked } => {
    const found = rowOf(kid, state, held)
    if (found === undefined) {
      throw new ProvError('usage', `the journal ${state.name} knows no key ${JSON.stringify(kid.slice(0, 80))}`, {
        hint: 'prov keys journal lists them',
      })
    }
    const { n, status, ended, key, damaged } = found
    const isLeft = damaged !== undefined && key === undefined ? { damaged } : {}
    const result = { n, wasActive: status === 'active', isNew: status !== 'revoked', ...isLeft }
    if (status === 'revoked' && key === undefined) return { result }
    const ending = status === 'active' && ended === undefined ? { ended: { after: 0 } } : {}
    const revoking = status === 'revoked' ? {} : { status: 'revoked' as const, revoked: { since, reason }, ...ending }
    const update = [{ n, ...revoking, ...(key === undefined ? {} : { key }) }]
    const what: EventFacts = result.isNew
      ? { did: 'revoke', n, kid, reason, since: timeText(since) }
      : { did: 'import', keys: 1 }
    return { change: { update, what }, result }
  })
  await job.store.destroy(keyName(job.journal.id, done.n))
  const { damaged } = await publishCurrent(job)
  const [bad] = damaged
  if (job.publish === undefined || bad === undefined) return done
  const why = `key ${done.n} is revoked in the journal alone: row ${bad.n} cannot be read (${bad.why}), so nothing was published`
  throw new ProvError('keyset_refused', why, { hint: `${BRING_BACK}, then run the same command again` })
}

interface HeldKey {
  readonly key: NonNullable<JournalKey['key']>
  /** Names under which the key store holds it. */
  readonly names: readonly string[]
}

async function heldKey(kid: string, store: KeyStore): Promise<HeldKey | undefined> {
  const stored = (await keysOf(store)).filter((one) => one.kid === kid)
  const publicKey = stored[0]?.publicKey
  if (publicKey === undefined) return undefined
  const bytes = spki(publicKey)
  return { key: { kid, spki: bytes, alg: algorithmOf(await publicJwk(bytes)) }, names: stored.map(({ name }) => name) }
}

function rowOf(kid: string, { id, keys, damaged }: JournalState, held: HeldKey | undefined): Found | undefined {
  const good = keys.find(({ key }) => key?.kid === kid)
  if (good !== undefined) {
    const { n, status, ended } = good
    return { n, status, ...(ended === undefined ? {} : { ended }) }
  }
  const isHeld = (n: number): boolean => held?.names.includes(keyName(id, n)) === true
  const bad = damaged.find((row) => row.kid === kid) ?? damaged.find(({ n }) => isHeld(n))
  if (bad === undefined) return undefined
  const { n, status, why } = bad
  return { n, status, damaged: why, ...(held !== undefined && isHeld(n) ? { key: held.key } : {}) }
}
