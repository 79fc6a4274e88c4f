/** The cluster that the settings name. */
import type { Settings } from '../config/settings.ts'
import { type Cluster, openCluster } from '../kubernetes/cluster.ts'
import { durationMs } from '../platform/text/duration.ts'
import type { World } from './world.ts'

/** Cheap: it connects on first use. The caller closes it. */
export function clusterOf(settings: Settings, world: World): Cluster {
  return openCluster({
    kubeconfig: settings.get('kubernetes.kubeconfig'),
    context: settings.get('kubernetes.context'),
    env: world.env,
    timeoutMs: durationMs(settings.get('storage.timeout') ?? '60s'),
    now: () => world.now(),
    random: (size) => world.random(size),
    debug: world.debug,
  })
}
