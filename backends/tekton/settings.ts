/** What the configuration says to this backend. Pure. */
import type { Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { CLUSTER_SETTING } from './cluster/homes.ts'
import { FILE_SETTING } from './file/homes.ts'
import { NAME } from './layout.ts'

export interface TektonSettings {
  /** The file that gets all annotations; undefined: each run's own. */
  readonly file: string | undefined
  /** Every run has its copies on its live object, wherever it was read from. */
  readonly inCluster: boolean
}

/**
 * Throws `config_invalid` when both are set.
 *
 * @example readSettings(context).file // 'runs.yaml'
 */
export function readSettings({ setting }: Pick<Context, 'setting'>): TektonSettings {
  const file = setting(FILE_SETTING)
  const inCluster = setting(CLUSTER_SETTING) === 'true'
  if (!inCluster || file === undefined) return { file, inCluster }
  throw new ProvError('config_invalid', `${FILE_SETTING} and ${CLUSTER_SETTING} exclude each other`, {
    backend: NAME,
    hint: 'unset one of them',
  })
}
