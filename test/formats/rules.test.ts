import { describe, expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { goTime, parseTime, protoTime } from '../../src/formats/go/time.ts'
import { FORMATS, formatNamed } from '../../src/formats/index.ts'
import { merged } from '../../src/formats/slsa/merge.ts'
import { resultTasks } from '../../src/formats/tekton/result-references.ts'
import {
  artifactPairs,
  buildArtifactState,
  hintedImages,
  parseDigest,
  structuredTargets,
  trimSpace,
} from '../../src/formats/tekton/type-hints.ts'
import { byBytes, goJson, paramValue, protoJson } from '../../src/formats/tekton/values.ts'
import { imagesOf } from '../../src/input/index.ts'
import { runsOf } from '../../src/input/runs.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'

const HEX = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const options = { builderId: 'https://b', buildType: 'https://tekton.dev/chains/v2/slsa', deepInspection: false }
const deep = { ...options, deepInspection: true }

interface Parts {
  readonly name?: string
  readonly labels?: object
  readonly spec?: object
  readonly status?: object
}
const taskRun = ({ name = 'run', labels, spec, status }: Parts = {}): object => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { name, namespace: 'ci', uid: `uid-${name}`, labels },
  spec,
  status,
})
const load = (...objects: object[]): RunArtifact => {
  const { runs } = runsOf(objects.map((value, document) => ({ value, source: { file: 'run.yaml', document } })))
  const [first] = runs
  if (first === undefined) throw new Error('no run')
  return first
}
const withResults = (...results: object[]): RunArtifact => load(taskRun({ status: { results } }))
// biome-ignore lint/suspicious/noExplicitAny: a payload is looked into freely here
const payload = (run: RunArtifact, format = 'slsa/v1', opts = options): any =>
  JSON.parse(Buffer.from(formatNamed(format).payload(run, opts)).toString())
