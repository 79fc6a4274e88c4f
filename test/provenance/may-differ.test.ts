/** Each line of what may rightly differ, on a Statement that real Chains made; and next to it, what may not. */
import { describe, expect, it } from 'vitest'
import { MAY_DIFFER } from '../../src/provenance/may-differ.ts'
import { expectedRows, related, runIn, type Statement, statementIn } from './statements.ts'

type Change = (predicate: Statement) => void

/** Place in the list → fixture, what is changed rightly, and what beside it is not. */
const CASES: Readonly<Record<string, readonly [input: string, variant: string, right: Change, wrong?: Change]>> = {
  '/builder/id': ['buildpacks-taskrun', 'slsa-v1', (p) => (p.builder.id = 'https://chains.example')],
  '/runDetails/builder/id': ['buildpacks-taskrun', 'slsa-v2alpha4', (p) => delete p.runDetails.builder.id],
  '/metadata/reproducible': ['buildpacks-taskrun', 'slsa-v1', (p) => (p.metadata.reproducible = true)],
  '/metadata/completeness/*': ['buildpacks-taskrun', 'slsa-v1', (p) => (p.metadata.completeness.materials = true)],
  '/metadata/**': [
    'buildpacks-taskrun',
    'slsa-v1',
    (p) => (p.metadata.later = 1),
    (p) => (p.metadata.buildInvocationID = 'x'),
  ],
  '/invocation/environment/labels/*': [
    'buildpacks-taskrun',
    'slsa-v1',
    (p) => {
      p.invocation.environment.labels.team = 'later'
      delete p.invocation.environment.labels['tekton.dev/memberOf']
    },
    (p) => (p.invocation.environment.labels['tekton.dev/pipelineRun'] = 'another'),
  ],
  '/invocation/environment/annotations/*': [
    'buildpacks-taskrun',
    'slsa-v1',
    (p) => (p.invocation.environment.annotations = { later: 'x' }),
  ],
  '/buildConfig/tasks/*/invocation/environment/labels/*': [
    'storefront',
    'slsa-v1',
    (p) => (p.buildConfig.tasks[0].invocation.environment.labels.team = 'later'),
    (p) => (p.buildConfig.tasks[0].invocation.environment.labels['tekton.dev/pipelineTask'] = 'x'),
  ],
  '/buildConfig/tasks/*/invocation/environment/annotations/*': [
    'storefront',
    'slsa-v1',
    (p) => (p.buildConfig.tasks[0].invocation.environment.annotations = { later: 'x' }),
  ],
  '/buildConfig/steps/*/**': [
    'buildpacks-taskrun',
    'slsa-v1',
    (p) => (p.buildConfig.steps[0].annotations = { later: 'x' }),
    (p) => delete p.buildConfig.steps[0].entryPoint,
  ],
  '/buildConfig/tasks/*/**': [
    'storefront',
    'slsa-v1',
    (p) => (p.buildConfig.tasks[0].later = true),
    (p) => (p.buildConfig.tasks[0].after = ['x']),
  ],
  '/buildConfig/tasks/*/steps/*/**': [
    'storefront',
    'slsa-v1',
    (p) => (p.buildConfig.tasks[0].steps[0].later = 'x'),
    (p) => delete p.buildConfig.tasks[0].steps[0].environment,
  ],
  '/buildDefinition/internalParameters/labels/*': [
    'buildpacks-taskrun',
    'slsa-v2alpha4+slsa-tekton',
    (p) => (p.buildDefinition.internalParameters.labels.team = 'later'),
    (p) => (p.buildDefinition.internalParameters.labels['tekton.dev/task'] = 'x'),
  ],
  '/buildDefinition/internalParameters/annotations/*': [
    'buildpacks-taskrun',
    'slsa-v2alpha4+slsa-tekton',
    (p) => (p.buildDefinition.internalParameters.annotations = null),
  ],
  '/buildDefinition/internalParameters/tekton-pipelines-feature-flags/*': [
    'buildpacks-taskrun',
    'slsa-v2alpha4',
    (p) => (p.buildDefinition.internalParameters['tekton-pipelines-feature-flags'].Later = true),
    (p) => (p.buildDefinition.internalParameters['tekton-pipelines-feature-flags'].enableAPIFields = 'alpha'),
  ],
  '/buildDefinition/externalParameters/buildConfigSource/ref': [
    'remote-resolver-taskrun',
    'slsa-v2alpha4',
    (p) => (p.buildDefinition.externalParameters.buildConfigSource.ref = 'sha256:another'),
    (p) => delete p.buildDefinition.externalParameters.buildConfigSource.ref,
  ],
  '/buildDefinition/resolvedDependencies/*': [
    'stepaction-taskrun',
    'slsa-v2alpha4',
    () => undefined,
    (p) => p.buildDefinition.resolvedDependencies.pop(),
  ],
}

describe('what may rightly differ', () => {
  it.each(Object.entries(CASES))('%s', async (_, [input, variant, right, wrong]) => {
    const row = expectedRows().find((one) => one.input.includes(input) && one.variant === variant)
    if (row === undefined) throw new Error(`no fixture ${input} ${variant}`)
    const run = await runIn(row.input)
    const statement = statementIn(row)
    right(statement.predicate)
    expect(related(statement, run)).toBe('same')
    if (wrong === undefined) return
    wrong(statement.predicate)
    expect(related(statement, run)).not.toBe('same')
  })

  it('/buildDefinition/externalParameters/runSpec/**: what the run itself says', async () => {
    const row = expectedRows().find((one) => one.input.includes('buildpacks') && one.variant === 'slsa-v2alpha4')
    if (row === undefined) throw new Error('no fixture')
    const run = await runIn(row.input)
    const object = { ...run.object, spec: { ...(run.object['spec'] as object), later: { of: ['tekton'] } } }
    const statement = statementIn(row)
    statement.predicate.buildDefinition.externalParameters.runSpec.later = { of: ['tekton'] }
    expect(related(statement, { ...run, object })).toBe('same')
    expect(related(statement, run)).toBe('altered')
    for (const later of [null, 'text', 7, [], {}, { of: null }, { of: { other: 'x' } }]) {
      const other = { ...run.object, spec: { ...(run.object['spec'] as object), later } }
      expect(related(statement, { ...run, object: other })).toBe('altered')
    }
  })

  it('is tested line by line, and has a reason for each', () => {
    const tested = [...Object.keys(CASES), '/buildDefinition/externalParameters/runSpec/**']
    expect(MAY_DIFFER.map(({ at }) => at).sort()).toEqual(tested.sort())
    for (const { reason } of MAY_DIFFER) expect(reason.length).toBeGreaterThan(20)
  })
})
