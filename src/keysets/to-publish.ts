/** The keys of a journal as the world may see them. */

import { publicJwk } from '../keys/jwk.ts'
import { timeText } from '../platform/text/time-text.ts'
import { heldIn, notHeld } from './held.ts'
import type { JournalState } from './journal.ts'
import type { KeyStore } from './keystore.ts'
import type { KeyToPublish } from './publication.ts'

/** So long after its replacement a key may still sign: a store asks the journal again each minute, and clocks differ. */
const SIGNS_ON_MS = 120_000

/**
 * Throws `keyset_refused` for a key that the database names and the key store does not hold: the publisher would vouch for whatever somebody has
 * written there.
 *
 * @example await publication.publish(await keysToPublish(state, store), signal)
 */
export async function keysToPublish(
  state: Pick<JournalState, 'id' | 'name' | 'keys'>,
  store: Pick<KeyStore, 'list' | 'location'>,
): Promise<readonly KeyToPublish[]> {
  const { held, loose } = heldIn(state, await store.list())
  const [odd] = loose
  if (odd !== undefined) throw notHeld(odd.n, state, store.location)
  const shown = await Promise.all(
    held.map(async ({ key, status, activates, ended, retires, revoked }): Promise<KeyToPublish | undefined> => {
      if (key === undefined || status === 'intended') return undefined
      const until = ended === undefined ? (status === 'retired' ? retires : undefined) : ended + SIGNS_ON_MS
      return {
        jwk: await publicJwk(key.spki),
        status: status === 'published' ? 'prepared' : status,
        ...(activates === undefined ? {} : { from: timeText(activates) }),
        ...(until === undefined ? {} : { until: timeText(until) }),
        ...(revoked === undefined ? {} : { revoked: { since: timeText(revoked.since), reason: revoked.reason } }),
      }
    }),
  )
  return shown.filter((one) => one !== undefined)
}
