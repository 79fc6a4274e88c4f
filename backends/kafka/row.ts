/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'

export const kafka = backendRow({
  summary: "pubsub with the provider kafka, under the name that Tekton Chains' configuration has for it",
  load: () => import('./backend.ts'),
  // Chains' set for PipelineRuns does not have it.
  notIn: ['artifacts.pipelinerun.storage'],
})
