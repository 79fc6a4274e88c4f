/** With the run at hand, everything that it fixes is compared: honest copies pass, a sibling's do not. */
import { describe, expect, it } from 'vitest'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { expectedRows, related, runIn, type Statement, statementIn } from './statements.ts'

const rows = expectedRows()
const rowOf = (variant: string, input = 'buildpacks-taskrun') =>
  rows.find((row) => row.input.includes(input) && row.variant === variant) ?? rows[0] ?? never()
function never(): never {
  throw new Error('no such fixture')
}

describe('every Statement that real Chains made is of its run', () => {
  it.each(rows.map((row) => [`${row.input} ${row.variant}`, row] as const))('%s', async (_, row) => {
    const run = await runIn(row.input)
    expect(related(statementIn(row), run)).toBe('same')
    expect(related(statementIn(row), run, 'many')).toBe('same')
  })

  it('and of no other', async () => {
    const inputs = [...new Set(rows.map(({ input }) => input))]
    const runs = await Promise.all(inputs.map(async (input) => [input, await runIn(input)] as const))
    for (const row of rows)
      for (const [input, run] of runs)
        if (input !== row.input) expect(related(statementIn(row), run), `${row.file} ${input}`).not.toBe('same')
  })
})

type Change = (statement: Statement) => void
const TASK: readonly (readonly [string, Change])[] = [
  ['the entry point of a step', (s) => (s.predicate.buildConfig.steps[0].entryPoint = 'true')],
  ['the arguments of a step', (s) => s.predicate.buildConfig.steps[0].arguments.push('--evil')],
  ['arguments that are left out', (s) => delete s.predicate.buildConfig.steps[0].arguments],
  ['the image of a step', (s) => (s.predicate.buildConfig.steps[0].environment.image = 'oci://evil')],
  ['the container of a step', (s) => (s.predicate.buildConfig.steps[0].environment.container = 'x')],
  ['a step less', (s) => s.predicate.buildConfig.steps.pop()],
  ['a step more', (s) => s.predicate.buildConfig.steps.push(s.predicate.buildConfig.steps[0])],
  ['steps in another order', (s) => s.predicate.buildConfig.steps.reverse()],
  ['no build configuration', (s) => delete s.predicate.buildConfig],
  ['a config source', (s) => (s.predicate.invocation.configSource = { uri: 'git+https://evil' })],
  ['a parameter of another value', (s) => (s.predicate.invocation.parameters.APP_IMAGE = 'evil')],
  ['a parameter that is left out', (s) => delete s.predicate.invocation.parameters.APP_IMAGE],
  ['a parameter more', (s) => (s.predicate.invocation.parameters.EVIL = [])],
  ['the digest of a material', (s) => (s.predicate.materials[0].digest.sha256 = 'f'.repeat(64))],
  ['a material less', (s) => s.predicate.materials.pop()],
  ['a material more', (s) => s.predicate.materials.push({ uri: 'oci://evil' })],
  ['the start', (s) => (s.predicate.metadata.buildStartedOn = '2020-01-01T00:00:00Z')],
  ['the end', (s) => (s.predicate.metadata.buildFinishedOn = '2020-01-01T00:00:00Z')],
  ['an invocation id', (s) => (s.predicate.metadata.buildInvocationID = 'another')],
  ['a label that Tekton set', (s) => (s.predicate.invocation.environment.labels['tekton.dev/pipelineTask'] = 'x')],
  ['such a label left out', (s) => delete s.predicate.invocation.environment.labels['tekton.dev/task']],
  ['the kind', (s) => (s.predicate.buildType = 'tekton.dev/v1/PipelineRun')],
  ['the subject', (s) => (s.subject[0].digest.sha256 = 'f'.repeat(64))],
  ['a subject more', (s) => s.subject.push({ name: 'evil', digest: { sha256: 'f'.repeat(64) } })],
  ['no predicate', (s) => delete s.predicate],
]

describe('a Statement in SLSA v0.2 of a TaskRun is not of the run when it differs in', () => {
  it.each(TASK)('%s', async (_, change) => {
    const row = rowOf('slsa-v1')
    const statement = statementIn(row)
    change(statement)
    expect(related(statement, await runIn(row.input))).not.toBe('same')
  })
})

const PIPELINE: readonly (readonly [string, Change])[] = [
  ['the tasks in another order', (s) => s.predicate.buildConfig.tasks.reverse()],
  ['a task less', (s) => s.predicate.buildConfig.tasks.pop()],
  ['the steps of a task', (s) => (s.predicate.buildConfig.tasks[0].steps[0].entryPoint = 'true')],
  ['the parameters of a task', (s) => (s.predicate.buildConfig.tasks[0].invocation.parameters.EVIL = 'x')],
  ['the results of a task', (s) => (s.predicate.buildConfig.tasks[0].results = [{ name: 'x', value: 'y' }])],
  ['the status of a task', (s) => (s.predicate.buildConfig.tasks[0].status = 'Failed')],
  ['the times of a task', (s) => (s.predicate.buildConfig.tasks[0].startedOn = '2020-01-01T00:00:00Z')],
  ['the tasks of its siblings', (s) => (s.predicate.buildConfig.tasks[0] = s.predicate.buildConfig.tasks[1])],
]

