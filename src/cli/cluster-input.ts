/** The runs that the command line names as `taskrun/NAME` or `pipelinerun/NAME`. */
import { stat } from 'node:fs/promises'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { type ClusterInput, loadFromCluster } from '../input/cluster.ts'
import { openCluster } from '../kubernetes/cluster.ts'
import { runReference } from '../kubernetes/runs.ts'
import type { Io } from '../platform/io.ts'
import { durationMs } from '../platform/text/setting-value.ts'
import { tell } from './terminal.ts'

/**
 * Reads them from the cluster of the configuration. Throws `usage` for one that is also a path here: which of the two is meant,
 * only the caller knows.
 *
 * @example await readFromCluster(['taskrun/build-7x'], 'ci', settings, false, io)
 */
export async function readFromCluster(
  named: readonly string[],
  namespace: string | undefined,
  settings: Settings,
  verbose: boolean,
  io: Io,
): Promise<ClusterInput> {
  for (const name of named) await refusePath(name)
  const cluster = openCluster({
    kubeconfig: settings.get('kubernetes.kubeconfig'),
    context: settings.get('kubernetes.context'),
    env: io.env,
    timeoutMs: durationMs(settings.get('storage.timeout') ?? '60s'),
    now: () => io.now(),
    random: (size) => io.random(size),
    debug: (line) => {
      if (verbose) tell(io, `prov: ${line}`)
    },
  })
  try {
    const references = named.map(runReference).filter((reference) => reference !== undefined)
    return await loadFromCluster(references, cluster, { namespace, signal: io.signal })
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
  throw new ProvError('usage', `${name} names a run of the cluster, and is a path here as well`, {
    hint: `write ./${name} for the path, or work in another folder`,
  })
}
