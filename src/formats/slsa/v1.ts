/** `slsa/v1`, alias `in-toto`: Chains' name for a SLSA v0.2 predicate in an in-toto v0.1 Statement (formats/slsa/v1). */

import type { RunArtifact } from '../../model/artifact.ts'
import type { Format, FormatOptions } from '../format.ts'
import { goTime } from '../go/time.ts'
import { runFormat } from '../kinds.ts'
import { runView, taskRunView } from '../tekton/run-view.ts'
import type { Json } from '../tekton/values.ts'
import { invocation } from './invocation.ts'
import { pipelineMaterials, taskMaterials } from './materials.ts'
import { pipelineSteps } from './pipeline-build-config.ts'
import { taskSteps } from './steps.ts'
import { hintedSubjects } from './subjects.ts'

const PREDICATE_TYPE = 'https://slsa.dev/provenance/v0.2'
const REPRODUCIBLE = 'chains.tekton.dev/reproducible'

export const slsaV1: Format = runFormat({
  name: 'slsa/v1',
  predicateType: PREDICATE_TYPE,
  statementType: 'https://in-toto.io/Statement/v0.1',
  subjectsOf: hintedSubjects,
  predicateOf: predicate,
})

function predicate(run: RunArtifact, options: FormatOptions): Json {
  const isTask = run.kind === 'TaskRun'
  const view = runView(run)
  const materials = isTask ? taskMaterials(run) : pipelineMaterials(run, options.deepInspection)
  return {
    builder: { id: options.builderId },
    buildType: `tekton.dev/v1/${run.kind}`,
    invocation: invocation(run),
    buildConfig: isTask ? { steps: taskSteps(taskRunView(run)) } : { tasks: pipelineSteps(run) },
    metadata: {
      ...(view.startTime === undefined ? {} : { buildStartedOn: goTime(view.startTime) }),
      ...(view.completionTime === undefined ? {} : { buildFinishedOn: goTime(view.completionTime) }),
      completeness: { parameters: false, environment: false, materials: false },
      reproducible: Object.hasOwn(view.labels, REPRODUCIBLE) && view.labels[REPRODUCIBLE] === 'true',
    },
    ...(materials.length === 0
      ? {}
      : {
          materials: materials.map(({ name, digest }) => ({
            ...(name === '' ? {} : { uri: name }),
            ...(Object.keys(digest).length === 0 ? {} : { digest }),
          })),
        }),
  }
}
