/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'
import { ownTimeout } from '../shared/own-timeout.ts'

export const archivista = backendRow({
  summary: 'envelopes in an Archivista server, as Tekton Chains uploads them; read back by subject',
  load: () => import('./backend.ts'),
  settings: {
    chains: {
      'storage.archivista.url': { type: 'string', meaning: 'URL of the Archivista server' },
    },
    prov: {
      'storage.archivista.timeout': ownTimeout('archivista'),
    },
  },
})
