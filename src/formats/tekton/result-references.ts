/**
 * Which tasks' results a pipeline task uses: every `$(tasks.<name>.results.<result>)` in its params, matrix, when expressions and
 * embedded steps, in the order Tekton walks them (pkg/apis/pipeline/v1/resultref.go PipelineTaskResultRefs). Pure.
 */
import { type Fields, list, maybeObject, object, param, text } from './shape.ts'

/**
 * Names of the tasks, in order, repeats included.
 *
 * @example resultTasks({ params: [{ name: 'image', value: '$(tasks.build.results.IMAGE_URL)' }] }, 'tasks[0]') // ['build']
 */
export function resultTasks(task: Fields, path: string): readonly string[] {
  const matrix = object(task['matrix'], `${path}.matrix`)
  const include = list(matrix['include'], `${path}.matrix.include`, (one, at) =>
    inParams(object(one, at)['params'], `${at}.params`),
  )
  const spec = object(task['taskSpec'], `${path}.taskSpec`)
  return [
    inParams(task['params'], `${path}.params`),
    inParams(matrix['params'], `${path}.matrix.params`),
    include.flat(),
    list(task['when'], `${path}.when`, inWhen).flat(),
    list(spec['steps'], `${path}.taskSpec.steps`, inContainer).flat(),
    list(spec['sidecars'], `${path}.taskSpec.sidecars`, inContainer).flat(),
  ].flatMap((found) => found.flatMap(tasksIn))
}

function inParams(value: unknown, path: string): readonly string[] {
  return list(value, path, (one, at) => {
    const read = param(object(one, at)['value'], `${at}.value`)
    return typeof read === 'string' ? [read] : Object.values(read ?? [])
  }).flat()
}

function inWhen(value: unknown, path: string): readonly string[] {
  const when = object(value, path)
  return [
    text(when['input'], `${path}.input`),
    text(when['cel'], `${path}.cel`),
    ...list(when['values'], `${path}.values`, text),
  ]
}

function inContainer(value: unknown, path: string): readonly string[] {
  const fields = object(value, path)
  const plain = ['name', 'image', 'imagePullPolicy', 'script', 'workingDir'].map((key) =>
    text(fields[key], `${path}.${key}`),
  )
  const env = list(fields['env'], `${path}.env`, (one, at) => {
    const variable = object(one, at)
    const from = object(variable['valueFrom'], `${at}.valueFrom`)
    return [
      text(variable['value'], `${at}.value`),
      ...inReference(from['secretKeyRef'], `${at}.valueFrom.secretKeyRef`),
      ...inReference(from['configMapKeyRef'], `${at}.valueFrom.configMapKeyRef`),
    ]
  })
  return [
    ...plain,
    ...list(fields['command'], `${path}.command`, text),
    ...list(fields['args'], `${path}.args`, text),
    ...env.flat(),
  ]
}

function inReference(value: unknown, path: string): readonly string[] {
  const fields = maybeObject(value, path)
  return fields === undefined ? [] : [text(fields['key'], `${path}.key`), text(fields['name'], `${path}.name`)]
}

function tasksIn(value: string): readonly string[] {
  const expressions = value.match(/\$\([_a-zA-Z0-9.-]+(?:\[(?:[0-9]+|\*)\])?\)/g) ?? []
  return expressions.flatMap((expression) => {
    const parts = expression.slice(2, -1).split('.')
    const refers = (parts[0] === 'tasks' || parts[0] === 'finally') && parts[2] === 'results'
    return refers && (parts.length === 4 || parts.length === 5) ? [parts[1] ?? ''] : []
  })
}
