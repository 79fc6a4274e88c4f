/** What went into a run, as SLSA v0.2 materials (formats/slsa/internal/material/material.go). Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { executedTasks } from '../tekton/pipeline-tasks.ts'
import {
  invalidRun,
  type PipelineRunView,
  pipelineRunView,
  type RefSource,
  type TaskRunView,
  taskRunView,
} from '../tekton/run-view.ts'
import { type HintedResult, parseDigest, structuredTargets } from '../tekton/type-hints.ts'
import { record } from '../tekton/values.ts'
import { merged, type Named } from './merge.ts'

/**
 * A TaskRun's materials: images of steps and sidecars, the repository named by CHAINS-GIT_*, `*ARTIFACT_INPUTS`. Throws `input_invalid` for an image
 * without digest, as Chains refuses it.
 */
export function taskMaterials(run: RunArtifact): readonly Named[] {
  return merged(merged([], imageMaterials(run)), inputMaterials(taskRunView(run)))
}

/**
 * A PipelineRun's materials: its own source, then images and source of each finished TaskRun, then its inputs; with deep
 * inspection the inputs of the TaskRuns as well.
 */
export function pipelineMaterials(run: RunArtifact, deepInspection: boolean): readonly Named[] {
  const view = pipelineRunView(run)
  const children = executedTasks(run).flatMap(({ run: child }) => [
    ...imageMaterials(child),
    ...sourceMaterial(taskRunView(child).refSource),
  ])
  return merged(merged(merged([], sourceMaterial(view.refSource)), children), pipelineInputs(run, deepInspection))
}

/** Images of steps, then of sidecars, without repeats among each. Throws `input_invalid` for one without digest. */
export function imageMaterials(run: RunArtifact): readonly Named[] {
  const view = taskRunView(run)
  const steps = view.steps.map((step) => imageMaterial(run, `step ${JSON.stringify(step.name)}`, step.imageID))
  const sidecars = view.sidecars.map((imageID, i) => imageMaterial(run, `sidecar ${i}`, imageID))
  return [...merged([], steps), ...merged([], sidecars)]
}

/** The repository that params and results of a TaskRun name, and its `*ARTIFACT_INPUTS`. */
export function inputMaterials(view: TaskRunView): readonly Named[] {
  return merged(gitMaterial(view), structuredInputs(view.results))
}

/** The same of a PipelineRun's own params and results; with deep inspection its TaskRuns' in between. */
export function pipelineInputs(run: RunArtifact, deepInspection: boolean): readonly Named[] {
  const view = pipelineRunView(run)
  const children = deepInspection
    ? executedTasks(run).flatMap(({ run: child }) => inputMaterials(taskRunView(child)))
    : []
  return merged(merged(merged([], structuredInputs(view.results)), children), gitMaterial(view, true))
}

/** What the step results of a TaskRun name: the repository of each step, then `*ARTIFACT_INPUTS` of all. */
export function stepInputs(view: TaskRunView): readonly Named[] {
  const git = view.steps.flatMap((step) => {
    const found = { url: '', commit: '' }
    readGit(found, step.results)
    return asGit(found)
  })
  return merged(merged([], git), structuredInputs(view.steps.flatMap((step) => step.results)))
}

/** `*ARTIFACT_INPUTS` objects; here Chains writes the algorithm in lower case. */
export function structuredInputs(results: readonly HintedResult[]): readonly Named[] {
  return merged(
    [],
    structuredTargets(results, 'ARTIFACT_INPUTS').flatMap(({ uri, digest }) => {
      const parsed = parseDigest(digest)
      return parsed === undefined ? [] : [{ name: uri, digest: record([[parsed.algorithm, parsed.hex]]) }]
    }),
  )
}

function sourceMaterial(source: RefSource | undefined): readonly Named[] {
  return source === undefined ? [] : [{ name: source.uri, digest: source.digest }]
}

/** `[docker-pullable://]repo@algorithm:hex`, the form in which a container runtime reports what it ran. */
function imageMaterial(run: RunArtifact, whose: string, imageID: string): Named {
  const [uri, digest, ...more] = imageID.split('@')
  const [algorithm, hex, ...rest] = (digest ?? '').split(':')
  if (uri === undefined || algorithm === undefined || hex === undefined || more.length + rest.length > 0) {
    const said = imageID === '' ? 'none' : JSON.stringify(imageID.slice(0, 120))
    throw invalidRun(
      run,
      `${whose} has no image by digest (imageID: ${said})`,
      'a container that never started has none; Chains refuses such a run too',
    )
  }
  return { name: `oci://${uri.replace(/^docker-pullable:\/\//, '')}`, digest: record([[algorithm, hex]]) }
}

/**
 * Later sources win: defaults, then params, then results. No check of the commit, as in Chains; of a TaskRun, a commit without a url still
 * makes `git+.git`, of a PipelineRun it does not.
 */
function gitMaterial(view: TaskRunView | PipelineRunView, needsUrl = false): readonly Named[] {
  const found = { url: '', commit: '' }
  readGit(found, view.defaults)
  readGit(found, view.params)
  readGit(found, view.results)
  return needsUrl && found.url === '' ? [] : asGit(found)
}

function readGit(found: { url: string; commit: string }, named: readonly HintedResult[]): void {
  for (const { name, value } of named) {
    if (name === 'CHAINS-GIT_COMMIT') found.commit = typeof value === 'string' ? value : ''
    if (name === 'CHAINS-GIT_URL') found.url = typeof value === 'string' ? value : ''
  }
}

function asGit({ url, commit }: { readonly url: string; readonly commit: string }): readonly Named[] {
  if (commit === '') return []
  const prefixed = url.startsWith('git+') ? url : `git+${url}`
  return [{ name: prefixed.endsWith('.git') ? prefixed : `${prefixed}.git`, digest: record([['sha1', commit]]) }]
}
