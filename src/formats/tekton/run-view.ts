/**
 * A run as the formats see it: the members of the Tekton object that payloads are made of, checked and defaulted like Tekton's v1 Go types.
 * Other members are ignored.
 */

import { ProvError } from '../../errors.ts'
import type { RunArtifact } from '../../model/artifact.ts'
import type { Moment } from '../go/time.ts'
import { resultTasks } from './result-references.ts'
import { type Fields, list, maybeObject, object, param, ShapeError, text, texts, time } from './shape.ts'
import type { HintedResult } from './type-hints.ts'
import type { ParamValue } from './values.ts'

export interface RefSource {
  readonly uri: string
  readonly digest: Readonly<Record<string, string>>
  readonly entryPoint: string
}

export interface Param {
  readonly name: string
  readonly value: ParamValue | undefined
}

export interface Result extends HintedResult {
  /** '' when absent. */
  readonly type: string
}

export interface SpecStep {
  readonly name: string
  readonly command: readonly string[]
  /** undefined when absent, which Chains writes as null. */
  readonly args: readonly string[] | undefined
  readonly script: string
}

export interface StepState {
  readonly name: string
  readonly imageID: string
  readonly results: readonly Result[]
  readonly refSource: RefSource | undefined
}

/** What both kinds of run have. */
export interface RunView {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** False where the object has no such member at all (Chains writes null then). */
  readonly hasLabels: boolean
  readonly hasAnnotations: boolean
  readonly params: readonly Param[]
  /** Params declared with a default, from the resolved spec in the status. */
  readonly defaults: readonly Param[]
  readonly results: readonly Result[]
  readonly startTime: Moment | undefined
  readonly completionTime: Moment | undefined
  readonly refSource: RefSource | undefined
  /** `status.provenance.featureFlags`, unchanged. */
  readonly featureFlags: Fields | undefined
  /** `resolver` of the taskRef or pipelineRef, '' when none. */
  readonly resolver: string
}

export interface TaskRunView extends RunView {
  /** Status of the first condition, '' when none. */
  readonly condition: string
  /** undefined without a `status.taskSpec`. */
  readonly specSteps: readonly SpecStep[] | undefined
  readonly steps: readonly StepState[]
  /** `imageID` of each sidecar. */
  readonly sidecars: readonly string[]
}

export interface TaskRef {
  readonly name: string
  readonly kind: string
  readonly apiVersion: string
  readonly resolver: string
  readonly params: readonly Param[]
}

export interface PipelineTask {
  readonly name: string
  readonly runAfter: readonly string[]
  /** Tasks whose results it uses, in order, repeats included. */
  readonly uses: readonly string[]
  readonly taskRef: TaskRef | undefined
}

export interface PipelineRunView extends RunView {
  readonly serviceAccountName: string
  /** undefined without a `status.pipelineSpec`. */
  readonly tasks: readonly PipelineTask[] | undefined
  readonly finally: readonly PipelineTask[]
  /** Names of the TaskRuns in `status.childReferences`. */
  readonly children: readonly string[]
}

const taskRuns = new WeakMap<Fields, TaskRunView>()
const pipelineRuns = new WeakMap<Fields, PipelineRunView>()

/**
 * A TaskRun's view. Throws `input_invalid` with the path of the first member of a wrong type.
 *
 * @example taskRunView(run).results[0]?.name // 'IMAGE_URL'
 */
export function taskRunView(run: RunArtifact): TaskRunView {
  return view(run, taskRuns, readTaskRun)
}

/** A PipelineRun's view; throws as {@link taskRunView}. */
export function pipelineRunView(run: RunArtifact): PipelineRunView {
  return view(run, pipelineRuns, readPipelineRun)
}

/** Either, by the kind of the run. */
export function runView(run: RunArtifact): TaskRunView | PipelineRunView {
  return run.kind === 'TaskRun' ? taskRunView(run) : pipelineRunView(run)
}

/**
 * `input_invalid` about a run, with its name and the file it came from.
 *
 * @example throw invalidRun(run, 'step "build" has no image digest', 'Chains refuses such a run as well')
 */
export function invalidRun(run: RunArtifact, what: string, hint: string): ProvError {
  const file = run.source === undefined ? '' : `${run.source.file}: `
  const short = what.replace(/\p{Cc}+/gu, ' ')
  const said = short.length > 240 ? `${short.slice(0, 239)}…` : short
  return new ProvError('input_invalid', `${file}${run.kind} ${run.namespace}/${run.name}: ${said}`, {
    hint,
    ...(run.source === undefined ? {} : { location: run.source.file }),
  })
}

/**
 * Runs `read`, which may throw {@link ShapeError}, and throws that as `input_invalid` about this run instead.
 *
 * @example readingRun(run, () => text(run.object['kind'], 'kind'))
 */
export function readingRun<T>(run: RunArtifact, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ShapeError)
      throw invalidRun(run, error.message, 'compare it with what kubectl get -o yaml prints')
    throw error
  }
}

function view<T>(run: RunArtifact, known: WeakMap<Fields, T>, read: (fields: Fields) => T): T {
  const made = known.get(run.object)
  if (made !== undefined) return made
  const fresh = readingRun(run, () => read(run.object))
  known.set(run.object, fresh)
  return fresh
}