const refusal = (action: () => unknown): ProvError => {
  try {
    action()
  } catch (error) {
    if (error instanceof ProvError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('type hints', () => {
  it('pairs url and digest by what is left of the name, trimmed, the last of one name winning', () => {
    const { images } = hintedImages([
      { name: 'a-IMAGE_URL', value: 'x.io/one:tag' },
      { name: 'IMAGE_DIGEST', value: ` sha256:${HEX}\n` },
      { name: 'IMAGE_URL', value: '  ' },
      { name: 'IMAGE_URL', value: 'alpine' },
      { name: 'a-IMAGE_DIGEST', value: `sha256:${OTHER}` },
      { name: 'a-IMAGE_DIGEST', value: `sha256:${HEX}` },
    ])
    expect(images.map((i) => [i.repository, i.digest.slice(7, 8), i.result])).toEqual([
      ['x.io/one', 'a', 'a-IMAGE_URL'],
      ['index.docker.io/library/alpine', 'a', 'IMAGE_URL'],
    ])
  })

  it('says what it skipped and why', () => {
    const { images, skipped } = hintedImages([
      { name: 'IMAGE_URL', value: 'x.io/a/b' },
      { name: 'q_IMAGE_DIGEST', value: `sha256:${HEX}` },
      { name: 'IMAGES', value: `x.io/app@sha512:${HEX}, ,x.io/ok@sha256:${HEX}\nx.io/ok@sha256:${HEX}` },
      { name: 'ARTIFACT_OUTPUTS', value: { uri: 'x.io/z', digest: 'sha256:short', isBuildArtifact: 'true' } },
    ])
    expect(images.map((i) => i.repository)).toEqual(['x.io/ok'])
    expect(skipped.map((s) => [s.result, s.reason])).toEqual([
      ['IMAGE_URL', 'no IMAGE_DIGEST beside it'],
      ['q_IMAGE_DIGEST', 'no q_IMAGE_URL beside it'],
      ['IMAGES', expect.stringContaining('sha256 digest')],
      ['ARTIFACT_OUTPUTS', expect.stringContaining('digest')],
    ])
  })

  it('takes a build artifact only when isBuildArtifact is the text "true"', () => {
    const value = { uri: 'x.io/a/b', digest: `sha256:${HEX}` }
    const results = ['true', 'True', 'false'].map((isBuildArtifact, i) => ({
      name: `n${i}ARTIFACT_OUTPUTS`,
      value: { ...value, isBuildArtifact },
    }))
    expect(results.map(buildArtifactState)).toEqual(['yes', 'no', 'no'])
    expect(buildArtifactState({ name: 'ARTIFACT_OUTPUTS', value: 'text' })).toBe('broken')
    expect(structuredTargets(results, 'ARTIFACT_OUTPUTS')).toHaveLength(3)
  })

  it('checks digests by algorithm, length and case of the hex', () => {
    expect(parseDigest(` SHA1 : ${'c'.repeat(40)} `)).toEqual({ algorithm: 'sha1', hex: 'c'.repeat(40) })
    for (const bad of [
      '',
      'sha256',
      `sha256:${HEX}:x`,
      `sha256:${HEX.toUpperCase()}`,
      `sha512:${HEX}`,
      `md5:${'a'.repeat(32)}`,
    ]) {
      expect(parseDigest(bad)).toBeUndefined()
    }
    expect(
      artifactPairs([
        { name: 'ARTIFACT_URI', value: 'u' },
        { name: 'ARTIFACT_DIGEST', value: 'sha256:zz' },
      ]),
    ).toEqual([])
  })

  it('trims what Go trims', () => {
    expect(trimSpace('\u0085\u00a0 a \u3000\n')).toBe('a')
    expect(trimSpace('\ufeffa')).toBe('\ufeffa')
  })

  it('leaves images of a PipelineRun to its TaskRuns', () => {
    const run = load({
      ...taskRun({ status: { results: [{ name: 'IMAGES', value: `x.io/a/b@sha256:${HEX}` }] } }),
      kind: 'PipelineRun',
    })
    expect(imagesOf(run)).toEqual({ images: [], skipped: [] })
  })

  it('reports a URL where an image is expected', () => {
    const run = withResults({ name: 'IMAGES', value: `https://x.io/a@sha256:${HEX}` })
    expect(imagesOf(run).images).toEqual([])
    expect(imagesOf(run).skipped[0]?.reason).toContain('URL')
  })
})

describe('subjects', () => {
  it('keep the algorithm as written', () => {
    const run = withResults(
      { name: 'ARTIFACT_URI', value: 'pkg:x' },
      { name: 'ARTIFACT_DIGEST', value: `SHA256:${HEX}` },
    )
    expect(payload(run).subject).toEqual([{ name: 'pkg:x', digest: { SHA256: HEX } }])
  })

  it('are absent, not empty, without any', () => {
    expect(payload(load(taskRun()))).not.toHaveProperty('subject')
  })

  it('name an OCI build artifact twice when its uri is not the normalised one', () => {
    const value = { uri: 'docker.io/lib/e', digest: `sha256:${HEX}`, isBuildArtifact: 'true' }
    const run = withResults({ name: 'ARTIFACT_OUTPUTS', value })
    const names = ['index.docker.io/lib/e', 'docker.io/lib/e']
    expect(payload(run).subject.map((s: { name: string }) => s.name)).toEqual(names)
    expect(payload(run, 'slsa/v2alpha4').subject.map((s: { name: string }) => s.name)).toEqual(names.toReversed())
  })

  it('are merged by name and one equal digest', () => {
    const [first, ...more] = merged(
      [{ name: 'a', digest: { sha256: HEX } }],
      [
        { name: 'a', digest: { sha256: HEX, sha1: 'x' } },
        { name: 'a', digest: { sha256: OTHER } },
        { name: 'b', digest: { sha256: HEX } },
      ],
    )
    expect(first).toEqual({ name: 'a', digest: { sha256: HEX, sha1: 'x' } })
    expect(more).toHaveLength(2)
  })
})

describe('slsa/v1', () => {
  const image = `docker-pullable://x.io/img@sha256:${HEX}`

  it('refuses a step without an image by digest, as Chains does', () => {
    const run = load(taskRun({ status: { steps: [{ name: 'build' }] } }))
    const error = refusal(() => payload(run))
    expect([error.code, error.location]).toEqual(['input_invalid', 'run.yaml'])
    expect(error.message).toContain('step "build"')
  })

  it("pairs a TaskRun's steps by name and leaves annotations and missing arguments null", () => {
    const run = load(
      taskRun({
        status: {
          steps: [
            { name: 'b', imageID: image },
            { name: 'x', imageID: image },
          ],
          taskSpec: { steps: [{ name: 'a' }, { name: 'b', command: ['sh', '-c'], args: [] }] },
        },
      }),
    )
    const environment = { container: 'b', image: `oci://x.io/img@sha256:${HEX}` }
    expect(payload(run).predicate.buildConfig.steps).toEqual([
      { entryPoint: 'sh -c', arguments: [], environment, annotations: null },
      { entryPoint: '', arguments: null, environment: { ...environment, container: 'x' }, annotations: null },
    ])
    expect(payload(run).predicate.materials).toEqual([{ uri: 'oci://x.io/img', digest: { sha256: HEX } }])
  })

  it('takes params over defaults, results over params for the git material', () => {
    const git = (url: string) => ({ name: 'CHAINS-GIT_URL', value: url })
    const run = load(
      taskRun({
        spec: { params: [git('https://param/x'), { name: 'n', value: ['1'] }] },
        status: {
          taskSpec: {
            params: [
              { name: 'CHAINS-GIT_COMMIT', default: 'c0ffee' },
              { name: 'n', default: 'd' },
              { name: 'm', default: null },
            ],
          },
          results: [git('git+https://result/x.git')],
        },
      }),
    )
    const { materials, invocation } = payload(run).predicate
    expect(materials).toEqual([{ uri: 'git+https://result/x.git', digest: { sha1: 'c0ffee' } }])
    expect(invocation.parameters).toEqual({
      'CHAINS-GIT_COMMIT': 'c0ffee',
      'CHAINS-GIT_URL': 'https://param/x',
      n: ['1'],
    })
  })

  it('knows no difference between __proto__ and any other name', () => {
    const run = load(
      JSON.parse(JSON.stringify(taskRun({ spec: { params: [{ name: '__proto__', value: { __proto__x: 'v' } }] } }))),
    )
    const text = Buffer.from(formatNamed('slsa/v1').payload(run, options)).toString()
    expect(text).toContain('"parameters":{"__proto__":{"__proto__x":"v"}}')
  })

  it('drops annotations of Chains and kubectl, and the environment when nothing is left', () => {
    const run = load({
      ...taskRun(),
      metadata: {
        name: 'n',
        uid: 'u',
        annotations: { 'chains.tekton.dev/signed': 'true', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    })
    expect(payload(run).predicate.invocation).toEqual({ configSource: {}, parameters: {} })
  })

  it('is reproducible only by the label, with the text true', () => {
    const reproducible = (value: string): boolean =>
      payload(load(taskRun({ labels: { 'chains.tekton.dev/reproducible': value } }))).predicate.metadata.reproducible
    expect([reproducible('true'), reproducible('True')]).toEqual([true, false])
  })
})

describe('PipelineRuns', () => {
  const child = (name: string, task: string, status: object = {}): object =>
    taskRun({
      name,
      labels: { 'tekton.dev/pipelineTask': task },
      status: {
        startTime: '2026-11-20T15:00:00Z',
        completionTime: '2026-11-20T15:01:00Z',
        taskSpec: { steps: [] },
        ...status,
      },
    })
  const pipelineRun = (tasks: object[], children: string[], finallyTasks: object[] = []): object => ({
    ...taskRun({
      name: 'pr',
      status: {
        pipelineSpec: { tasks, finally: finallyTasks },
        childReferences: children.map((name) => ({ kind: 'TaskRun', name })),
      },
    }),
    kind: 'PipelineRun',
  })
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const tasksOf = (run: RunArtifact): any[] => payload(run).predicate.buildConfig.tasks

  it('needs all its TaskRuns, by name', () => {
    const run = load(pipelineRun([{ name: 'a' }], ['pr-a', 'pr-b']), child('pr-a', 'a'))
    const error = refusal(() => payload(run))
    expect(error.code).toBe('input_invalid')
    expect(error.message).toContain('pr-b')
  })

  it('lists every run of a matrix task in the order of the references', () => {
    const run = load(
      pipelineRun([{ name: 'a' }], ['pr-2', 'pr-1']),
      child('pr-1', 'a', { results: [{ name: 'r', value: '1' }] }),
      child('pr-2', 'a'),
    )
    expect(run.children.map((one) => one.name)).toEqual(['pr-2', 'pr-1'])
    expect(tasksOf(run).map((task) => task.results)).toEqual([undefined, [{ name: 'r', value: '1' }]])
  })

  it('puts a finally task without order of its own after the last task that ran', () => {
    const run = load(
      pipelineRun(
        [{ name: 'a' }, { name: 'b' }, { name: 'skipped' }],
        ['pr-a', 'pr-b', 'pr-z', 'pr-y'],
        [{ name: 'z' }, { name: 'y', params: [{ name: 'p', value: '$(tasks.a.results.r)' }] }],
      ),
      child('pr-a', 'a'),
      child('pr-b', 'b'),
      child('pr-z', 'z'),
      child('pr-y', 'y'),
    )
    expect(tasksOf(run).map((task) => [task.name, task.after])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['z', ['b']],
      ['y', ['a']],
    ])
  })

  it('leaves out a TaskRun that is unfinished, has no spec, or whose steps do not fit', () => {
    const step = { name: 'unnamed-0', imageID: `x@sha256:${HEX}` }
    const run = load(
      pipelineRun([{ name: 'a' }], ['pr-1', 'pr-2', 'pr-3', 'pr-4', 'pr-5']),
      child('pr-1', 'a', { completionTime: null }),
      child('pr-2', 'a', { taskSpec: null }),
      child('pr-3', 'a', { steps: [step] }),
      child('pr-4', 'a', { steps: [step], taskSpec: { steps: [{ name: 'named' }] } }),
      child('pr-5', 'a', { steps: [step], taskSpec: { steps: [{ script: 'x' }] } }),
    )
    expect(tasksOf(run).map((task) => task.steps)).toEqual([[expect.objectContaining({ entryPoint: 'x' })]])
  })

  it('has null tasks without a resolved pipeline', () => {
    const run = load({ ...taskRun(), kind: 'PipelineRun' })
    expect(payload(run).predicate.buildConfig).toEqual({ tasks: null })
  })

  it("names its TaskRuns' subjects first, with deep inspection only", () => {
    const results = (repository: string) => ({ results: [{ name: 'IMAGES', value: `${repository}@sha256:${HEX}` }] })
    const parent = pipelineRun([{ name: 'a' }], ['pr-a']) as { status: object }
    const run = load(
      { ...parent, status: { ...parent.status, ...results('x.io/own') } },
      child('pr-a', 'a', results('x.io/child')),
    )
    const names = (opts: typeof options): string[] =>
      formatNamed('slsa/v1')
        .subjects(run, opts)
        .map((s) => s.name)
    expect(names(options)).toEqual(['x.io/own'])
    expect(names(deep)).toEqual(['x.io/child', 'x.io/own'])
  })

  it('finds the tasks whose results a task uses', () => {
    const task = {
      params: [{ name: 'p', value: ['$(tasks.a.results.r[0])', '$(params.x) $(tasks.b.results.o.key)'] }],
      when: [{ input: '$(tasks.c.results.r)', values: ['$(tasks.d.status)'] }],
      taskSpec: { steps: [{ script: '$(finally.e.results.r) $(tasks.f.results.a.b.c)' }] },
    }
    expect(resultTasks(task, 'tasks[0]')).toEqual(['a', 'b', 'c', 'e'])
  })
})

describe('slsa/v2alpha4', () => {
  it('adds remote StepActions, as Chains 0.29 does, even beside an equal dependency', () => {
    const refSource = { uri: 'git+https://x/actions.git', digest: { sha1: 'abc' } }
    const steps = ['one', 'two'].map((name) => ({ name, imageID: `x.io/i@sha256:${HEX}`, provenance: { refSource } }))
    const run = load(taskRun({ status: { steps } }))
    expect(payload(run, 'slsa/v2alpha4').predicate.buildDefinition.resolvedDependencies).toEqual([
      { uri: 'oci://x.io/i', digest: { sha256: HEX } },
      { name: 'stepAction/one', ...refSource },
      { name: 'stepAction/two', ...refSource },
    ])
    expect(payload(run, 'slsa/v2alpha3').predicate.buildDefinition.resolvedDependencies).toHaveLength(1)
  })

  it('leaves build outputs out of the byproducts', () => {
    const run = withResults(
      { name: 'a-IMAGE_URL', value: 'x' },
      { name: 'IMAGES', value: 'x' },
      { name: 'ARTIFACT_OUTPUTS', value: 'broken' },
      { name: 'version', value: '<c>&' },
    )
    const { byproducts } = payload(run, 'slsa/v2alpha4').predicate.runDetails
    expect(byproducts).toEqual([
      {
        name: 'taskRunResults/run/version',
        mediaType: 'application/json',
        content: Buffer.from('"\\u003cc\\u003e\\u0026"').toString('base64'),
      },
    ])
  })

  it('writes the spec as Go does: unknown members gone, empty ones gone, zero values there', () => {
    const run = load(taskRun({ spec: { timeout: '1h0m0s', params: [], retries: 0, surprise: 1 } }))
    const { externalParameters, internalParameters } = payload(run, 'slsa/v2alpha3').predicate.buildDefinition
    expect(externalParameters).toEqual({ runSpec: { serviceAccountName: '', timeout: '1h0m0s' } })
    expect(internalParameters).toEqual({})
  })

  it('refuses an unknown build type', () => {
    const error = refusal(() => payload(load(taskRun()), 'slsa/v2alpha4', { ...options, buildType: 'https://x' }))
    expect(error.code).toBe('config_invalid')
  })
})

describe('bytes', () => {
  it('sort keys by UTF-8, not by UTF-16', () => {
    expect(['\u{1f600}', '\uff5e', 'z', 'a'].sort(byBytes)).toEqual(['a', 'z', '\uff5e', '\u{1f600}'])
    expect(protoJson({ '\u{1f600}': 1, '\uff5e': 2 })).toBe('{"\uff5e":2,"\u{1f600}":1}')
  })

  it('escape in a Statement only what JSON demands, in simplesigning what Go escapes', () => {
    expect(protoJson('<>&\u2028\u007f"\\\n\u0001\b')).toBe('"<>&\u2028\u007f\\"\\\\\\n\\u0001\\b"')
    expect(goJson('<>&\u2028\u2029')).toBe('"\\u003c\\u003e\\u0026\\u2028\\u2029"')
  })

  it('print numbers as Go prints a float64', () => {
    expect(protoJson([1e21, 1e20, 1e-6, 1e-7, 0.1, -0, 5])).toBe('[1e+21,100000000000000000000,0.000001,1e-7,0.1,-0,5]')
  })

  it('begin with type, subject, predicate type and have no white space', () => {
    const run = withResults({ name: 'IMAGES', value: `x.io/app@sha256:${HEX}` })
    const text = Buffer.from(formatNamed('slsa/v1').payload(run, options)).toString()
    expect(
      text.startsWith(
        `{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"x.io/app","digest":{"sha256":"${HEX}"}}],` +
          '"predicateType":"https://slsa.dev/provenance/v0.2","predicate":{"buildConfig":',
      ),
    ).toBe(true)
    expect(text).not.toMatch(/[,:] /)
  })

  it('refuse half a surrogate pair, but not a text that only looks like its escape', () => {
    const error = refusal(
      () =>
        payload(withResults({ name: 'IMAGES', value: 'x' }, { name: 'a', value: 'x' })) &&
        payload(load(taskRun({ labels: { a: '\ud800' } }))),
    )
    expect(error.code).toBe('input_invalid')
    expect(payload(load(taskRun({ labels: { a: '\\ud800' } }))).predicate.invocation.environment.labels.a).toBe(
      '\\ud800',
    )
  })

  it('are those of a Statement file as it stands', () => {
    const bytes = Buffer.from('{ "any": 1 }\n')
    const artifact = { type: 'statement', name: 's', payload: bytes, predicateType: 'x', subjects: [] } as const
    expect(formatNamed('statement').payload(artifact, options)).toBe(bytes)
  })
})

describe('values and times', () => {
  it('read params as Tekton does', () => {
    expect([null, 5, true, [1, 'a'], { a: 1 }, ['a', null], { a: null }].map(paramValue)).toEqual([
      '',
      '5',
      'true',
      '[1,"a"]',
      '{"a":1}',
      ['a', ''],
      { a: '' },
    ])
    expect(paramValue(2 ** 60)).toBeUndefined()
    expect(paramValue(-0)).toBe('-0')
    const big = taskRun({ spec: { params: [{ name: 'a', value: 2 ** 60 }] } })
    expect(refusal(() => load(big)).message).toContain('spec.params[0].value must be a quoted string')
  })

  it('read RFC 3339 with any offset and write UTC', () => {
    const moment = parseTime('2026-02-28T23:30:00.1200-01:30')
    if (moment === undefined) throw new Error('no time')
    expect([goTime(moment), protoTime(moment)]).toEqual(['2026-03-01T01:00:00.12Z', '2026-03-01T01:00:00.120Z'])
    for (const bad of [
      '',
      '2026-02-30T00:00:00Z',
      '2026-01-01',
      '2026-01-01 00:00:00Z',
      '2026-01-01T24:00:00Z',
      '0000-01-01T00:00:00+01:00',
    ]) {
      expect(parseTime(bad)).toBeUndefined()
    }
  })
})

describe('formatNamed', () => {
  it('knows the alias and suggests the nearest name', () => {
    expect(formatNamed('in-toto')).toBe(formatNamed('slsa/v1'))
    expect(refusal(() => formatNamed('slsa/v2alpha5')).hint).toContain('slsa/v2alpha')
    expect(refusal(() => formatNamed('constructor')).code).toBe('format_unknown')
    expect(FORMATS.map((format) => format.name)).toContain('simplesigning')
  })
})

describe('what Tekton could not have written, Chains reads all the same', () => {
  it('a param that is overlaid needs no value', () => {
    const run = load(taskRun({ spec: { params: [{ name: 'a' }, { name: 'a', value: 'x' }] } }))
    expect(payload(run).predicate.invocation.parameters).toEqual({ a: 'x' })
    expect(refusal(() => payload(load(taskRun({ spec: { params: [{ name: 'a' }] } })))).code).toBe('input_invalid')
  })

  it('an algorithm that one of two materials lacks counts as empty', () => {
    const [one, two] = [
      { name: 'u', digest: { sha1: '' } },
      { name: 'u', digest: { sha256: HEX } },
    ]
    expect(merged([], [one, two])).toEqual([{ name: 'u', digest: { sha1: '', sha256: HEX } }])
    expect(merged([], [two, one])).toEqual([two, one])
  })

  it('a TaskRun that cannot be written whole is left out of slsa-tekton dependencies, images and all', () => {
    const child = (name: string, results: object[]): object =>
      taskRun({
        name,
        labels: { 'tekton.dev/pipelineTask': name },
        status: {
          completionTime: '2026-11-20T15:01:37Z',
          steps: [{ name: 's', imageID: `x.io/${name}@sha256:${HEX}` }],
          results,
        },
      })
    const pipeline = {
      ...taskRun({
        name: 'pr',
        status: {
          pipelineSpec: { tasks: [{ name: 'a' }, { name: 'b' }] },
          childReferences: ['a', 'b'].map((name) => ({ kind: 'TaskRun', name })),
        },
      }),
      kind: 'PipelineRun',
    }
    const run = load(pipeline, child('a', [{ name: 'r' }]), child('b', [{ name: 'r', value: 'x' }]))
    const tekton = { ...options, buildType: 'https://tekton.dev/chains/v2/slsa-tekton' }
    const { resolvedDependencies } = payload(run, 'slsa/v2alpha3', tekton).predicate.buildDefinition
    expect(resolvedDependencies.map((one: { name?: string; uri?: string }) => one.name ?? one.uri)).toEqual([
      'pipelineTask',
      'oci://x.io/b',
    ])
  })
})
