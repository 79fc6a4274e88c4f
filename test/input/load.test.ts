import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatNamed } from '../../src/formats/index.ts'
import { loadInputs, selectRuns } from '../../src/input/index.ts'

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/runs/${path}`, import.meta.url))
const folder = (): string => mkdtempSync(join(tmpdir(), 'prov-input-'))
const write = (text: string | Uint8Array, name = 'run.yaml'): string => {
  const path = join(folder(), name)
  writeFileSync(path, text)
  return path
}
const run = (name: string, more: object = {}): object => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { name, namespace: 'ci', uid: `uid-${name}` },
  ...more,
})
async function* stream(...chunks: string[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}
const options = { builderId: 'b', buildType: '', deepInspection: false }

describe('loadInputs', () => {
  it('gives the same run from YAML and from JSON', async () => {
    const yaml = await loadInputs([fixture('buildpacks-taskrun.yaml')])
    const object = yaml.runs[0]?.object
    const json = await loadInputs([write(JSON.stringify(object), 'run.json')])
    expect(json.runs[0]?.object).toEqual(object)
    expect(yaml.runs[0]?.source).toEqual({ file: fixture('buildpacks-taskrun.yaml'), document: 0 })
  })

  it('opens a List, gives a PipelineRun its children, and keeps every run', async () => {
    const { runs } = await loadInputs([fixture('storefront-pipelinerun.yaml')])
    expect(runs.map((one) => [one.kind, one.source?.item])).toEqual([
      ['PipelineRun', 0],
      ['TaskRun', 1],
      ['TaskRun', 2],
    ])
    expect(runs[0]?.children.map((one) => one.name)).toEqual([
      'storefront-build-k2m8x-fetch',
      'storefront-build-k2m8x-build',
    ])
    expect(runs[0]?.children[0]).toBe(runs[1])
  })

  it('reads a folder by name, children in the order of the references', async () => {
    const { runs } = await loadInputs([fixture('agent-release-pipelinerun')])
    expect(runs).toHaveLength(6)
    const parent = runs.find((one) => one.kind === 'PipelineRun')
    const status = parent?.object['status'] as { childReferences: { name: string }[] }
    expect(parent?.children.map((one) => one.name)).toEqual(status.childReferences.map((one) => one.name))
  })

  it('reads several documents, with notes on what is no run, and several inputs', async () => {
    const path = write(
      `---\n---\n# c\napiVersion: v1\nkind: ConfigMap\n---\n${JSON.stringify(run('a'))}\n---\n${JSON.stringify(run('b'))}\n`,
    )
    const { runs, notes } = await loadInputs([path, write(JSON.stringify(run('c')), 'c.json')])
    expect(runs.map((one) => one.name)).toEqual(['a', 'b', 'c'])
    expect(notes).toEqual([expect.stringContaining('ConfigMap')])
    expect(runs[0]?.source?.document).toBeGreaterThan(0)
  })

  it('reads standard input in pieces', async () => {
    const text = JSON.stringify({
      kind: 'TaskRunList',
      apiVersion: 'tekton.dev/v1',
      items: [{ metadata: { name: 'ü', uid: 'u' } }],
    }).replace('ü', 'x')
    const { runs } = await loadInputs(['-'], { stdin: stream(text.slice(0, 20), text.slice(20)) })
    expect(runs[0]).toMatchObject({
      kind: 'TaskRun',
      uid: 'u',
      namespace: 'default',
      source: { file: '-', document: 0, item: 0 },
    })
  })

  it('takes one run given twice once, and refuses two runs of one uid', async () => {
    const a = write(JSON.stringify(run('a')))
    const same = write('metadata: {namespace: ci, uid: uid-a, name: a}\nkind: TaskRun\napiVersion: tekton.dev/v1\n')
    expect((await loadInputs([a, a, same])).runs).toHaveLength(1)
    const other = write(JSON.stringify(run('a', { spec: { serviceAccountName: 'x' } })))
    await expect(loadInputs([a, other])).rejects.toMatchObject({
      code: 'input_invalid',
      message: expect.stringContaining('uid-a'),
    })
  })

  it('reads YAML as kubectl does', async () => {
    const path = write(
      'apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: a, uid: "1"}\nstatus: {startTime: 2026-11-20T15:02:37Z}\n' +
        'spec:\n  params:\n' +
        ['yes', '"yes"', '0x10', '017', '1:30', '1_0', '2026-11-20', '~', '1.10', '!!str 5', '|\n      a\n      b']
          .map((value, i) => `  - name: p${i}\n    value: ${value}\n`)
          .join(''),
    )
    const { runs } = await loadInputs([path])
    const [first] = runs
    if (first === undefined) throw new Error('no run')
    const { predicate } = JSON.parse(Buffer.from(formatNamed('slsa/v1').payload(first, options)).toString())
    // the values Chains writes for this very text
    expect(Object.values(predicate.invocation.parameters).toSorted()).toEqual(
      ['true', 'yes', '16', '15', '1:30', '10', '2026-11-20', '', '1.1', '5', 'a\nb\n'].toSorted(),
    )
    expect(predicate.metadata.buildStartedOn).toBe('2026-11-20T15:02:37Z')
  })

  it('reads v1beta1 as v1', async () => {
    const image = `x.io/app@sha256:${'a'.repeat(64)}`
    const old = {
      ...run('old', {
        spec: { stepOverrides: [{ name: 's', resources: {} }] },
        status: { taskResults: [{ name: 'IMAGES', value: image }] },
      }),
      apiVersion: 'tekton.dev/v1beta1',
    }
    const parent = {
      apiVersion: 'tekton.dev/v1beta1',
      kind: 'PipelineRun',
      metadata: { name: 'pr', namespace: 'ci', uid: 'pr' },
      spec: { serviceAccountName: 'builder', timeout: '1h0m0s', podTemplate: { nodeSelector: {} } },
      status: {
        pipelineResults: [{ name: 'IMAGES', value: image }],
        childReferences: [{ kind: 'TaskRun', name: 'old' }],
      },
    }
    const { runs } = await loadInputs([write(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [old, parent] }))])
    expect(runs[0]?.object).toMatchObject({
      apiVersion: 'tekton.dev/v1',
      spec: { stepSpecs: [{ name: 's', computeResources: {} }] },
      status: { results: [{ name: 'IMAGES' }] },
    })
    expect(runs[1]?.object['spec']).toEqual({
      timeouts: { pipeline: '1h0m0s' },
      taskRunTemplate: { serviceAccountName: 'builder', podTemplate: { nodeSelector: {} } },
    })
    expect(runs[1]?.children).toHaveLength(1)
    for (const one of runs)
      expect(formatNamed('slsa/v1').subjects(one, options)).toEqual([
        { name: 'x.io/app', digest: { sha256: 'a'.repeat(64) } },
      ])
  })

  it('reads v1beta1 as Tekton converts it: params have a type, steps say why they ended', async () => {
    const steps = [
      { name: 's', terminated: { reason: 'Error', exitCode: 1 } },
      { name: 't', terminationReason: 'x' },
    ]
    const old = {
      ...run('old', {
        spec: { taskSpec: { params: [{ name: 'a' }, { name: 'b', type: 'array' }] } },
        status: { steps, spanContext: {}, retriesStatus: [{ taskResults: [{ name: 'r', value: 'v' }] }] },
      }),
      apiVersion: 'tekton.dev/v1beta1',
    }
    const { runs } = await loadInputs([write(JSON.stringify(old))])
    expect(runs[0]?.object['spec']).toEqual({
      taskSpec: {
        params: [
          { name: 'a', type: 'string' },
          { name: 'b', type: 'array' },
        ],
      },
    })
    expect(runs[0]?.object['status']).toEqual({
      steps: [{ name: 's', terminated: { reason: 'Error', exitCode: 1 }, terminationReason: 'Error' }, { name: 't' }],
      retriesStatus: [{ results: [{ name: 'r', value: 'v' }] }],
    })
  })

  it('takes the child that the PipelineRun owns when two TaskRuns share a name', async () => {
    const child = (uid: string, owner: string): object => ({
      ...run('x'),
      metadata: { name: 'x', namespace: 'ci', uid, ownerReferences: [{ uid: owner }] },
    })
    const parent = { ...run('pr', { status: { childReferences: [{ name: 'x' }] } }), kind: 'PipelineRun' }
    const items = [child('one', 'someone'), child('two', 'uid-pr'), parent]
    const { runs } = await loadInputs([write(JSON.stringify({ kind: 'List', apiVersion: 'v1', items }))])
    expect(runs[2]?.children.map((one) => one.uid)).toEqual(['two'])
    const lost = [child('one', 'someone'), child('two', 'another'), parent]
    await expect(
      loadInputs([write(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: lost }))]),
    ).rejects.toMatchObject({
      code: 'input_invalid',
    })
  })

  it('reads only YAML and JSON files of a folder', async () => {
    const at = folder()
    mkdirSync(join(at, 'sub'))
    for (const [name, text] of [
      ['b.yml', JSON.stringify(run('b'))],
      ['a.json', JSON.stringify(run('a'))],
      ['README.md', '#'],
      ['.x.yaml', '{'],
      ['sub/c.yaml', '{'],
    ] as const) {
      writeFileSync(join(at, name), text)
    }
    expect((await loadInputs([at])).runs.map((one) => one.name)).toEqual(['a', 'b'])
  })
})

