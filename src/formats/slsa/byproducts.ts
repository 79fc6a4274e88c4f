/** `byproducts` of a SLSA v1.0 predicate: results of the run, each as JSON in base64. Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { executedTasks } from '../tekton/pipeline-tasks.ts'
import { pipelineRunView, type Result, runView, taskRunView } from '../tekton/run-view.ts'
import { buildArtifactState } from '../tekton/type-hints.ts'
import { goJson, type Json } from '../tekton/values.ts'
import { givenValue } from './invocation.ts'

/** v2alpha3: every result, named `taskRunResults/<name>` or `pipelineRunResults/<name>`. */
export function allResults(run: RunArtifact): readonly Json[] {
  const prefix = run.kind === 'TaskRun' ? 'taskRunResults' : 'pipelineRunResults'
  return runView(run).results.map((result) => byproduct(run, prefix, result))
}

/**
 * v2alpha4: results that are neither a build output nor an image, also those of steps, and with deep inspection those of a PipelineRun's
 * TaskRuns.
 */
export function otherResults(run: RunArtifact, deepInspection: boolean): readonly Json[] {
  if (run.kind === 'TaskRun') return ofTaskRun(run)
  const own = kept(pipelineRunView(run).results).map((one) => byproduct(run, `pipelineRunResults/${run.name}`, one))
  return deepInspection ? [...own, ...executedTasks(run).flatMap(({ run: child }) => ofTaskRun(child))] : own
}

function ofTaskRun(run: RunArtifact): readonly Json[] {
  const view = taskRunView(run)
  const steps = view.steps.flatMap((step) => step.results)
  return [
    ...kept(view.results).map((one) => byproduct(run, `taskRunResults/${run.name}`, one)),
    ...kept(steps).map((one) => byproduct(run, `stepResults/${run.name}`, one)),
  ]
}

function kept(results: readonly Result[]): readonly Result[] {
  return results.filter(
    (one) => buildArtifactState(one) === 'no' && !/(?:IMAGE_URL|IMAGE_DIGEST)$|^IMAGES$/.test(one.name),
  )
}

function byproduct(run: RunArtifact, prefix: string, result: Result): Json {
  const content = Buffer.from(goJson(givenValue(run, result))).toString('base64')
  return { name: `${prefix}/${result.name}`, content, mediaType: 'application/json' }
}
