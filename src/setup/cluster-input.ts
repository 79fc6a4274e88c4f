/** The runs that are named as `taskrun/NAME` or `pipelinerun/NAME`. */
import { stat } from 'node:fs/promises'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { type ClusterInput, loadFromCluster } from '../input/cluster.ts'
import { runReference } from '../kubernetes/runs.ts'
import { clusterOf } from './cluster.ts'
import type { World } from './world.ts'

/**
 * Reads them from the cluster of the configuration. Throws `usage` for one that is also a path here: which of the two is meant,
 * only the caller knows.
 *
 * @example await readFromCluster(['taskrun/build-7x'], 'ci', settings, world)
 */
export async function readFromCluster(
  named: readonly string[],
  namespace: string | undefined,
  settings: Settings,
  world: World,
): Promise<ClusterInput> {
  for (const name of named) await refusePath(name)
  const cluster = clusterOf(settings, world)
  try {
    const references = named.map(runReference).filter((reference) => reference !== undefined)
    return await loadFromCluster(references, cluster, { namespace, signal: world.signal })
  } finally {
    cluster.close()
  }
}

async function refusePath(name: string): Promise<void> {
  const exists = await stat(name).then(
    () => true,
    () => false,
  )
  if (!exists) return
  throw new ProvError('usage', `${name} is the name of a run in the cluster and also a path here`, {
    hint: `write ./${name} for the path, or work in another folder`,
  })
}
