/** Whether what a service is reached with can be used: known beforehand, without asking anybody. */
import type { Context } from '../../src/backend/backend.ts'

/**
 * Throws `config_invalid` for a proxy of the environment that cannot be used.
 *
 * @example configured: () => refuseProxies(context, 'gcs')
 */
export async function refuseProxies({ env }: Pick<Context, 'env'>, backend: string): Promise<void> {
  const { refuseUnusable } = await import('../../src/platform/http/refuse-unusable.ts')
  await refuseUnusable({ env }, {}, { operation: 'connect', location: backend })
}
