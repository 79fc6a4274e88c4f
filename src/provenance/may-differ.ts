/**
 * What a Statement about a run may rightly say otherwise than the run object does. Everything that is not in this list is compared, in both
 * directions. Each line has its reason, and a test on bytes that Chains stored (test/provenance/may-differ.test.ts).
 */

/** How the Statement may differ: it lacks the value, has one more, or has another. */
export type Difference = 'missing' | 'added' | 'changed'

export interface MayDiffer {
  /** Path in the predicate: `*` is any one member or item, `**` at the end everything below. */
  readonly at: string
  readonly how: readonly Difference[]
  readonly reason: string
  /** Names for the last `*` or `**` that are compared all the same. */
  readonly except?: readonly string[]
  /** Only items whose `name` begins so. */
  readonly named?: string
  /** Only where the run's own spec says the same at that path. */
  readonly inSpec?: true
}

const ANY: readonly Difference[] = ['missing', 'added', 'changed']

/** Set when a run is made, by Tekton or its triggers, and never after: they tell parallel tasks of one second apart. */
const FIXED_LABELS = [
  'tekton.dev/pipeline',
  'tekton.dev/pipelineRun',
  'tekton.dev/pipelineRunUID',
  'tekton.dev/pipelineTask',
  'tekton.dev/task',
  'triggers.tekton.dev/triggers-eventid',
]

/** Members of SLSA v0.2 that a run says nothing of, or that Chains 0.28 and 0.29 know: no later addition. */
const KNOWN_METADATA = ['buildInvocationID', 'buildInvocationId', 'buildStartedOn', 'buildFinishedOn']
const KNOWN_STEP = ['entryPoint', 'arguments', 'environment']
const KNOWN_TASK = [
  ...['name', 'after', 'ref', 'startedOn', 'finishedOn', 'serviceAccountName'],
  ...['status', 'steps', 'invocation', 'results'],
]

const later = 'labels can be changed on a run that has ended; those that Tekton sets when it makes the run are compared'
const noted = 'annotations are added to a run after it was signed, by Tekton Results and others'
const newer = 'a later version of Chains may add a member'

export const MAY_DIFFER: readonly MayDiffer[] = [
  { at: '/builder/id', how: ANY, reason: 'the configuration of the signer names it, not the run' },
  { at: '/runDetails/builder/id', how: ANY, reason: 'the configuration of the signer names it, not the run' },
  { at: '/metadata/reproducible', how: ANY, reason: 'follows from a label, which can be set after the run has ended' },
  { at: '/metadata/completeness/*', how: ANY, reason: 'says how much the builder promises, not what ran' },
  { at: '/metadata/**', how: ['added'], except: KNOWN_METADATA, reason: newer },
  { at: '/invocation/environment/labels/*', how: ANY, except: FIXED_LABELS, reason: later },
  { at: '/invocation/environment/annotations/*', how: ANY, reason: noted },
  { at: '/buildConfig/tasks/*/invocation/environment/labels/*', how: ANY, except: FIXED_LABELS, reason: later },
  { at: '/buildConfig/tasks/*/invocation/environment/annotations/*', how: ANY, reason: noted },
  { at: '/buildConfig/steps/*/**', how: ['added'], except: KNOWN_STEP, reason: newer },
  { at: '/buildConfig/tasks/*/**', how: ['added'], except: KNOWN_TASK, reason: newer },
  { at: '/buildConfig/tasks/*/steps/*/**', how: ['added'], except: KNOWN_STEP, reason: newer },
  { at: '/buildDefinition/internalParameters/labels/*', how: ANY, except: FIXED_LABELS, reason: later },
  { at: '/buildDefinition/internalParameters/annotations/*', how: ANY, reason: noted },
  {
    at: '/buildDefinition/internalParameters/tekton-pipelines-feature-flags/*',
    how: ['missing', 'added'],
    reason: 'a Chains built with another version of Tekton knows more flags, or fewer',
  },
  {
    at: '/buildDefinition/externalParameters/buildConfigSource/ref',
    how: ['changed'],
    reason: 'of several digests of the source Chains takes any one',
  },
  {
    at: '/buildDefinition/externalParameters/runSpec/**',
    how: ['added'],
    inSpec: true,
    reason: 'a Chains built with a later Tekton writes members of the spec that prov does not know',
  },
  {
    at: '/buildDefinition/resolvedDependencies/*',
    how: ['missing'],
    named: 'stepAction/',
    reason: 'Chains before 0.29 leaves out where a StepAction came from',
  },
]

/** What nobody can say of a PipelineRun whose TaskRuns are not at hand. */
export const NEEDS_TASK_RUNS: readonly string[] = [
  '/buildConfig/tasks',
  '/materials',
  '/buildDefinition/resolvedDependencies',
  '/runDetails/byproducts',
]

/** Lists whose order says nothing. */
export const SETS: readonly string[] = ['/materials', '/buildDefinition/resolvedDependencies', '/runDetails/byproducts']

/** Times, which have several spellings. */
export const TIMES: readonly string[] = [
  '/metadata/buildStartedOn',
  '/metadata/buildFinishedOn',
  '/runDetails/metadata/startedOn',
  '/runDetails/metadata/finishedOn',
]
