/** Runs the steps of action.yml as GitHub's runner does, as far as a composite action of `run` steps needs it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { cleanEnv, type Outcome, ROOT, run } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

interface Step {
  readonly id?: string
  readonly name: string
  readonly shell: string
  readonly run: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Action {
  readonly name: string
  readonly description: string
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly required?: boolean; readonly default?: string }>
  >
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

export const ACTION = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action

export interface Ran {
  /** Status of the step that ended the action. */
  readonly code: number | null
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  /** What the log shows. */
  readonly log: string
}

export interface Runner {
  /** The workspace: where the workflow's own files are. */
  readonly cwd: string
  /** What the workflow sets for the job. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the action was checked out. */
  readonly action?: string
}

/**
 * One use of the action, with these values under `with:`.
 *
 * @example (await useAction({ command: 'verify', … }, { cwd })).outputs['exit'] // '0'
 */
export async function useAction(given: Readonly<Record<string, string>>, runner: Runner): Promise<Ran> {
  const unknown = Object.keys(given).filter((name) => !(name in ACTION.inputs))
  if (unknown.length > 0) throw new Error(`the action has no input ${unknown.join(', ')}`)
  const temp = join(scratch(), 'runner temp')
  mkdirSync(temp)
  const summary = join(temp, 'summary')
  writeFileSync(summary, '')
  const steps = new Map<string, Readonly<Record<string, string>>>()
  let log = ''
  let code: number | null = 0
  for (const [i, step] of ACTION.runs.steps.entries()) {
    const output = join(temp, `output-${i}`)
    const script = join(temp, `step-${i}.sh`)
    writeFileSync(output, '')
    writeFileSync(script, step.run)
    const own = Object.entries(step.env ?? {}).map(([name, text]) => [name, evaluate(text, given)] as const)
    const outcome: Outcome = await run('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
      cwd: runner.cwd,
      env: cleanEnv({
        PATH: process.env['PATH'] ?? '',
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: runner.action ?? ROOT,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        RUNNER_TEMP: temp,
        ...runner.env,
        ...Object.fromEntries(own),
      }),
    })
    log += outcome.stdout + outcome.stderr
    code = outcome.code
    if (step.id !== undefined) steps.set(step.id, outputsIn(readFileSync(output, 'utf8')))
    if (code !== 0) break
  }
  const outputs = Object.entries(ACTION.outputs).map(([name, { value }]) => [name, outputOf(value, steps)] as const)
  return { code, outputs: Object.fromEntries(outputs), summary: readFileSync(summary, 'utf8'), log }
}

const INPUT = /^\$\{\{ inputs\.([a-z]+) \}\}$/

function evaluate(text: string, given: Readonly<Record<string, string>>): string {
  const name = INPUT.exec(text)?.[1]
  if (name === undefined) throw new Error(`an expression that this runner does not know: ${text}`)
  return given[name] ?? ACTION.inputs[name]?.default ?? ''
}

function outputOf(value: string, steps: ReadonlyMap<string, Readonly<Record<string, string>>>): string {
  const [, step = '', name = ''] = /^\$\{\{ steps\.([a-z]+)\.outputs\.([a-z]+) \}\}$/.exec(value) ?? []
  return steps.get(step)?.[name] ?? ''
}

function outputsIn(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}
