/** `buildConfig.tasks` of a PipelineRun in a SLSA v0.2 predicate (formats/slsa/v1/pipelinerun/pipelinerun.go). Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { goTime } from '../go/time.ts'
import { runsOfTask } from '../tekton/pipeline-tasks.ts'
import { invalidRun, type PipelineTask, pipelineRunView, type TaskRef, taskRunView } from '../tekton/run-view.ts'
import type { Json } from '../tekton/values.ts'
import { givenValue, invocation } from './invocation.ts'
import { pairedSteps } from './steps.ts'

const STATUS: Readonly<Record<string, string>> = { True: 'Succeeded', False: 'Failed', Unknown: 'Running' }

/**
 * One item for each finished TaskRun of each task, tasks before finally; null without a resolved pipeline.
 *
 * @example pipelineSteps(run) // [{ name: 'fetch', ref: {…}, steps: […], … }]
 */
export function pipelineSteps(run: RunArtifact): Json {
  const view = pipelineRunView(run)
  if (view.tasks === undefined) return null
  const items: Json[] = []
  let last = ''
  for (const [i, task] of [...view.tasks, ...view.finally].entries()) {
    const runs = runsOfTask(run, task)
    if (runs.length === 0) continue
    const isFinally = i >= view.tasks.length
    const after = afterOf(task, isFinally ? last : '')
    items.push(...runs.flatMap((child) => taskItem(run, task, child, after)))
    if (!isFinally) last = task.name
  }
  return items
}

/** Explicit order, then the tasks whose results it uses; a finally task with neither comes after the last task that ran. */
function afterOf(task: PipelineTask, last: string): readonly string[] {
  const after = [...task.runAfter]
  for (const used of task.uses) if (!after.includes(used)) after.push(used)
  return after.length === 0 && last !== '' ? [last] : after
}

function taskItem(
  parent: RunArtifact,
  task: PipelineTask,
  child: RunArtifact,
  after: readonly string[],
): readonly Json[] {
  const view = taskRunView(child)
  const steps = pairedSteps(view)
  if (view.completionTime === undefined || steps === undefined) return []
  if (view.startTime === undefined) {
    throw invalidRun(
      child,
      'it has a status.completionTime but no status.startTime',
      'compare it with what kubectl get -o yaml prints',
    )
  }
  const { serviceAccountName } = pipelineRunView(parent)
  const status = Object.hasOwn(STATUS, view.condition) ? STATUS[view.condition] : undefined
  const results = view.results.map((result) => ({
    name: result.name,
    ...(result.type === '' ? {} : { type: result.type }),
    value: givenValue(child, result),
  }))
  return [
    {
      ...(task.name === '' ? {} : { name: task.name }),
      ...(after.length === 0 ? {} : { after }),
      ref: task.taskRef === undefined ? {} : refOf(child, task.taskRef),
      startedOn: goTime(view.startTime),
      finishedOn: goTime(view.completionTime),
      ...(serviceAccountName === '' ? {} : { serviceAccountName }),
      ...(status === undefined ? {} : { status }),
      ...(steps.length === 0 ? {} : { steps }),
      invocation: invocation(child),
      ...(results.length === 0 ? {} : { results }),
    },
  ]
}

function refOf(run: RunArtifact, ref: TaskRef): Json {
  const { name, kind, apiVersion, resolver } = ref
  const params = ref.params.map((param) => ({ name: param.name, value: givenValue(run, param) }))
  return {
    ...Object.fromEntries(Object.entries({ name, kind, apiVersion, resolver }).filter(([, value]) => value !== '')),
    ...(params.length === 0 ? {} : { params }),
  }
}
