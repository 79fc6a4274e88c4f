/** Who may change an index as a whole: one reconcile at a time. Held in the index itself, so that whatever loses the one loses the other. */
import { ProvError } from '../errors.ts'
import type { IndexStore } from './index-store.ts'
import { LEASE_MS } from './scripts.ts'

export interface LeaseOptions {
  /** A UUID. */
  readonly token: string
  readonly signal: AbortSignal
  /** Waits; rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const LOOK_MS = 500

/**
 * Waits for as long as one that was killed keeps the lease. Throws `conflict` when another is alive.
 *
 * @example await holdLease(index, { token: randomUUID(), signal, sleep })
 */
export async function holdLease({ redis }: IndexStore, { token, signal, sleep }: LeaseOptions): Promise<void> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const answer = await redis.call('SET', `${redis.prefix}lease`, token, 'NX', 'PX', LEASE_MS)
    if (answer === 'OK') return
    if (waited > LEASE_MS + LOOK_MS) {
      throw new ProvError('conflict', 'another prov reconcile is at work on this index', {
        location: redis.location,
        hint: 'run the same command again once it has ended',
      })
    }
    await sleep(LOOK_MS, signal)
  }
}

/** Prolongs the lease during long looks. Throws `conflict` when another has it. */
export async function keepLease(index: IndexStore, token: string): Promise<void> {
  await index.write([], { lease: token })
}

/** Others may begin at once. Somebody else's lease stays. */
export async function freeLease({ redis }: IndexStore, token: string): Promise<void> {
  if ((await redis.call('GET', `${redis.prefix}lease`)) === token) await redis.call('DEL', `${redis.prefix}lease`)
}
