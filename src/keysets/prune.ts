/** What may leave a journal and its key store: private keys that never sign again, intents that came to nothing, old events. Never a public key. */
import { type Changing, changed } from './changed.ts'
import { keyName } from './journal.ts'
import type { KeyStore } from './keystore.ts'
import { neverSigns } from './rotate.ts'

export interface PruneJob extends Changing {
  readonly store: KeyStore
  /** Age of the events that go. */
  readonly eventsOlderThanMs: number
  readonly dryRun: boolean
}

export interface Pruned {
  /** Names of the private keys that were removed. */
  readonly privateKeys: readonly string[]
  /** Numbers of the intents that were removed. */
  readonly intents: readonly number[]
  /** Rows that cannot be read: they were left alone, and what belongs to them. */
  readonly findings: readonly { readonly n: number; readonly code: 'keyset_refused'; readonly message: string }[]
}

/** A process that makes a key file takes seconds. */
const ABANDONED_MS = 24 * 3_600_000

/**
 * One row that cannot be read keeps no other from being pruned.
 *
 * @example (await prune(job)).findings.length // 1: exit 3
 */
export async function prune(job: PruneJob): Promise<Pruned> {
  const { store, journal, dryRun, eventsOlderThanMs } = job
  const privates = new Set((await store.list()).filter(({ hasPrivate }) => hasPrivate).map(({ name }) => name))
  const nameOf = (n: number): string => keyName(journal.id, n)
  const plan = await changed(job, (state) => {
    const intents = state.keys.filter(
      ({ n, status, created }) =>
        status === 'intended' && !privates.has(nameOf(n)) && created < state.now - ABANDONED_MS,
    )
    const remove = intents.map(({ n }) => n)
    const names = state.keys.filter((key) => neverSigns(key) && privates.has(nameOf(key.n))).map(({ n }) => nameOf(n))
    const result = { names, remove, damaged: state.damaged }
    if (dryRun) return { result }
    const what = { did: 'prune', privateKeys: names.length, intents: remove.length } as const
    return { change: { remove, forgetBefore: state.now - eventsOlderThanMs, what }, result }
  })
  if (!dryRun) for (const name of plan.names) await store.destroy(name)
  return {
    privateKeys: plan.names,
    intents: plan.remove,
    findings: plan.damaged.map(({ n, why }) => ({
      n,
      code: 'keyset_refused',
      message: `row ${n} of the journal cannot be read: ${why}; it was left alone`,
    })),
  }
}