describe('a Statement in SLSA v0.2 of a PipelineRun is not of the run when it differs in', () => {
  it.each(PIPELINE)('%s', async (_, change) => {
    const row = rowOf('slsa-v1', 'storefront')
    const statement = statementIn(row)
    change(statement)
    expect(related(statement, await runIn(row.input))).not.toBe('same')
  })

  it('and a TaskRun that nobody can read stops nothing', async () => {
    const row = rowOf('slsa-v1', 'storefront')
    const run = await runIn(row.input)
    const [first, ...others] = run.children
    if (first === undefined) throw new Error('no TaskRun')
    const odd = { ...first, object: { ...first.object, status: { results: 'none' } } }
    const at = { ...run, object: { ...run.object }, children: [odd, ...others] }
    expect(related(statementIn(row), at)).toBe('same')
    const other = statementIn(row)
    other.predicate.invocation.parameters.EVIL = 'x'
    expect(related(other, at)).not.toBe('same')
  })

  it('and without its TaskRuns at hand, when it differs in what the run alone says', async () => {
    const row = rowOf('slsa-v1', 'storefront')
    const run: RunArtifact = { ...(await runIn(row.input)), children: [] }
    const alone = { ...run, object: { ...run.object } }
    expect(related(statementIn(row), alone)).toBe('same')
    const other = statementIn(row)
    other.predicate.invocation.parameters.EVIL = 'x'
    expect(related(other, alone)).not.toBe('same')
  })
})

const V1: readonly (readonly [string, Change])[] = [
  ['the spec', (s) => (s.predicate.buildDefinition.externalParameters.runSpec.serviceAccountName = 'root')],
  ['a param', (s) => s.predicate.buildDefinition.externalParameters.runSpec.params.pop()],
  ['a member of the spec more', (s) => (s.predicate.buildDefinition.externalParameters.runSpec.evil = 'x')],
  ['a source', (s) => (s.predicate.buildDefinition.externalParameters.buildConfigSource = { ref: 'x' })],
  ['a dependency', (s) => (s.predicate.buildDefinition.resolvedDependencies[0].digest.sha256 = 'f'.repeat(64))],
  ['a dependency less', (s) => s.predicate.buildDefinition.resolvedDependencies.pop()],
  ['a dependency more', (s) => s.predicate.buildDefinition.resolvedDependencies.push({ uri: 'oci://evil' })],
  ['the start', (s) => (s.predicate.runDetails.metadata.startedOn = '2020-01-01T00:00:00Z')],
  ['a byproduct', (s) => (s.predicate.runDetails.byproducts = [{ name: 'x', content: 'eA==' }])],
  ['the build type', (s) => (s.predicate.buildDefinition.buildType = 'https://evil')],
  ['the subject', (s) => (s.subject[0].digest.sha256 = 'f'.repeat(64))],
  ['a subject more', (s) => s.subject.push({ name: 'evil', digest: { sha256: 'f'.repeat(64) } })],
]

describe.each(['slsa-v2alpha3', 'slsa-v2alpha4'])(
  'a Statement in %s with the uid of the run is altered when it differs in',
  (v) => {
    it.each(V1)('%s', async (_, change) => {
      const row = rowOf(v)
      const statement = statementIn(row)
      change(statement)
      expect(related(statement, await runIn(row.input))).toBe('altered')
    })

    it('and is another run under another uid, or none', async () => {
      const row = rowOf(v)
      const statement = statementIn(row)
      statement.predicate.runDetails.metadata.invocationId = 'another'
      expect(related(statement, await runIn(row.input))).not.toBe('same')
      delete statement.predicate.runDetails.metadata.invocationId
      expect(related(statement, await runIn(row.input))).not.toBe('same')
    })
  },
)

