/** Runs of tekton.dev/v1beta1 in the shape of v1, as Tekton's own conversion makes them (pkg/apis/pipeline/v1beta1/*_conversion.go). Pure. */
import { isRecord } from '../platform/text/guards.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The same run in v1 shape; only members that differ between the versions change. Members of a wrong type pass as they are and are refused
 * later, by path.
 *
 * @example asV1({ apiVersion: 'tekton.dev/v1beta1', kind: 'TaskRun', status: { taskResults: [] } }) // … status: { results: [] }
 */
export function asV1(run: Fields): Fields {
  const isTask = run['kind'] === 'TaskRun'
  return {
    ...run,
    apiVersion: 'tekton.dev/v1',
    ...change(run, 'spec', isTask ? taskRunSpec : pipelineRunSpec),
    ...change(run, 'status', isTask ? taskRunStatus : pipelineRunStatus),
  }
}

function taskRunSpec(spec: Fields): Fields {
  const { resources: _, ...rest } = renamed(spec, { stepOverrides: 'stepSpecs', sidecarOverrides: 'sidecarSpecs' })
  return {
    ...rest,
    ...change(rest, 'taskSpec', taskSpec),
    ...changeEach(rest, ['stepSpecs', 'sidecarSpecs'], computeResources),
  }
}

function taskRunStatus(status: Fields): Fields {
  const { results: _, cloudEvents: __, resourcesResult: ___, artifacts: ____, spanContext: _____, ...rest } = status
  const made = renamed(rest, { taskResults: 'results' })
  return {
    ...made,
    ...change(made, 'taskSpec', taskSpec),
    ...changeEach(made, ['steps'], stepState),
    ...changeEach(made, ['retriesStatus'], taskRunStatus),
  }
}

/** v1beta1 has no such member of its own. */
function stepState(step: Fields): Fields {
  const { terminationReason: _, ...rest } = step
  const terminated = step['terminated']
  return isRecord(terminated) ? { ...rest, terminationReason: terminated['reason'] } : rest
}

function pipelineRunSpec(spec: Fields): Fields {
  const { serviceAccountName, podTemplate, timeout, resources: _, taskRunTemplate: __, ...rest } = spec
  return {
    ...rest,
    ...(timeout === undefined ? {} : { timeouts: { pipeline: timeout } }),
    taskRunTemplate: {
      ...(podTemplate === undefined ? {} : { podTemplate }),
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    },
    ...change(rest, 'pipelineSpec', pipelineSpec),
    ...changeEach(rest, ['taskRunSpecs'], (one) =>
      changed(
        renamed(one, {
          taskServiceAccountName: 'serviceAccountName',
          taskPodTemplate: 'podTemplate',
          stepOverrides: 'stepSpecs',
          sidecarOverrides: 'sidecarSpecs',
        }),
        ['stepSpecs', 'sidecarSpecs'],
      ),
    ),
  }
}

function pipelineRunStatus(status: Fields): Fields {
  const { results: _, taskRuns: __, runs: ___, ...rest } = status
  const made = renamed(rest, { pipelineResults: 'results' })
  return { ...made, ...change(made, 'pipelineSpec', pipelineSpec) }
}

function pipelineSpec(spec: Fields): Fields {
  const { resources: _, ...rest } = spec
  return {
    ...rest,
    ...changeEach(rest, ['params'], paramSpec),
    ...changeEach(rest, ['tasks', 'finally'], (task) => {
      const { resources: __, conditions: ___, ...kept } = task
      return { ...kept, ...change(kept, 'taskSpec', taskSpec) }
    }),
  }
}

function taskSpec(spec: Fields): Fields {
  const { resources: _, ...rest } = spec
  return {
    ...changed(rest, ['steps', 'sidecars']),
    ...changeEach(rest, ['params'], paramSpec),
    ...change(rest, 'stepTemplate', computeResources),
  }
}

function paramSpec(param: Fields): Fields {
  return { ...param, type: param['type'] || 'string' }
}

function changed(fields: Fields, lists: readonly string[]): Fields {
  return { ...fields, ...changeEach(fields, lists, computeResources) }
}

function computeResources(container: Fields): Fields {
  return renamed(container, { resources: 'computeResources' })
}

function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [Object.hasOwn(names, key) ? (names[key] ?? key) : key, value]),
  )
}

function change(fields: Fields, key: string, how: (value: Fields) => Fields): Fields {
  const value = fields[key]
  return isRecord(value) ? { [key]: how(value) } : {}
}

function changeEach(fields: Fields, keys: readonly string[], how: (value: Fields) => Fields): Fields {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value: unknown = fields[key]
      return Array.isArray(value) ? [[key, value.map((one: unknown) => (isRecord(one) ? how(one) : one))]] : []
    }),
  )
}
