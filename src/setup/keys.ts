/** Which public keys are trusted when nobody names any. */
import { loadTrust, type Trust } from '../trust/trusted-keys.ts'
import type { World } from './world.ts'

/**
 * Those that were named, else that of PROV_VERIFY_KEY; [] when neither is given.
 *
 * @example keysOf([], { env: { PROV_VERIFY_KEY: 'cosign.pub' } }) // ['cosign.pub']
 */
export function keysOf(named: readonly string[], { env }: Pick<World, 'env'>): readonly string[] {
  if (named.length > 0) return named
  const key = env['PROV_VERIFY_KEY']
  return key === undefined || key === '' ? [] : [key]
}

/**
 * The trusted keys. Throws `usage` when there are none, and what {@link loadTrust} throws.
 *
 * @example await trustFor(['cosign.pub'], world)
 */
export async function trustFor(named: readonly string[], world: Pick<World, 'env'>): Promise<Trust> {
  return loadTrust(keysOf(named, world), world.env)
}
