/** What a Statement says of its run's name, against what its place says: a rule a line. */
import { describe, expect, test } from 'vitest'
import type { RunArtifact, RunClaim } from '../../src/model/artifact.ts'
import { contradictsPlace } from '../../src/provenance/slot-names.ts'

type Labels = Readonly<Record<string, string>>

function run(name: string, more: Partial<RunArtifact> & { readonly joined?: string } = {}): RunArtifact {
  const { joined, ...fields } = more
  const claim: RunClaim & { identity: string } = {
    kind: 'TaskRun',
    identity: '',
    ...(joined === undefined ? {} : { joined }),
  }
  return { type: 'run', kind: 'TaskRun', namespace: 'ci', name, uid: 'u', object: {}, children: [], claim, ...fields }
}
const statement = (predicate: unknown) => ({ type: '', predicateType: '', subjects: [], predicate })
const old = (labels: Labels, annotations: Labels = {}) =>
  statement({ invocation: { environment: { labels, annotations } } })
const task = (pipelineRun: string, name: string) => ({
  'tekton.dev/pipelineRun': pipelineRun,
  'tekton.dev/pipelineTask': name,
})

describe('a TaskRun', () => {
  const RULES: readonly (readonly [string, ReturnType<typeof statement>, RunArtifact, boolean])[] = [
    ['is called as its pipeline and task', old(task('p', 'scan')), run('p-scan'), false],
    ['may go on, as in a matrix', old(task('p', 'scan')), run('p-scan-0'), false],
    ['is not another task', old(task('p', 'noop')), run('p-scan'), true],
    ['is not of another PipelineRun', old(task('q', 'scan')), run('p-scan'), true],
    ['is not one whose name only begins the same', old(task('p', 'scan')), run('p-scanner'), true],
    ['without labels may be any', old({}), run('p-scan'), false],
    ['with one of the two labels may be any', old({ 'tekton.dev/pipelineRun': 'q' }), run('p-scan'), false],
    ['with the other label may be any', old({ 'tekton.dev/pipelineTask': 'q' }), run('p-scan'), false],
    ['with empty labels may be any', old(task('', '')), run('p-scan'), false],
    ['of a name that Tekton shortens may be any', old(task('p'.repeat(50), 'noop-noop')), run('p-scan'), false],
    ['of just not so long a name is told', old(task('p'.repeat(48), 'noop-noop')), run('p-scan'), true],
    ['in a place without a name may be any', old(task('p', 'noop')), run(''), false],
    ['in a place that joins names is told by its end', old(task('p', 'noop')), run('', { joined: 'ci-p-scan' }), true],
    ['in such a place it may be the right one', old(task('p', 'scan')), run('', { joined: 'ci-p-scan' }), false],
    ['and may go on there', old(task('p', 'scan')), run('', { joined: 'ci-p-scan-1' }), false],
    [
      'in SLSA v1.0 has its labels elsewhere',
      statement({ buildDefinition: { internalParameters: { labels: task('p', 'noop') } } }),
      run('p-scan'),
      true,
    ],
    [
      'of Tekton Results says its uid',
      old({}, { 'results.tekton.dev/record': 'ci/results/p/records/other' }),
      run('x'),
      true,
    ],
    ['and may be the right one', old({}, { 'results.tekton.dev/record': 'ci/results/p/records/u' }), run('x'), false],
    [
      'in a place without a uid may be any',
      old({}, { 'results.tekton.dev/record': 'ci/results/p/records/o' }),
      run('x', { uid: '' }),
      false,
    ],
    ['of a record of another form may be any', old({}, { 'results.tekton.dev/record': 'other' }), run('x'), false],
    ['without a predicate may be any', statement(undefined), run('p-scan'), false],
    [
      'with labels that are none may be any',
      statement({ invocation: { environment: { labels: null } } }),
      run('p-scan'),
      false,
    ],
  ]
  test.each(RULES)('%s', (_, said, artifact, isOther) => {
    expect(contradictsPlace(said, artifact)).toBe(isOther)
  })
})

describe('a PipelineRun', () => {
  const pipeline = (name: string, more: Parameters<typeof run>[1] = {}) => run(name, { kind: 'PipelineRun', ...more })
  const tasks = (...labels: readonly Labels[]) =>
    statement({ buildConfig: { tasks: labels.map((one) => ({ invocation: { environment: { labels: one } } })) } })
  const RULES: readonly (readonly [string, ReturnType<typeof statement>, RunArtifact, boolean])[] = [
    ['is called as its TaskRuns say', tasks(task('p', 'a'), task('p', 'b')), pipeline('p'), false],
    ['is not another', tasks(task('q', 'a')), pipeline('p'), true],
    ['is not one with a TaskRun of another', tasks(task('p', 'a'), task('q', 'b')), pipeline('p'), true],
    ['has the uid that they say', tasks({ 'tekton.dev/pipelineRunUID': 'u' }), pipeline('p'), false],
    ['and no other', tasks({ 'tekton.dev/pipelineRunUID': 'w' }), pipeline('p'), true],
    [
      'in a place without a uid may be any',
      tasks({ 'tekton.dev/pipelineRunUID': 'w' }),
      pipeline('p', { uid: '' }),
      false,
    ],
    ['does not go on after its name', tasks(task('p', 'a')), pipeline('p-1'), true],
    ['in a place that joins names', tasks(task('p', 'a')), pipeline('', { joined: 'ci-p' }), false],
    ['in such a place it may be another', tasks(task('p', 'a')), pipeline('', { joined: 'ci-q' }), true],
    ['and does not go on there', tasks(task('p', 'a')), pipeline('', { joined: 'ci-p-1' }), true],
    ['with TaskRuns that say nothing may be any', tasks({}), pipeline('p'), false],
    ['without tasks may be any', statement({ buildConfig: { tasks: null } }), pipeline('p'), false],
  ]
  test.each(RULES)('%s', (_, said, artifact, isOther) => {
    expect(contradictsPlace(said, artifact)).toBe(isOther)
  })
})
