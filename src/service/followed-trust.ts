/** The keys that a long-lived process trusts: made anew when their files change, and after a time where they come from a URL. */
import { type SignerFlags, trustFor } from '../setup/keys.ts'
import { trustFiles } from '../setup/trust-files.ts'
import type { World } from '../setup/world.ts'
import type { Trust } from '../trust/trust.ts'
import { type Watched, type WatchOptions, watchFiles } from './watched.ts'

/** Who watches, and is told. */
export type Watching = Pick<
  WatchOptions<unknown>,
  'what' | 'everyMs' | 'staleMs' | 'now' | 'sleep' | 'changed' | 'failed'
>

/** Between two looks at the files: two in a row have to agree, and a change counts within a second. */
export const LOOK_MS = 300
/** A trust holds what its certificates' authorities said when it was made. */
const TRUST_MS = 600_000
/** Keys of a URL may be revoked there at any time. */
const KEY_SET_MS = 30_000

/**
 * Throws what {@link trustFor} throws the first time. Later the last keys that could be used stay, `failed` is told why, and once they have stayed for
 * `staleMs` the watched `current` throws it. What is to be warned of is said once, not each time that the keys are read.
 *
 * @example const trusts = await followTrust(options, world, watching); trusts.last.hash
 */
export async function followTrust(flags: SignerFlags, world: World, watching: Watching): Promise<Watched<Trust>> {
  const warned = new Set<string>()
  const said: World = {
    ...world,
    warn: (line) => {
      if (!warned.has(line)) world.warn(line)
      warned.add(line)
    },
  }
  return watchFiles<Trust>({
    ...watching,
    files: (trust) => trustFiles(flags, world, trust),
    load: () => trustFor(flags, said),
    renewMs: ({ proofs, keySets }) =>
      keySets !== undefined ? KEY_SET_MS : proofs === undefined ? undefined : TRUST_MS,
    isSame: (old, next) => old.hash === next.hash,
    dispose: () => undefined,
  })
}
