/** Steps of a TaskRun as a SLSA v0.2 `buildConfig` lists them (formats/slsa/attest/attest.go Step, v1/taskrun/buildconfig.go). Pure. */
import type { SpecStep, StepState, TaskRunView } from '../tekton/run-view.ts'
import type { Json } from '../tekton/values.ts'

const NO_STEP: SpecStep = { name: '', command: [], args: undefined, script: '' }

/** The steps that ran, each with the spec step of the same name; without one the entry point is empty. */
export function taskSteps(view: TaskRunView): readonly Json[] {
  return view.steps.map((state) => stepOf(view.specSteps?.find((step) => step.name === state.name) ?? NO_STEP, state))
}

/**
 * The steps paired by their position, as a PipelineRun's `buildConfig` has them; undefined where Chains leaves the TaskRun out: no resolved
 * spec, another number of steps, or a named step paired with a state that is called `unnamed-`.
 */
export function pairedSteps(view: TaskRunView): readonly Json[] | undefined {
  const specs = view.specSteps
  if (specs === undefined || specs.length !== view.steps.length) return undefined
  const unlike = view.steps.some((state, i) => state.name.startsWith('unnamed-') && specs[i]?.name !== '')
  return unlike ? undefined : view.steps.map((state, i) => stepOf(specs[i] ?? NO_STEP, state))
}

function stepOf(step: SpecStep, state: StepState): Json {
  return {
    entryPoint: step.script === '' ? step.command.join(' ') : step.script,
    arguments: step.args ?? null,
    environment: { image: `oci://${state.imageID.replace(/^docker-pullable:\/\//, '')}`, container: state.name },
    annotations: null,
  }
}
