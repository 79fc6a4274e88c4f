/** Tekton's Task and Pipeline, as far as the files of ci/tekton use them, and a step run as Tekton runs it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { BIN, type Outcome, ROOT, run } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

export type Value = string | readonly string[]

export interface Param {
  readonly name: string
  readonly type?: 'string' | 'array'
  readonly description: string
  readonly default?: Value
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
}

export interface Step {
  readonly name: string
  readonly env: readonly EnvVar[]
  readonly args: readonly string[]
  readonly script: string
}

export interface Task {
  readonly kind: 'Task'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly params: readonly Param[]
    readonly results: readonly { readonly name: string }[]
    readonly workspaces: readonly { readonly name: string; readonly optional?: boolean }[]
    readonly stepTemplate: { readonly image: string; readonly env: readonly EnvVar[] }
    readonly steps: readonly Step[]
  }
}

export interface PipelineTask {
  readonly name: string
  readonly taskRef: { readonly name: string }
  readonly params: readonly { readonly name: string; readonly value: Value }[]
}

export interface Pipeline {
  readonly kind: 'Pipeline'
  readonly spec: {
    readonly params: readonly Param[]
    readonly tasks: readonly PipelineTask[]
    readonly finally: readonly PipelineTask[]
  }
}

/** Every document of a file under ci/. A mistake in the YAML is an error. */
export function documents(file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(join(ROOT, 'ci', file), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS() as unknown
  })
}

export const TASK = documents('tekton/task-prov-store.yaml')[0] as Task
const [ROLE, BINDING, PIPELINE_DOCUMENT] = documents('tekton/pipeline-finally-verify.yaml')
export const PIPELINE = PIPELINE_DOCUMENT as Pipeline
export { BINDING, ROLE }

export interface TaskRun {
  readonly params: Readonly<Record<string, Value>>
  readonly secret: Readonly<Record<string, string>>
  /** Where the workspace `source` is. */
  readonly source: string
}

export interface Finished {
  readonly code: number | null
  readonly results: Readonly<Record<string, string>>
  readonly steps: Readonly<Record<string, Outcome>>
}

/**
 * Runs the steps of the Task one after another, until one fails: params and results are put in as Tekton does, by replacing the text, and a
 * script gets the args as its own.
 *
 * @example (await runTask({ params: { storage: 'oci', … }, secret, source })).results['exit'] // '0'
 */
export async function runTask({ params, secret, source }: TaskRun): Promise<Finished> {
  const folder = scratch()
  const bin = scratch()
  writeFileSync(join(bin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(join(bin, 'prov'), 0o755)
  const values = new Map(TASK.spec.params.map(({ name, default: usual }) => [name, params[name] ?? usual]))
  const known: Readonly<Record<string, string>> = {
    'workspaces.source.path': source,
    'context.taskRun.namespace': 'ci',
    ...Object.fromEntries(
      TASK.spec.results.map(({ name }) => [`results.${name}.path`, join(folder, `result-${name}`)]),
    ),
  }
  const put = (text: string): string =>
    text.replaceAll(/\$\(([^)]+)\)/g, (whole, name: string) => {
      const value = name.startsWith('params.') ? values.get(name.slice('params.'.length)) : known[name]
      return typeof value === 'string' ? value : whole
    })
  const argsOf = (arg: string): readonly string[] => {
    const name = /^\$\(params\.([a-z]+)\[\*\]\)$/.exec(arg)?.[1]
    const value = name === undefined ? undefined : values.get(name)
    return Array.isArray(value) ? value : [put(arg)]
  }
  const envOf = ({ name, value, valueFrom }: EnvVar): readonly [string, string] => {
    if (valueFrom === undefined) return [name, put(value ?? '')]
    const text = secret[valueFrom.secretKeyRef.key]
    if (text === undefined) throw new Error(`the Secret has no ${valueFrom.secretKeyRef.key}`)
    return [name, text]
  }
  const steps: Record<string, Outcome> = {}
  let code: number | null = 0
  for (const step of TASK.spec.steps) {
    const script = join(folder, `${step.name}.sh`)
    writeFileSync(script, put(step.script))
    chmodSync(script, 0o755)
    const env = Object.fromEntries([...TASK.spec.stepTemplate.env, ...step.env].map(envOf))
    const path = `${bin}:${process.env['PATH'] ?? ''}`
    const outcome = await run(script, step.args.flatMap(argsOf), { cwd: source, env: { ...env, PATH: path } })
    steps[step.name] = outcome
    code = outcome.code
    if (code !== 0) break
  }
  const results = TASK.spec.results.flatMap(({ name }) => {
    try {
      return [[name, readFileSync(join(folder, `result-${name}`), 'utf8')] as const]
    } catch {
      return []
    }
  })
  return { code, results: Object.fromEntries(results), steps }
}