function readTaskRun(run: Fields): TaskRunView {
  const status = object(run['status'], 'status')
  const taskSpec = maybeObject(status['taskSpec'], 'status.taskSpec')
  const taskRef = object(object(run['spec'], 'spec')['taskRef'], 'spec.taskRef')
  const conditions = list(status['conditions'], 'status.conditions', (one, at) =>
    text(object(one, at)['status'], `${at}.status`),
  )
  return {
    ...common(run, status, taskSpec, 'status.taskSpec'),
    resolver: text(taskRef['resolver'], 'spec.taskRef.resolver'),
    condition: conditions[0] ?? '',
    specSteps: taskSpec === undefined ? undefined : list(taskSpec['steps'], 'status.taskSpec.steps', specStep),
    steps: list(status['steps'], 'status.steps', stepState),
    sidecars: list(status['sidecars'], 'status.sidecars', (one, at) =>
      text(object(one, at)['imageID'], `${at}.imageID`),
    ),
  }
}

function readPipelineRun(run: Fields): PipelineRunView {
  const spec = object(run['spec'], 'spec')
  const status = object(run['status'], 'status')
  const pipelineSpec = maybeObject(status['pipelineSpec'], 'status.pipelineSpec')
  const template = object(spec['taskRunTemplate'], 'spec.taskRunTemplate')
  const pipelineRef = object(spec['pipelineRef'], 'spec.pipelineRef')
  const references = list(status['childReferences'], 'status.childReferences', (one, at) => ({
    name: text(object(one, at)['name'], `${at}.name`),
    kind: text(object(one, at)['kind'], `${at}.kind`),
  }))
  return {
    ...common(run, status, pipelineSpec, 'status.pipelineSpec'),
    resolver: text(pipelineRef['resolver'], 'spec.pipelineRef.resolver'),
    serviceAccountName: text(template['serviceAccountName'], 'spec.taskRunTemplate.serviceAccountName'),
    tasks:
      pipelineSpec === undefined ? undefined : list(pipelineSpec['tasks'], 'status.pipelineSpec.tasks', pipelineTask),
    finally: list(pipelineSpec?.['finally'], 'status.pipelineSpec.finally', pipelineTask),
    children: references.filter((r) => r.kind === 'TaskRun' || r.kind === '').map((r) => r.name),
  }
}

function common(run: Fields, status: Fields, resolved: Fields | undefined, at: string): Omit<RunView, 'resolver'> {
  const metadata = object(run['metadata'], 'metadata')
  const provenance = object(status['provenance'], 'status.provenance')
  const declared = list(resolved?.['params'], `${at}.params`, (one, path) => {
    const fields = object(one, path)
    const value = fields['default'] === null ? undefined : param(fields['default'], `${path}.default`)
    return { name: text(fields['name'], `${path}.name`), value }
  })
  return {
    labels: texts(metadata['labels'], 'metadata.labels'),
    annotations: texts(metadata['annotations'], 'metadata.annotations'),
    hasLabels: (metadata['labels'] ?? undefined) !== undefined,
    hasAnnotations: (metadata['annotations'] ?? undefined) !== undefined,
    params: list(object(run['spec'], 'spec')['params'], 'spec.params', paramOf),
    defaults: declared.filter((one) => one.value !== undefined),
    results: list(status['results'], 'status.results', result),
    startTime: time(status['startTime'], 'status.startTime'),
    completionTime: time(status['completionTime'], 'status.completionTime'),
    refSource: refSource(provenance, 'status.provenance'),
    featureFlags: maybeObject(provenance['featureFlags'], 'status.provenance.featureFlags'),
  }
}

function paramOf(value: unknown, path: string): Param {
  const fields = object(value, path)
  return { name: text(fields['name'], `${path}.name`), value: param(fields['value'], `${path}.value`) }
}

function result(value: unknown, path: string): Result {
  return { ...paramOf(value, path), type: text(object(value, path)['type'], `${path}.type`) }
}

function refSource(provenance: Fields, path: string): RefSource | undefined {
  const at = `${path}.refSource`
  const fields = maybeObject(provenance['refSource'], at)
  if (fields === undefined) return undefined
  return {
    uri: text(fields['uri'], `${at}.uri`),
    digest: texts(fields['digest'], `${at}.digest`),
    entryPoint: text(fields['entryPoint'], `${at}.entryPoint`),
  }
}

function specStep(value: unknown, path: string): SpecStep {
  const fields = object(value, path)
  return {
    name: text(fields['name'], `${path}.name`),
    command: list(fields['command'], `${path}.command`, text),
    args: (fields['args'] ?? undefined) === undefined ? undefined : list(fields['args'], `${path}.args`, text),
    script: text(fields['script'], `${path}.script`),
  }
}

function stepState(value: unknown, path: string): StepState {
  const fields = object(value, path)
  return {
    name: text(fields['name'], `${path}.name`),
    imageID: text(fields['imageID'], `${path}.imageID`),
    results: list(fields['results'], `${path}.results`, result),
    refSource: refSource(object(fields['provenance'], `${path}.provenance`), `${path}.provenance`),
  }
}

function pipelineTask(value: unknown, path: string): PipelineTask {
  const fields = object(value, path)
  const ref = maybeObject(fields['taskRef'], `${path}.taskRef`)
  return {
    name: text(fields['name'], `${path}.name`),
    runAfter: list(fields['runAfter'], `${path}.runAfter`, text),
    uses: resultTasks(fields, path),
    taskRef:
      ref === undefined
        ? undefined
        : {
            name: text(ref['name'], `${path}.taskRef.name`),
            kind: text(ref['kind'], `${path}.taskRef.kind`),
            apiVersion: text(ref['apiVersion'], `${path}.taskRef.apiVersion`),
            resolver: text(ref['resolver'], `${path}.taskRef.resolver`),
            params: list(ref['params'], `${path}.taskRef.params`, paramOf),
          },
  }
}
