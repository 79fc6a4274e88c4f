/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'
import { ownTimeout } from '../shared/own-timeout.ts'

export const gcs = backendRow({
  summary: 'objects in Google Cloud Storage or in a directory, as Tekton Chains writes them',
  load: () => import('./backend.ts'),
  variables: ['STORAGE_EMULATOR_HOST'],
  settings: {
    chains: {
      'storage.gcs.bucket': { type: 'string', meaning: 'bucket of the Google Cloud Storage backend' },
    },
    prov: {
      'storage.gcs.endpoint': {
        type: 'string',
        meaning:
          'URL of an emulator or of a private endpoint; STORAGE_EMULATOR_HOST counts while it is unset; http: no credentials',
      },
      'storage.gcs.directory': {
        type: 'string',
        meaning: 'directory that stands in for a bucket, with the same names',
      },
      'storage.gcs.timeout': ownTimeout('gcs'),
    },
  },
})
