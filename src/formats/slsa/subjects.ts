/** What a run produced, as Statement subjects (formats/slsa/extract/extract.go). Pure; lists nothing without a digest. */
import type { RunArtifact, Subject } from '../../model/artifact.ts'
import { executedTasks } from '../tekton/pipeline-tasks.ts'
import { pipelineRunView, runView, taskRunView } from '../tekton/run-view.ts'
import {
  artifactPairs,
  buildArtifacts,
  type HintedResult,
  hintedImages,
  structuredTargets,
  type Target,
} from '../tekton/type-hints.ts'
import { record } from '../tekton/values.ts'
import { merged } from './merge.ts'

/**
 * Subjects of `slsa/v1` and `slsa/v2alpha3`: images, `*ARTIFACT_URI` pairs, `*ARTIFACT_OUTPUTS`; with deep inspection those of a
 * PipelineRun's finished TaskRuns come first.
 *
 * @example hintedSubjects(run, false)[0] // { name: 'ghcr.io/acme/app', digest: { sha256: '…' } }
 */
export function hintedSubjects(run: RunArtifact, deepInspection: boolean): readonly Subject[] {
  const own = fromResults(runView(run).results)
  if (run.kind === 'TaskRun' || !deepInspection) return own
  const children = executedTasks(run).flatMap(({ run: child }) => fromResults(taskRunView(child).results))
  return merged(merged([], children), own)
}

/**
 * Subjects of `slsa/v2alpha4`: build artifacts and images only, from step results as well; with deep inspection those of a
 * PipelineRun's finished TaskRuns come last.
 */
export function builtSubjects(run: RunArtifact, deepInspection: boolean): readonly Subject[] {
  if (run.kind === 'TaskRun') return builtByTask(run)
  const own = fromBuilds(pipelineRunView(run).results)
  if (!deepInspection) return own
  return executedTasks(run).reduce((all, { run: child }) => merged(all, builtByTask(child)), own)
}

function builtByTask(run: RunArtifact): readonly Subject[] {
  const view = taskRunView(run)
  const steps = view.steps.reduce<readonly Subject[]>((all, step) => merged(all, fromBuilds(step.results)), [])
  return merged(steps, fromBuilds(view.results))
}

function fromResults(results: readonly HintedResult[]): readonly Subject[] {
  const targets = [...artifactPairs(results), ...structuredTargets(results, 'ARTIFACT_OUTPUTS')]
  return merged(imageSubjects(results), targets.map(asSubject))
}

function fromBuilds(results: readonly HintedResult[]): readonly Subject[] {
  return merged(merged([], buildArtifacts(results).map(asSubject)), imageSubjects(results))
}

function imageSubjects(results: readonly HintedResult[]): readonly Subject[] {
  return merged(
    [],
    hintedImages(results).images.map(({ repository, digest }) => ({
      name: repository,
      digest: record([['sha256', digest.slice('sha256:'.length)]]),
    })),
  )
}

/** The algorithm stays as written: Chains does not lower it here. */
function asSubject({ uri, digest }: Target): Subject {
  const colon = digest.indexOf(':')
  return { name: uri, digest: record([[digest.slice(0, colon), digest.slice(colon + 1)]]) }
}
