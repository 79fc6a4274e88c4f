/** Whole backends as targets, by the flags that narrow them. */
import type { Io } from '../platform/io.ts'
import type { Trust } from '../trust/trusted-keys.ts'
import { type Surveyed, survey } from '../verify/survey.ts'
import { listFilter, shardFilter, timeFilter } from './filters.ts'
import type { FilterOptions } from './options.ts'
import type { Setup } from './setup.ts'

/**
 * What the backends hold. `share` of the places, chosen by chance: nobody can know beforehand which will be looked at.
 *
 * @param share from 0 to 1
 * @param listed called for each place that a listing gives, taken or not
 */
export function surveyOf(
  options: FilterOptions & { readonly subject?: readonly string[] },
  setup: Setup,
  trust: Trust,
  io: Io,
  share = 1,
  listed: () => void = () => undefined,
): AsyncIterable<Surveyed> {
  const isInShard = shardFilter(options, io)
  const byChance = (): boolean => share >= 1 || Buffer.from(io.random(6)).readUIntBE(0, 6) / 2 ** 48 < share
  return survey({
    backends: setup.backends,
    trust,
    filter: listFilter(options),
    includes: (slot) => {
      listed()
      return isInShard(slot) && byChance()
    },
    whole: options.shard === undefined && share >= 1,
    accepts: timeFilter(options, io.now()),
    concurrency: options.concurrency,
    signal: io.signal,
    retry: setup.retry,
  })
}