describe('a time', () => {
  const shifted = (text: string): string => `${new Date(Date.parse(text) + 3_600_000).toISOString().slice(0, 19)}+01:00`

  it('may be spelled otherwise', async () => {
    const old = statementIn(rowOf('slsa-v1'))
    const { metadata } = old.predicate
    metadata.buildStartedOn = shifted(metadata.buildStartedOn)
    metadata.buildFinishedOn = shifted(metadata.buildFinishedOn)
    expect(related(old, await runIn(rowOf('slsa-v1').input))).toBe('same')
    const current = statementIn(rowOf('slsa-v2alpha4'))
    const { metadata: details } = current.predicate.runDetails
    details.startedOn = shifted(details.startedOn)
    details.finishedOn = shifted(details.finishedOn)
    expect(related(current, await runIn(rowOf('slsa-v2alpha4').input))).toBe('same')
  })

  it.each([7, 'soon', null, {}, []])('that is none is another: %j', async (value) => {
    const current = statementIn(rowOf('slsa-v2alpha4'))
    current.predicate.runDetails.metadata.startedOn = value
    expect(related(current, await runIn(rowOf('slsa-v2alpha4').input))).toBe('altered')
  })

  it('is a time only where a time stands', async () => {
    const row = rowOf('slsa-v1', 'storefront')
    const statement = statementIn(row)
    const [task] = statement.predicate.buildConfig.tasks
    task.startedOn = shifted(task.startedOn)
    expect(related(statement, await runIn(row.input))).not.toBe('same')
  })
})

describe('a TaskRun that was put into the dependencies whole', () => {
  const row = rowOf('slsa-v2alpha4+slsa-tekton', 'storefront')
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
  async function told(change: (item: Statement, content: Statement) => void): Promise<string> {
    const statement = statementIn(row)
    const items: readonly Statement[] = statement.predicate.buildDefinition.resolvedDependencies
    const item = items.find(({ name }) => name === 'pipelineTask')
    const content = JSON.parse(Buffer.from(item.content, 'base64').toString())
    change(item, content)
    return related(statement, await runIn(row.input))
  }
  const within = (change: Change) =>
    told((item, content) => {
      change(content)
      item.content = encoded(content)
    })

  it('counts by what it is and did, not by what is written on it later', async () => {
    expect(await within((content) => (content.metadata.annotations = { later: 'x' }))).toBe('same')
    expect(await within((content) => (content.metadata.labels = { later: 'x' }))).toBe('same')
    expect(await within((content) => (content.metadata.resourceVersion = '7'))).toBe('same')
  })

  it.each<readonly [string, Change]>([
    ['its uid', (content) => (content.metadata.uid = 'another')],
    ['its name', (content) => (content.metadata.name = 'another')],
    ['its namespace', (content) => (content.metadata.namespace = 'another')],
    ['its spec', (content) => (content.spec.serviceAccountName = 'root')],
    ['its status', (content) => (content.status.completionTime = '2020-01-01T00:00:00Z')],
    ['no metadata', (content) => delete content.metadata],
    ['no spec', (content) => delete content.spec],
  ])('is another with %s', async (_, change) => {
    expect(await within(change)).toBe('altered')
  })

  it.each<readonly [string, (item: Statement) => void]>([
    ['no JSON', (item) => (item.content = 'AAAA')],
    ['a text', (item) => (item.content = encoded('x'))],
    [
      '20,000 levels',
      (item) => (item.content = Buffer.from('['.repeat(20_000) + ']'.repeat(20_000)).toString('base64')),
    ],
    ['nothing', (item) => delete item.content],
    ['a number', (item) => (item.content = 7)],
    ['another name', (item) => (item.name = 'task')],
    ['another digest beside it', (item) => (item.digest = { sha256: 'f'.repeat(64) })],
  ])('is none with %s', async (_, change) => {
    expect(await told(change)).toBe('altered')
  })
})

it('a result that is an object counts with all that it says', async () => {
  const row = rowOf('slsa-v2alpha3', 'artifact-outputs')
  const statement = statementIn(row)
  const run = await runIn(row.input)
  const results: readonly Statement[] = statement.predicate.runDetails.byproducts
  const result = results.find(({ content }) => Buffer.from(content, 'base64').toString().startsWith('{'))
  result.content = Buffer.from('{"digest":"another","uri":"another"}').toString('base64')
  expect(related(statement, run)).toBe('altered')
})

describe('what a run at hand cannot give', () => {
  it('is no copy: a step that has no image by digest', async () => {
    const row = rowOf('slsa-v1')
    const run = await runIn(row.input)
    const object = structuredClone(run.object) as Statement
    object.status.steps[0].imageID = ''
    expect(related(statementIn(row), { ...run, object })).not.toBe('same')
  })

  it.each([
    'https://openvex.dev/ns/v0.2.0',
    'https://slsa.dev/verification_summary/v1',
    'https://sigstore.dev/cosign/sign/v1',
  ])('is no copy: a Statement of type %s about its image', async (predicateType) => {
    const row = rowOf('slsa-v1')
    const run = await runIn(row.input)
    expect(related({ ...statementIn(row), predicateType }, run)).toBe('beside')
    const claim = { kind: run.kind, uid: run.uid, identity: '' }
    expect(related({ ...statementIn(row), predicateType }, { ...run, claim })).toBe('beside')
  })
})
