/** The keys that a long-lived process trusts: made anew when their files change, and after a time where they come from a URL. */
import { boundedMap } from '../platform/async/bounded-map.ts'
import { type SignerFlags, trustFor } from '../setup/keys.ts'
import { trustFiles } from '../setup/trust-files.ts'
import type { World } from '../setup/world.ts'
import type { Trust } from '../trust/trust.ts'
import { type Watched, type WatchOptions, watchFiles } from './watched.ts'

/** How often files are looked at, for how long the last keys count, and who is told. */
export type FollowOptions = Pick<
  WatchOptions<unknown>,
  'what' | 'everyMs' | 'staleMs' | 'now' | 'sleep' | 'changed' | 'failed'
>

/** Between two looks at the files: two in a row have to agree, and a change counts within a second. */
export const LOOK_MS = 300
/** A trust holds what its certificates' authorities said when it was made. */
const TRUST_MS = 600_000
/** Keys of a URL may be revoked there at any time. */
const KEY_SET_MS = 30_000
/** Lines name times and regions: over the years there are ever new ones. */
const MOST_WARNINGS = 1000

/**
 * Throws what {@link trustFor} throws the first time. Later the last keys that could be used stay, `failed` is told why, and once they have stayed for
 * `staleMs` the watched `current` throws it. What is to be warned of is said once, not each time that the keys are read.
 *
 * @example const trusts = await followTrust(options, world, following); trusts.last.hash
 */
export async function followTrust(flags: SignerFlags, world: World, following: FollowOptions): Promise<Watched<Trust>> {
  const warned = boundedMap<string, true>(MOST_WARNINGS)
  const said: World = {
    ...world,
    warn: (line) => {
      if (!warned.has(line)) world.warn(line)
      warned.set(line, true)
    },
  }
  return watchFiles<Trust>({
    ...following,
    files: (trust) => trustFiles(flags, world, trust),
    load: () => trustFor(flags, said),
    renewMs: ({ proofs, keySets }) =>
      keySets !== undefined ? KEY_SET_MS : proofs === undefined ? undefined : TRUST_MS,
    isSame: (old, next) => old.hash === next.hash,
    dispose: () => undefined,
  })
}
