/** The TaskRuns of a PipelineRun, by the pipeline task they ran. Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { invalidRun, type PipelineTask, pipelineRunView, taskRunView } from './run-view.ts'

const TASK_LABEL = 'tekton.dev/pipelineTask'

export interface ExecutedTask {
  readonly task: PipelineTask
  /** Position of the task: tasks first, then finally. */
  readonly index: number
  readonly run: RunArtifact
}

/**
 * Every finished TaskRun of each task of the resolved pipeline, tasks before finally, a task's runs in the order of
 * `status.childReferences`; [] without a resolved pipeline. TaskRuns of no task of the pipeline are left out.
 *
 * @example executedTasks(pipelineRun).map(({ task }) => task.name) // ['fetch', 'build']
 */
export function executedTasks(run: RunArtifact): readonly ExecutedTask[] {
  const view = pipelineRunView(run)
  if (view.tasks === undefined) return []
  return [...view.tasks, ...view.finally].flatMap((task, index) =>
    runsOfTask(run, task)
      .filter((child) => taskRunView(child).completionTime !== undefined)
      .map((child) => ({ task, index, run: child })),
  )
}

/** Every TaskRun of a task, finished or not. */
export function runsOfTask(run: RunArtifact, task: PipelineTask): readonly RunArtifact[] {
  return run.children.filter((child) => {
    const { labels } = taskRunView(child)
    return Object.hasOwn(labels, TASK_LABEL) && labels[TASK_LABEL] === task.name
  })
}

/**
 * Throws `input_invalid` when a TaskRun named in `status.childReferences` was not given: a payload without it would say less than the
 * pipeline did. (Chains leaves such a PipelineRun unsigned.)
 */
export function requireChildren(run: RunArtifact): void {
  if (run.kind === 'TaskRun') return
  const present = new Set(run.children.map((child) => child.name))
  const missing = pipelineRunView(run).children.find((name) => !present.has(name))
  if (missing !== undefined) {
    throw invalidRun(
      run,
      `its TaskRun ${missing} is not in the input`,
      'give the PipelineRun together with all its TaskRuns',
    )
  }
}
