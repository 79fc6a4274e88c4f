/** The files that a trust is made of (what comes from URLs is asked for again after a time), for whoever has to notice that they change. */
import { isKeyUrl } from '../trust/load-trust.ts'
import type { Trust } from '../trust/trust.ts'
import { type SignerFlags, wishOf } from './keys.ts'
import type { World } from './world.ts'

/**
 * Paths that flags and environment name, and of a trust that was loaded the key files that its keyring names.
 *
 * @example trustFiles({ key: ['cosign.pub', 'env://KEY'] }, world, undefined) // ['cosign.pub']
 */
export function trustFiles(flags: SignerFlags, world: Pick<World, 'env'>, trust: Trust | undefined): readonly string[] {
  const { keys, publishers, keyring, trustedRoot, caFile } = wishOf(flags, world)
  const named = [...keys, publishers, keyring, trustedRoot, caFile].filter((path) => path !== undefined)
  const ofKeyring = keyring === undefined ? [] : (trust?.keys ?? []).map(({ source }) => source)
  return [...new Set([...named, ...ofKeyring])].filter((path) => !path.startsWith('env://') && !isKeyUrl(path))
}
