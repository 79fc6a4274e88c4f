/** The work of `prov reconcile --from`. */
import { ProvError } from '../../../errors.ts'
import type { Io } from '../../../platform/io.ts'
import type { ReconcileOptions } from './flags.ts'

export async function runReconcileFrom(_options: ReconcileOptions, _io: Io): Promise<number> {
  throw new ProvError('not_supported', 'reconcile --from is not built yet')
}