it('a stream of a quarter of a million documents is read, or refused for what it is', async () => {
  const empty = '---\n'.repeat(250_000)
  const own = JSON.stringify(run('a'))
  expect((await loadInputs([write(`${own}\n${empty}`)])).runs.map(({ name }) => name)).toEqual(['a'])
  await expect(loadInputs([write(`a: 1\n${empty}`)])).rejects.toMatchObject({ code: 'input_invalid' })
})

describe('selectRuns', () => {
  it('takes uid, name or namespace/name', async () => {
    const other = { ...run('a'), metadata: { name: 'a', namespace: 'cd', uid: 'other' } }
    const { runs } = await loadInputs([
      write(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [run('a'), other, run('b')] })),
    ])
    expect(selectRuns(runs)).toBe(runs)
    expect(selectRuns(runs, 'uid-a').map((one) => one.namespace)).toEqual(['ci'])
    expect(selectRuns(runs, 'b').map((one) => one.uid)).toEqual(['uid-b'])
    expect(selectRuns(runs, 'cd/a').map((one) => one.uid)).toEqual(['other'])
    expect(() => selectRuns(runs, 'a')).toThrow(
      expect.objectContaining({ code: 'run_ambiguous', hint: expect.stringContaining('other') }),
    )
    expect(() => selectRuns(runs, 'zz')).toThrow(
      expect.objectContaining({ code: 'run_not_found', hint: expect.stringContaining('ci/a') }),
    )
  })
})
