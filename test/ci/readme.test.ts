/** The examples of docs/ci.md name what is there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../support/cli.ts'
import { ACTION } from './action.ts'
import { documents, PIPELINE, type PipelineTask, TASK } from './tekton.ts'

const section = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8')
const [github, tekton, gitlab] = [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  (match) => parse(match[1] ?? '') as unknown,
)

test('GitHub: every input is one of the action', () => {
  const [step] = github as readonly { readonly with: Readonly<Record<string, string>> }[]
  const used = Object.keys(step?.with ?? {})
  expect(used.length).toBeGreaterThan(3)
  expect(used.filter((name) => !(name in ACTION.inputs))).toEqual([])
})

test('Tekton: every param is one of the Task, as in the pipeline', () => {
  const [task] = (tekton as { readonly finally: readonly PipelineTask[] }).finally
  const names = TASK.spec.params.map(({ name }) => name)
  expect(task?.taskRef.name).toBe(TASK.metadata.name)
  expect(task?.params.filter(({ name }) => !names.includes(name))).toEqual([])
  expect(PIPELINE.spec.finally[0]?.params).toEqual(expect.arrayContaining([...(task?.params ?? [])]))
})

test('GitLab: every input is one of the file', () => {
  const { include } = gitlab as { readonly include: readonly { readonly component: string; readonly inputs: object }[] }
  const { spec } = documents('../templates/prov.yml')[0] as { readonly spec: { readonly inputs: object } }
  expect(include[0]?.component).toMatch(/\/prov@COMMIT$/)
  expect(Object.keys(include[0]?.inputs ?? {}).filter((name) => !(name in spec.inputs))).toEqual([])
})
