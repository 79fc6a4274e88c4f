/** The configuration as a command sees it: flags, environment, and a file or a ConfigMap of the cluster. */
import { CONFIG_MAP, loadSettings, type Settings } from '../config/settings.ts'
import type { Io } from '../platform/io.ts'
import { durationMs } from '../platform/text/setting-value.ts'
import type { CommonOptions } from './options.ts'

/** Where Tekton Chains keeps its configuration when nobody says otherwise. */
const CHAINS_NAMESPACE = 'tekton-chains'

/**
 * Reads the configuration. `--config configmap/[NAMESPACE/]NAME` reads it from the cluster that flags and environment name.
 * Throws with exit 2, or what the cluster answered.
 *
 * @example (await settingsFor({ set: [], config: 'configmap/chains-config' }, [], io)).get('storage.oci.repository')
 */
export async function settingsFor(options: CommonOptions, set: readonly string[], io: Io): Promise<Settings> {
  const source = { set, env: io.env }
  const readConfigMap = async (reference: string): Promise<unknown> => {
    const { openCluster } = await import('../kubernetes/cluster.ts')
    const own = await loadSettings({ ...source, env: { ...io.env, PROV_CONFIG: undefined } })
    const cluster = openCluster({
      kubeconfig: own.get('kubernetes.kubeconfig'),
      context: own.get('kubernetes.context'),
      env: io.env,
      timeoutMs: durationMs(own.get('storage.timeout') ?? '60s'),
      now: () => io.now(),
      random: (size) => io.random(size),
      debug: () => undefined,
    })
    try {
      const [, namespace = CHAINS_NAMESPACE, name = ''] = CONFIG_MAP.exec(reference) ?? []
      const where = { operation: 'read the configuration', location: reference }
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
      const { data, metadata } = await cluster.call({ method: 'GET', path, where, signal: io.signal })
      return { kind: 'ConfigMap', metadata, data }
    } finally {
      cluster.close()
    }
  }
  return loadSettings({ ...source, config: options.config, readConfigMap })
}
