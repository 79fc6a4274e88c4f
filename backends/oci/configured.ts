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
  const { refuseConnection } = await import('./http.ts')
  await Promise.all([refuseDockerConfig(env), refuseConnection({ env, caFile: settings.caFile })])
}
