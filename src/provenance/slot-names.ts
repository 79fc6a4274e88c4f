/**
 * What Tekton's Statements say about the name of their run, compared with the name of the slot: for stores that are read without the run
 * objects. Pure.
 */
import type { RunArtifact } from '../model/artifact.ts'
import type { Statement } from '../model/statement.ts'
import { memberIn, recordIn } from '../platform/text/guards.ts'

const PIPELINE_RUN = 'tekton.dev/pipelineRun'
const PIPELINE_RUN_UID = 'tekton.dev/pipelineRunUID'
const PIPELINE_TASK = 'tekton.dev/pipelineTask'
/** `<namespace>/results/<uid of the PipelineRun or TaskRun>/records/<uid>` of Tekton Results. */
const RECORD = 'results.tekton.dev/record'
/** Tekton shortens a longer name. */
const MAX_NAME = 63

/**
 * True when the Statement cannot be of the run that the place names. SLSA v0.2 has no uid: a TaskRun's labels say which task of which
 * PipelineRun it was, which its name follows from, and a PipelineRun's TaskRuns say whose they are.
 *
 * @example contradictsPlace(statement, run) // true: labelled as `noop` of `p`, in the place of `p-scan`
 */
export function contradictsPlace({ predicate }: Statement, run: RunArtifact): boolean {
  const own = environmentOf(predicate)
  const record = text(own.annotations[RECORD])?.split('/')
  if (record?.length === 5 && run.uid !== '' && record[4] !== run.uid) return true
  return run.kind === 'TaskRun' ? isOtherTask(own.labels, run) : hasOtherTasks(predicate, run)
}

function isOtherTask(labels: Fields, run: RunArtifact): boolean {
  const pipelineRun = text(labels[PIPELINE_RUN])
  const task = text(labels[PIPELINE_TASK])
  if (pipelineRun === undefined || task === undefined) return false
  const name = `${pipelineRun}-${task}`
  if (name.length > MAX_NAME - 5) return false
  return !isCalled(run, name, true)
}

function hasOtherTasks(predicate: unknown, run: RunArtifact): boolean {
  const tasks = memberIn(predicate, 'buildConfig', 'tasks')
  if (!Array.isArray(tasks)) return false
  return tasks.some((task: unknown) => {
    const { labels } = environmentOf(task)
    const uid = text(labels[PIPELINE_RUN_UID])
    if (uid !== undefined && run.uid !== '' && uid !== run.uid) return true
    const name = text(labels[PIPELINE_RUN])
    return name !== undefined && !isCalled(run, name, false)
  })
}

/** True as well where the slot does not say. The name of a run of a matrix or of an older Tekton goes on after the task's name. */
function isCalled({ name, claim }: RunArtifact, wanted: string, mayGoOn: boolean): boolean {
  if (name !== '') return name === wanted || (mayGoOn && name.startsWith(`${wanted}-`))
  const joined = claim?.joined
  return joined === undefined || joined.endsWith(`-${wanted}`) || (mayGoOn && joined.includes(`-${wanted}-`))
}

type Fields = Readonly<Record<string, unknown>>

/** Of SLSA v0.2; SLSA v1.0 has labels only under Chains' build type slsa-tekton. */
function environmentOf(said: unknown): { readonly labels: Fields; readonly annotations: Fields } {
  const old = memberIn(said, 'invocation', 'environment')
  const current = memberIn(said, 'buildDefinition', 'internalParameters')
  const of = (key: string): Fields => ({ ...recordIn(memberIn(old, key)), ...recordIn(memberIn(current, key)) })
  return { labels: of('labels'), annotations: of('annotations') }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
