/** The Tekton Task and the example of a finally task. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { runReference } from '../../src/kubernetes/runs.ts'
import { ROOT } from '../support/cli.ts'
import { place } from '../support/outputs.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from '../support/runs.ts'
import { BINDING, type Finished, PIPELINE, ROLE, runTask, TASK, type Value } from './tekton.ts'
import { PIPELINE_SHAPE, TASK_SHAPE } from './tekton-shape.ts'

const secret = {
  'cosign.key': readFileSync(PRIVATE_KEY, 'utf8'),
  'cosign.password': PASSWORD,
  'cosign.pub': readFileSync(PUBLIC_KEY, 'utf8'),
}

/** Every `$(…)` in a value, wherever it stands. */
function references(value: unknown): readonly string[] {
  return [...JSON.stringify(value).matchAll(/\$\(([^)]*)\)/g)].map((match) => match[1] ?? '')
}

describe('the files', () => {
  test('have the shape of tekton.dev/v1', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: true, allErrors: true })
    const [task, pipeline] = [ajv.compile(TASK_SHAPE), ajv.compile(PIPELINE_SHAPE)]
    expect(task(TASK) ? [] : task.errors).toEqual([])
    expect(pipeline(PIPELINE) ? [] : pipeline.errors).toEqual([])
    expect(task({ ...TASK, spec: { ...TASK.spec, step: [] } })).toBe(false)
  })

  test('refer to nothing that is not declared, and to a list only where Tekton spreads it', () => {
    const { params, results, workspaces, steps, stepTemplate } = TASK.spec
    const declared = [
      ...params.map(({ name, type }) => (type === 'array' ? `params.${name}[*]` : `params.${name}`)),
      ...results.map(({ name }) => `results.${name}.path`),
      ...workspaces.map(({ name }) => `workspaces.${name}.path`),
      'context.taskRun.namespace',
    ]
    const used = references([steps, stepTemplate])
    expect(used.filter((name) => !declared.includes(name))).toEqual([])
    expect(declared.filter((name) => !used.includes(name))).toEqual([])
    const lists = steps.flatMap((step) => step.args).filter((arg) => arg.includes('[*]'))
    expect(lists.every((arg) => /^\$\(params\.[a-z]+\[\*\]\)$/.test(arg))).toBe(true)
    expect(references(PIPELINE.spec.tasks.concat(PIPELINE.spec.finally)).toSorted()).toEqual([
      'context.pipelineRun.name',
      'params.prov-image',
      'params.repository',
    ])
  })

  test('put no param into a script', () => {
    for (const { script } of TASK.spec.steps) {
      expect(references(script)).toEqual(['results.exit.path'])
      expect(script).toMatch(/^#!\/bin\/sh\n/)
    }
  })

  test('the finally task gives the Task what it needs, and nothing else', () => {
    const [last, ...more] = PIPELINE.spec.finally
    expect(more).toEqual([])
    expect(last?.taskRef.name).toBe(TASK.metadata.name)
    const given = new Map(last?.params.map(({ name, value }) => [name, value]))
    for (const { name, type, default: usual } of TASK.spec.params) {
      const value = given.get(name)
      if (usual === undefined) expect(value, name).toBeDefined()
      if (value !== undefined) expect(Array.isArray(value), name).toBe(type === 'array')
    }
    expect([...given.keys()].filter((name) => !TASK.spec.params.some((param) => param.name === name))).toEqual([])
    const [input = ''] = given.get('inputs') ?? []
    expect(runReference(input.replace('$(context.pipelineRun.name)', 'release-4'))).toEqual({
      kind: 'TaskRun',
      name: `release-4-${PIPELINE.spec.tasks[0]?.name}`,
    })
  })

  test('the image has a default, of this version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const image = TASK.spec.params.find(({ name }) => name === 'image')
    expect(image?.default).toMatch(new RegExp(`^[a-z0-9./]+:${version.replaceAll('.', '\\.')}$`))
    const component = readFileSync(join(ROOT, 'templates/prov.yml'), 'utf8')
    expect(component).toContain(`default: ${String(image?.default)}\n`)
  })

  test('the role allows what prov does to a live run, and no more', () => {
    expect(ROLE).toMatchObject({
      rules: [{ apiGroups: ['tekton.dev'], resources: ['taskruns', 'pipelineruns'], verbs: ['get', 'patch'] }],
    })
    expect(BINDING).toMatchObject({ roleRef: { kind: 'Role', name: 'prov' } })
  })
})

describe('the steps', () => {
  const start = (more: Readonly<Record<string, Value>> = {}, at = place()): Promise<Finished> => {
    const args = ['--set', 'storage.docdb.url=sqlite:prov.db', '--set=storage.oci.layout=layout']
    const params = { image: 'prov', storage: 'docdb,oci', inputs: [basename(at.file)], args, ...more }
    return runTask({ params, secret, source: at.folder })
  }

  test('store, then verify: both succeed, exit 0 is the result', async () => {
    const { code, results, steps } = await start()
    expect(code, steps['store']?.stderr).toBe(0)
    expect(results).toEqual({ exit: '0' })
    expect(steps['store']?.stdout).toContain('stored: 4 of 4 copies confirmed')
    expect(steps['verify']?.stdout).toMatch(/^✓ 2 artifacts: all copies agree .*\n4 agree {6}exit 0$/m)
  })

  test('with a source of truth it commits, and delivers in the same step', async () => {
    const { code, steps } = await start({ truth: 'sqlite:truth.db' })
    expect(code, steps['store']?.stderr).toBe(0)
    expect(steps['store']?.stdout).toContain('committed to sqlite:truth.db: all 4 copies delivered')
  })

  test('a store that fails ends the task with its status', async () => {
    const { code, results, steps } = await start({ storage: 'docdb,nope' })
    expect({ code, results, verified: 'verify' in steps }).toEqual({ code: 2, results: { exit: '2' }, verified: false })
  })

  test('verify: false stores only; a verify that fails ends the task with its status', async () => {
    const at = place()
    const first = await start({ verify: 'false' }, at)
    expect(first).toMatchObject({ code: 0, results: { exit: '0' } })
    expect(first.steps['verify']?.stdout).toBe('')
    // Another public key in the Secret than that of the private one.
    const other = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`
    const args = ['--set', 'storage.docdb.url=sqlite:prov.db', '--set=storage.oci.layout=layout']
    const params = { image: 'prov', storage: 'docdb,oci', inputs: [basename(at.file)], args }
    const again = await runTask({ params, secret: { ...secret, 'cosign.pub': other }, source: at.folder })
    expect(again).toMatchObject({ code: 3, results: { exit: '3' } })
  })

  test.each(['$(touch owned)', '"; touch owned; "', "'; touch owned; '", 'a\ntouch owned', '--help'])(
    'a hostile value does nothing: %j',
    async (value) => {
      const at = place()
      const before = readdirSync(at.folder).sort()
      for (const more of [{ storage: value }, { inputs: [value] }]) {
        expect((await start(more, at)).code).toBe(2)
      }
      expect(readdirSync(at.folder).sort()).toEqual(before)
    },
  )
})
