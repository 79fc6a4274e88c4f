/** `resolvedDependencies` of a SLSA v1.0 predicate (formats/slsa/internal/resolved_dependencies, Chains 0.29). Pure. */
import type { RunArtifact } from '../../model/artifact.ts'
import { goStruct } from '../go/struct.ts'
import { executedTasks } from '../tekton/pipeline-tasks.ts'
import { pipelineRunView, type RefSource, readingRun, taskRunView } from '../tekton/run-view.ts'
import { NoValueError } from '../tekton/shape.ts'
import { type Json, protoJson } from '../tekton/values.ts'
import { imageMaterials, inputMaterials, pipelineInputs, stepInputs } from './materials.ts'
import type { Named } from './merge.ts'

export interface DependencyOptions {
  /** v2alpha4: results of steps and remote StepActions count. */
  readonly stepActions: boolean
  readonly deepInspection: boolean
  /** Build type slsa-tekton: each TaskRun of a PipelineRun is put in whole. */
  readonly wholeTaskRuns: boolean
}

interface Descriptor {
  readonly name?: string
  readonly uri?: string
  readonly digest?: Readonly<Record<string, string>>
  /** base64 */
  readonly content?: string
}

/** Everything that went into a run, in Chains' order. Throws `input_invalid` for an image without digest. */
export function resolvedDependencies(run: RunArtifact, options: DependencyOptions): readonly Json[] {
  const all = run.kind === 'TaskRun' ? ofTaskRun(run, options) : ofPipelineRun(run, options)
  return all.map((one) => ({ ...one }))
}

function ofTaskRun(run: RunArtifact, options: DependencyOptions): readonly Descriptor[] {
  const view = taskRunView(run)
  const found = [
    ...imageMaterials(run).map((one) => described(one)),
    ...(options.stepActions ? [...stepInputs(view).map(asInput), ...stepActions(run)] : []),
    ...inputMaterials(view).map(asInput),
  ]
  return [...sources('task', view.refSource), ...once(found)]
}

function ofPipelineRun(run: RunArtifact, options: DependencyOptions): readonly Descriptor[] {
  const tasks = executedTasks(run)
  return once([
    ...sources('pipeline', pipelineRunView(run).refSource),
    ...tasks.flatMap(({ run: child }) => ofChild(child, options)),
    ...(options.deepInspection && options.stepActions
      ? tasks.flatMap(({ run: child }) => stepInputs(taskRunView(child)).map(asInput))
      : []),
    ...pipelineInputs(run, options.deepInspection).map(asInput),
  ])
}

/** What one TaskRun of a PipelineRun brings; nothing where Chains cannot write it down whole. */
function ofChild(child: RunArtifact, options: DependencyOptions): readonly Descriptor[] {
  const definition = options.wholeTaskRuns ? wholeTaskRun(child) : sources('pipelineTask', taskRunView(child).refSource)
  if (definition === undefined) return []
  const images = imageMaterials(child).map((one) => described(one))
  return [...definition, ...(options.stepActions ? stepActions(child) : []), ...images]
}

/** The first of those with one uri, digest and content; the definitions themselves always stay. */
function once(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  const seen = new Set<string>()
  return descriptors.filter(({ name, uri, digest, content }) => {
    const key = JSON.stringify([uri ?? '', protoJson(digest ?? {}), content ?? ''])
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew || name === 'task' || name === 'pipeline' || name?.startsWith('stepAction/') === true
  })
}

function stepActions(run: RunArtifact): readonly Descriptor[] {
  return taskRunView(run).steps.flatMap((step) => sources(`stepAction/${step.name}`, step.refSource))
}

function sources(name: string, source: RefSource | undefined): readonly Descriptor[] {
  return source === undefined ? [] : [described({ name: source.uri, digest: source.digest }, name)]
}

function wholeTaskRun(run: RunArtifact): readonly Descriptor[] | undefined {
  const text = readingRun(run, () => {
    try {
      return goStruct(run.object, 'TaskRun', run.name)
    } catch (error) {
      if (error instanceof NoValueError) return undefined
      throw error
    }
  })
  if (text === undefined) return undefined
  const [source = {}] = sources('pipelineTask', taskRunView(run).refSource)
  return [{ ...source, name: 'pipelineTask', content: Buffer.from(text).toString('base64') }]
}

function asInput(one: Named): Descriptor {
  return described(one, 'inputs/result')
}

function described({ name: uri, digest }: Named, name?: string): Descriptor {
  return {
    ...(name === undefined ? {} : { name }),
    ...(uri === '' ? {} : { uri }),
    ...(Object.keys(digest).length === 0 ? {} : { digest }),
  }
}
