/** Whether what a registry is reached with can be used: known beforehand, without asking anybody. */
import type { Context } from '../../src/backend/backend.ts'
import { refuseDockerConfig } from './registry/docker-config.ts'
import type { OciSettings } from './settings.ts'

/**
 * Throws `config_invalid` for a docker config, a proxy or a file of certificate authorities that cannot be used. A layout needs none of them.
 *
 * @example await configured(settings, context)
 */
export async function configured(settings: OciSettings, { env }: Context): Promise<void> {
  if (settings.layout !== undefined) return
  const [{ refuseUnusable }, { tlsOf }] = await Promise.all([
    import('../../src/platform/http/refuse-unusable.ts'),
    import('./registry/http.ts'),
  ])
  const where = { operation: 'connect', location: 'the registry' }
  await refuseDockerConfig(env)
  await refuseUnusable({ env }, await tlsOf(false, settings.caFile), where)
}
