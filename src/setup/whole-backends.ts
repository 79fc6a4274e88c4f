/** Whole backends as targets, by what narrows them. */
import type { Trust } from '../trust/trust.ts'
import { type Surveyed, survey } from '../verify/survey.ts'
import type { Setup } from './backends.ts'
import { type FilterOptions, listFilter, shardFilter, timeFilter } from './filters.ts'
import type { World } from './world.ts'

/**
 * What the backends hold. `share` of the places, chosen by chance: nobody can know beforehand which will be looked at.
 *
 * @param share from 0 to 1
 * @param told `listed` is called for each place that a listing gives, taken or not; `found` for those taken, `visited` once they were looked into
 */
export function surveyOf(
  options: FilterOptions & { readonly concurrency: number },
  setup: Setup,
  trust: Trust,
  world: World,
  share = 1,
  told: { readonly listed?: () => void; readonly found?: () => void; readonly visited?: () => void } = {},
): AsyncIterable<Surveyed> {
  const isInShard = shardFilter(options, world)
  const byChance = (): boolean => share >= 1 || Buffer.from(world.random(6)).readUIntBE(0, 6) / 2 ** 48 < share
  return survey({
    backends: setup.backends,
    trust,
    filter: listFilter(options),
    includes: (slot) => {
      told.listed?.()
      const isTaken = isInShard(slot) && byChance()
      if (isTaken) told.found?.()
      return isTaken
    },
    whole: options.shard === undefined && share >= 1,
    accepts: timeFilter(options, world.now()),
    concurrency: options.concurrency,
    signal: world.signal,
    retry: setup.retry,
    visited: () => told.visited?.(),
  })
}
