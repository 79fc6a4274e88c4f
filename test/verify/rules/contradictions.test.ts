/** What copies in unlike formats are held against each other for, a rule a line. */
import { describe, expect, test } from 'vitest'
import { contradictions } from '../../../src/verify/contradictions.ts'

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

const T1 = '2026-11-18T09:12:04Z'
const T2 = '2026-11-18T09:13:41Z'

interface Said {
  readonly builder?: string
  readonly times?: readonly [(string | undefined)?, string?]
  readonly subject?: string
  readonly materials?: Readonly<Record<string, string>>
  readonly params?: Readonly<Record<string, Value>>
  readonly task?: string
  readonly pipeline?: string
  readonly uid?: string
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

const subjects = (digest: string | undefined) =>
  digest === undefined ? [] : [{ name: 'app', digest: { sha256: digest } }]
const dependencies = (materials: Readonly<Record<string, string>> = {}) =>
  Object.entries(materials).map(([uri, sha256]) => ({ uri, digest: { sha256 } }))

function old({ builder, times, subject, materials, params, task, pipeline }: Said) {
  const labels = {
    ...(task === undefined ? {} : { 'tekton.dev/task': task }),
    ...(pipeline === undefined ? {} : { 'tekton.dev/pipeline': pipeline }),
  }
  const predicate = {
    buildType: pipeline === undefined ? 'tekton.dev/v1/TaskRun' : 'tekton.dev/v1/PipelineRun',
    builder: defined({ id: builder }),
    metadata: defined({ buildStartedOn: times?.[0], buildFinishedOn: times?.[1] }),
    materials: dependencies(materials),
    invocation: { parameters: params ?? {}, environment: { labels } },
  }
  return payload('https://slsa.dev/provenance/v0.2', subject, predicate)
}

function current({ builder, times, subject, materials, params, task, pipeline, uid }: Said) {
  const given = Object.entries(params ?? {}).map(([name, value]) => ({ name, value }))
  const runSpec = defined({
    params: given,
    taskRef: task === undefined ? undefined : { name: task },
    pipelineRef: pipeline === undefined ? undefined : { name: pipeline },
  })
  const predicate = {
    buildDefinition: { externalParameters: { runSpec }, resolvedDependencies: dependencies(materials) },
    runDetails: {
      builder: defined({ id: builder }),
      metadata: defined({ startedOn: times?.[0], finishedOn: times?.[1], invocationId: uid }),
    },
  }
  return payload('https://slsa.dev/provenance/v1', subject, predicate)
}

function payload(predicateType: string, subject: string | undefined, predicate: object): Uint8Array {
  const statement = { _type: 'https://in-toto.io/Statement/v1', predicateType, subject: subjects(subject), predicate }
  return Buffer.from(JSON.stringify(statement))
}

function told(a: Said, b: Said, isAtHand = false): string | undefined {
  const found = contradictions(
    [
      { format: 'slsa/v1', payload: old(a) },
      { format: 'slsa/v2alpha4', payload: current(b) },
    ],
    { isAtHand },
  )
  expect([0, 2]).toContain(found.size)
  return found.get('slsa/v1')?.replace(' is not what slsa/v2alpha4 says', '')
}

const run: Said = { times: [T1, T2] }
const RULES: readonly (readonly [string, Said, Said, string | undefined])[] = [
  ['the same', run, run, undefined],
  ['a time spelled otherwise', run, { times: ['2026-11-18T10:12:04+01:00', T2] }, undefined],
  ['another start', run, { times: [T2, T2] }, 'the run'],
  ['another end', run, { times: [T1, T1] }, 'the run'],
  ['a start that one leaves out', run, { times: [undefined, T2] }, undefined],
  ['an end that one leaves out', { times: [T1] }, run, undefined],
  ['another builder', { ...run, builder: 'a' }, { ...run, builder: 'b' }, 'the builder id'],
  ['a builder that one leaves out', { ...run, builder: 'a' }, run, undefined],
  ['the same builder', { ...run, builder: 'a' }, { ...run, builder: 'a' }, undefined],
  ['another digest of a subject', { ...run, subject: '1' }, { ...run, subject: '2' }, 'the sha256 of subject app'],
  ['the same digest of a subject', { ...run, subject: '1' }, { ...run, subject: '1' }, undefined],
  ['a subject that one leaves out', { ...run, subject: '1' }, run, undefined],
  [
    'another digest of a material',
    { ...run, materials: { g: '1' } },
    { ...run, materials: { g: '2' } },
    'the sha256 of g',
  ],
  [
    'a material that one leaves out',
    { ...run, materials: { g: '1', h: '1' } },
    { ...run, materials: { g: '1' } },
    undefined,
  ],
  ['another value of a parameter', { ...run, params: { p: 'a' } }, { ...run, params: { p: 'b' } }, 'the parameter p'],
  ['a parameter that is a list', { ...run, params: { p: ['a'] } }, { ...run, params: { p: ['a'] } }, undefined],
  ['a default that one leaves out', { ...run, params: { p: 'a' } }, run, undefined],
  ['another task', { ...run, task: 'a' }, { ...run, task: 'b' }, 'the task or pipeline'],
  ['the same task', { ...run, task: 'a' }, { ...run, task: 'a' }, undefined],
  ['a task that one leaves out', { ...run, task: 'a' }, run, undefined],
  ['another pipeline', { ...run, pipeline: 'a' }, { ...run, pipeline: 'b' }, 'the task or pipeline'],
  ['the same pipeline', { ...run, pipeline: 'a' }, { ...run, pipeline: 'a' }, undefined],
  [
    'no image of a step in common',
    { ...run, materials: { 'oci://a': '1' } },
    { ...run, materials: { 'oci://b': '1' } },
    'every image of its steps',
  ],
  [
    'one image of a step in common',
    { ...run, materials: { 'oci://a': '1', 'oci://c': '1' } },
    { ...run, materials: { 'oci://a': '1', 'oci://b': '1' } },
    undefined,
  ],
  [
    'images of steps in one alone',
    { ...run, materials: { 'oci://a': '1' } },
    { ...run, materials: { b: '1' } },
    undefined,
  ],
]

describe('two formats, and', () => {
  test.each(RULES)('%s', (_, a, b, what) => {
    expect(told(a, b)).toBe(what)
    expect(told(b, a)).toBe(what)
  })
})

describe('what states nothing in common', () => {
  const NOTHING = 'nothing that slsa/v2alpha4 says can be compared with it'
  const SHARED: readonly (readonly [string, Said, Said, string | undefined])[] = [
    ['is never called agreeing', {}, {}, NOTHING],
    ['one builder makes many runs', { builder: 'a' }, { builder: 'a' }, NOTHING],
    ['a start is enough', { times: [T1] }, { times: [T1] }, undefined],
    ['a start in one alone is not', { times: [T1] }, { times: [undefined, T2] }, NOTHING],
    ['an end is enough', { times: [undefined, T2] }, { times: [undefined, T2] }, undefined],
    ['an end in one alone is not', { times: [undefined, T2] }, {}, NOTHING],
    ['a subject is enough', { subject: '1' }, { subject: '1' }, undefined],
    ['a subject in one alone is not', { subject: '1' }, {}, NOTHING],
    ['a material is enough', { materials: { g: '1' } }, { materials: { g: '1' } }, undefined],
    ['a uid in one alone is not', {}, { uid: 'u' }, NOTHING],
  ]
  test.each(SHARED)('%s', (_, a, b, what) => {
    expect(told(a, b)).toBe(what)
    expect(told(a, b, true)).toBeUndefined()
  })

  test('two makes of SLSA v1.0: the uid is enough, and another is another run', () => {
    const both = (a: Said, b: Said) =>
      contradictions(
        [
          { format: 'slsa/v2alpha3', payload: current(a) },
          { format: 'slsa/v2alpha4', payload: current(b) },
        ],
        { isAtHand: false },
      ).get('slsa/v2alpha4')
    expect(both({ uid: 'u' }, { uid: 'u' })).toBeUndefined()
    expect(both({ uid: 'u' }, { uid: 'w' })).toBe('the run is not what slsa/v2alpha3 says')
  })
})

test('one copy contradicts nobody, bytes that are no Statement agree with nobody', () => {
  expect(contradictions([{ format: 'a', payload: old(run) }], { isAtHand: false }).size).toBe(0)
  const bytes = { format: 'b', payload: Buffer.from('?') }
  expect(contradictions([{ format: 'a', payload: old(run) }, bytes], { isAtHand: false }).size).toBe(2)
})

test('of three formats each has its first contradiction', () => {
  const copies = [old(run), current(run), current({ times: [T2, T2] })]
  const found = contradictions(
    copies.map((payload, i) => ({ format: `f${i}`, payload })),
    { isAtHand: true },
  )
  expect([...found]).toEqual([
    ['f0', 'the run is not what f2 says'],
    ['f2', 'the run is not what f0 says'],
    ['f1', 'the run is not what f2 says'],
  ])
})
