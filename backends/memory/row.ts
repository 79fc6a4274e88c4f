/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'

export const memory = backendRow({
  summary: 'the memory of the process, for tests and for embedding',
  load: () => import('./backend.ts'),
  fleeting: true,
})
