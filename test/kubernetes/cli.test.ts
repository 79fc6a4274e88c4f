import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { describeWith } from '../servers/endpoints.ts'
import { type Outcome, prov } from '../support/cli.ts'
import { type Api, realApi } from '../support/kubernetes-api.ts'
import { marksOf, reportOf } from '../support/report.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { testFolder } from '../support/tekton.ts'

let api: Api

const LIVE = /^chains\.tekton\.dev\/(?:payload|signature|cert|chain)-/

function fixture(name: string): Pick<RunArtifact, 'kind' | 'object'> {
  const object = parse(readFileSync(runFixture(name), 'utf8')) as RunArtifact['object']
  return { kind: object['kind'] === 'PipelineRun' ? 'PipelineRun' : 'TaskRun', object }
}

function cli(command: string, args: readonly string[], cwd?: string): Promise<Outcome> {
  const cluster = ['-n', api.namespace, '--kubeconfig', api.kubeconfig]
  const key = { store: ['--key', PRIVATE_KEY], verify: ['--key', PUBLIC_KEY] }[command] ?? []
  const options = { env: { PROV_PASSWORD: PASSWORD }, ...(cwd === undefined ? {} : { cwd }) }
  return prov([...command.split(' '), '--storage', 'tekton', ...key, ...cluster, ...args], options)
}

