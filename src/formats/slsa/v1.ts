/** `slsa/v1`, alias `in-toto`: Chains' name for a SLSA v0.2 predicate in an in-toto v0.1 Statement (formats/slsa/v1). */

import { ProvError } from '../../errors.ts'
import type { Artifact, RunArtifact } from '../../model/artifact.ts'
import { STATEMENT_TYPE } from '../../model/entry.ts'
import type { Format, FormatOptions } from '../format.ts'
import { goTime } from '../go/time.ts'
import { statementBytes } from '../statement-bytes.ts'
import { requireChildren } from '../tekton/pipeline-tasks.ts'
import { runView, taskRunView } from '../tekton/run-view.ts'
import type { Json } from '../tekton/values.ts'
import { invocation } from './invocation.ts'
import { pipelineMaterials, taskMaterials } from './materials.ts'
import { pipelineSteps } from './pipeline-build-config.ts'
import { taskSteps } from './steps.ts'
import { hintedSubjects } from './subjects.ts'

const PREDICATE_TYPE = 'https://slsa.dev/provenance/v0.2'
const REPRODUCIBLE = 'chains.tekton.dev/reproducible'

export const slsaV1: Format = {
  name: 'slsa/v1',
  kind: 'dsse',
  payloadType: STATEMENT_TYPE,
  predicateType: PREDICATE_TYPE,
  describes: (artifact) => artifact.type === 'run',
  subjects: (artifact, options) => hintedSubjects(runOf(artifact), options.deepInspection),
  payload: (artifact, options) => {
    const run = runOf(artifact)
    requireChildren(run)
    return statementBytes(run, {
      type: 'https://in-toto.io/Statement/v0.1',
      predicateType: PREDICATE_TYPE,
      subjects: hintedSubjects(run, options.deepInspection),
      predicate: predicate(run, options),
    })
  },
}

/**
 * The run of an artifact; what is none is a defect of the caller, who asks `describes` first.
 *
 * @example runOf(artifact).uid
 */
export function runOf(artifact: Artifact): RunArtifact {
  if (artifact.type !== 'run')
    throw new ProvError('internal', `a run format was asked for a payload of ${artifact.type}`)
  return artifact
}

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
