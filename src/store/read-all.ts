/** The look of a store at all its items, before anything is signed. */

import type { Limit } from '../platform/async/limit.ts'
import { linkedSignal } from '../platform/async/linked-signal.ts'
import type { Trust } from '../trust/trust.ts'
import { type PrepareOptions, placed, type ReadItem, readItem, type StoreItem } from './prepare.ts'

export interface ReadJob extends PrepareOptions {
  readonly items: readonly StoreItem[]
  /** Keys whose copies count as ours. */
  readonly trust: () => Promise<Trust>
}

/**
 * Reads the stores while the key is being opened; what fails first ends both.
 *
 * @example const [trust, read] = await readAll(limitTo(64), job)
 */
export async function readAll(limit: Limit, job: ReadJob): Promise<[Trust, readonly ReadItem[]]> {
  const abouts = job.items.map((item) => ({ item, about: placed(item, job) }))
  const stop = linkedSignal(job.signal)
  const stoppable = { ...job, signal: stop.signal }
  const trust = job.trust()
  try {
    const reading = abouts.map(({ item, about }) => limit(() => readItem(item, about, trust, stoppable)))
    return await Promise.all([trust, Promise.all(reading)])
  } catch (thrown) {
    stop.abort(thrown)
    throw thrown
  } finally {
    stop.release()
  }
}
