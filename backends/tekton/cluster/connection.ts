/** Opens the cluster that the settings name. Apart, so that runs in files load none of it. */
import type { Context } from '../../../src/backend/backend.ts'
import { type Cluster, openCluster } from '../../../src/kubernetes/cluster.ts'
import { durationMs } from '../../../src/platform/text/duration.ts'
import { refuseProxies } from '../../shared/configured.ts'

/** @example const cluster = await connect(context) */
export async function connect(context: Context): Promise<Cluster> {
  const { env, now, random, debug } = context
  return openCluster({
    kubeconfig: context.setting('kubernetes.kubeconfig'),
    context: context.setting('kubernetes.context'),
    env,
    timeoutMs: durationMs(context.setting('storage.timeout') ?? '60s'),
    now: () => now(),
    random: (size) => random(size),
    debug: (line) => debug(line),
  })
}

/**
 * Throws `config_invalid` for a kubeconfig or a proxy that cannot be used. Asks nobody.
 *
 * @example await refuseUnusableCluster(context)
 */
export async function refuseUnusableCluster(context: Context): Promise<void> {
  const cluster = await connect(context)
  try {
    await cluster.access()
  } finally {
    cluster.close()
  }
  await refuseProxies(context, 'tekton')
}
