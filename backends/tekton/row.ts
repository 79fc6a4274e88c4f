/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'

export const tekton = backendRow({
  summary: 'annotations of the run, in its own file or on the live object in its cluster, as Tekton Chains writes them',
  load: () => import('./backend.ts'),
  variables: ['KUBECONFIG', 'KUBERNETES_SERVICE_HOST'],
  settings: {
    prov: {
      'storage.tekton.file': {
        type: 'string',
        meaning: 'file that gets the annotations, for runs from standard input or an unwritable folder',
      },
      'storage.tekton.cluster': {
        type: 'bool',
        default: 'false',
        meaning: 'annotate the live objects also of runs that were read from a file; list the cluster',
      },
    },
  },
})