describeWith(['kube-apiserver'], 'the command line on a cluster', () => {
  beforeAll(async () => {
    api = await realApi()
  })

  test('a run is stored, verified, completed and read where it lives', async () => {
    const run = await api.create(fixture('buildpacks-taskrun.yaml'))
    const before = await api.annotations(run)
    const name = `taskrun/${run.name}`
    const plan = await cli('store', ['--dry-run', name])
    expect([plan.code, plan.stdout]).toEqual([0, expect.stringContaining(`cluster:${api.namespace}/${name}#`)])
    expect(await api.annotations(run)).toEqual(before)

    expect((await cli('verify', [name])).code).toBe(5)
    expect(await cli('store', [name])).toMatchObject({ code: 0, stderr: '' })
    const after = await api.annotations(run)
    expect(after).toMatchObject({ ...before, 'chains.tekton.dev/signed': 'true' })
    expect(Object.keys(after).filter((key) => LIVE.test(key))).toHaveLength(8)
    const report = reportOf(await cli('verify', ['--json', `tr/${run.name}`]))
    expect(report.exit).toBe(0)
    expect(marksOf(report)).toEqual(['tekton dsse =', 'tekton raw ='])

    // A second run changes nothing; a copy that is gone comes back with the same signature.
    expect((await cli('store', [name])).code).toBe(0)
    expect(await api.annotations(run)).toEqual(after)
    await api.annotate(
      run,
      Object.fromEntries(
        Object.keys(after)
          .filter((k) => /taskrun-/.test(k))
          .map((k) => [k, null]),
      ),
    )
    expect((await cli('verify', [name])).code).toBe(5)
    expect((await cli('store', [name])).code).toBe(0)
    expect((await cli('verify', [name])).code).toBe(0)

    const payload = Buffer.from(after[`chains.tekton.dev/payload-taskrun-${run.uid}`] ?? '', 'base64')
    const got = await prov(['get', 'payload', '--storage', 'tekton', name, ...clusterFlags()])
    expect(got.bytes).toEqual(payload)
    const made = await prov(['payload', name, ...clusterFlags()])
    expect(made.bytes).toEqual(payload)
    const listed = await prov(['list', '--storage', 'tekton', ...clusterFlags()])
    expect(listed.stdout.split('\n').filter((line) => line.includes(run.uid))).toHaveLength(2)
  })

  test('a PipelineRun brings its TaskRuns, each stored on its own object', async () => {
    const child = await api.create(fixture('kaniko-taskrun.json'))
    const childReferences = [
      { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: child.name, pipelineTaskName: 'build' },
    ]
    const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:05:00Z' }
    const status = { childReferences, conditions: [], ...times }
    const object = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: {}, spec: {}, status }
    const parent = await api.create({ kind: 'PipelineRun', object })
    const stored = await cli('store', [`pr/${parent.name}`])
    expect([stored.code, stored.stderr]).toEqual([0, ''])
    expect(Object.keys(await api.annotations(parent)).filter((key) => LIVE.test(key))).toHaveLength(4)
    expect(Object.keys(await api.annotations(child)).filter((key) => LIVE.test(key)).length).toBeGreaterThanOrEqual(8)
    expect((await cli('verify', [`pipelinerun/${parent.name}`])).code).toBe(0)
  })

  test('what a run has no room for is not signed, and says so', async () => {
    const run = await api.create(fixture('no-results-taskrun.yaml'))
    await api.annotate(run, { theirs: 'x'.repeat(260_000) })
    const before = await api.annotations(run)
    const { code, stdout } = await cli('store', ['--json', `taskrun/${run.name}`])
    expect(code).toBe(7)
    const { items, findings } = JSON.parse(stdout) as {
      readonly items: readonly { readonly source: string; readonly signatures: readonly string[] }[]
      readonly findings: readonly { readonly code: string }[]
    }
    expect(items).toMatchObject([{ source: 'planned', signatures: [] }])
    expect(findings).toMatchObject([{ code: 'entry_too_large', backend: 'tekton' }])
    expect(await api.annotations(run)).toEqual(before)
    const plan = await cli('store', ['--dry-run', `taskrun/${run.name}`])
    expect([plan.code, plan.stdout]).toEqual([7, expect.stringContaining('262144')])
  })

  test('a run that is not there, a wrong context, and a name that is a path as well are exit 2', async () => {
    expect(await cli('verify', ['taskrun/nobody'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no such run'),
    })
    const wrong = await cli('verify', ['--context', 'nowhere', 'taskrun/nobody'])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('it has token, cert')])
    const folder = testFolder()
    mkdirSync(join(folder, 'taskrun'))
    writeFileSync(join(folder, 'taskrun/both'), '')
    const both = await cli('verify', ['taskrun/both'], folder)
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('./taskrun/both')])
  })

  test('a file of the run goes to the live object only when asked to', async () => {
    const run = await api.create(fixture('no-results-taskrun.yaml'))
    const file = join(testFolder(), 'run.json')
    writeFileSync(file, JSON.stringify(run.object))
    const set = ['--set', 'storage.tekton.cluster=true']
    expect((await cli('store', [...set, file])).code).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(run.object)
    expect((await api.annotations(run))['chains.tekton.dev/signed']).toBe('true')
    expect((await cli('verify', [...set, file])).code).toBe(0)
    expect((await cli('verify', [file])).code).toBe(5)
  })

  test('the configuration is read from the ConfigMap of the cluster', async () => {
    const path = `/api/v1/namespaces/${api.namespace}/configmaps`
    const data = { 'builder.id': 'https://builder.example', 'artifacts.taskrun.storage': 'tekton, oci', _example: 'x' }
    await api.call('POST', path, { kind: 'ConfigMap', metadata: { name: 'chains-config' }, data })
    const reference = `configmap/${api.namespace}/chains-config`
    const show = await prov(['config', 'show', '--json', '--config', reference], {
      env: { KUBECONFIG: api.kubeconfig },
    })
    expect(show.stderr).toBe('')
    expect(JSON.parse(show.stdout)).toMatchObject({
      settings: expect.arrayContaining([
        expect.objectContaining({ key: 'builder.id', value: 'https://builder.example', origin: 'file' }),
        expect.objectContaining({ key: 'artifacts.taskrun.storage', value: 'tekton,oci', origin: 'file' }),
      ]),
    })
    const gone = await prov(['config', 'check', '--config', `${reference}-2`], { env: { KUBECONFIG: api.kubeconfig } })
    expect(gone.code).toBe(2)
    expect(gone.stderr).toMatch(/^prov: [a-z_]+: .*chains-config-2/)
  })
})

function clusterFlags(): readonly string[] {
  return ['-n', api.namespace, '--kubeconfig', api.kubeconfig]
}
