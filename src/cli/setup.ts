/** From flags and configuration to backends, artifacts and keys: what store, verify and get share. */
import { isBackend, lastingBackends, openBackend } from '../../backends/index.ts'
import type { Backend, Context } from '../backend/backend.ts'
import { type FormatChoice, parseBackendList, parseFormats } from '../config/lists.ts'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import type { FormatOptions } from '../formats/format.ts'
import { imagesOf } from '../input/images.ts'
import { loadInputs } from '../input/load.ts'
import { selectRuns } from '../input/select.ts'
import { runReference } from '../kubernetes/runs.ts'
import type { Artifact, ImageRef, RunArtifact } from '../model/artifact.ts'
import { parseImage } from '../model/image-reference.ts'
import { parseStatement } from '../model/statement.ts'
import type { RetryOptions } from '../platform/async/retry.ts'
import { type Io, pause } from '../platform/io.ts'
import type { CommonOptions, InputOptions } from './options.ts'
import { settingsFor } from './settings.ts'
import { tell } from './terminal.ts'

/** The artifact types of chains-config: each has its own storage, format and signer there. */
export type ArtifactClass = 'taskrun' | 'pipelinerun' | 'oci'

export interface Setup {
  readonly settings: Settings
  readonly formatOptions: FormatOptions
  /** Every backend named anywhere, opened, in the order named. */
  readonly backends: readonly Backend[]
  /** Backends for one artifact; [] when the configuration disables its class. */
  backendsFor(artifact: Artifact): readonly Backend[]
  /** Name of the format that a run is stored in, in that backend. */
  formatFor(artifact: Artifact, backend: string): string
  /** Every format in which a backend is to have the artifact: images may have two. */
  formatsFor(artifact: Artifact, backend: Backend): readonly string[]
  /** True when --format named formats: those are then obligatory in verify. */
  readonly formatNamed: boolean
  readonly retry: RetryOptions
  close(): Promise<void>
}

/**
 * Reads the configuration and opens the backends (cheap: they connect on first use). Throws with exit 2.
 *
 * @example const setup = await setUp(options, io)
 */
export async function setUp(options: CommonOptions & InputOptions, io: Io): Promise<Setup> {
  const settings = await settingsFor(options, flagSettings(options), io)
  for (const warning of settings.warnings) warn(io, options, warning)
  const storage = options.storage ?? io.env['PROV_STORAGE']
  const listed = storage === undefined ? undefined : parseBackendList(storage)
  const classes = classBackends(settings, listed)
  const names = backendNames(settings, storage)
  const chosen = options.format === undefined ? undefined : parseFormats(options.format)
  refuseUnknown(chosen, names)
  const context: Context = {
    setting: (key) => settings.get(key),
    env: io.env,
    now: io.now,
    random: io.random,
    debug: (line) => {
      if (options.verbose === true) tell(io, `prov: ${line}`)
    },
  }
  const backends = await Promise.all(names.map((name) => openBackend(name, context)))
  for (const backend of backends) for (const warning of backend.warnings ?? []) warn(io, options, warning)
  const byName = new Map(backends.map((backend) => [backend.name, backend]))
  return {
    settings,
    formatOptions: formatOptions(settings),
    backends,
    backendsFor: (artifact) => classes[classOf(artifact)].flatMap((name) => byName.get(name) ?? []),
    formatFor: (artifact, backend) => formatFor(artifact, backend, chosen, settings),
    formatsFor: (artifact, { name, capabilities }) =>
      artifact.type === 'image'
        ? (capabilities.imageFormats ?? ['simplesigning'])
        : [formatFor(artifact, name, chosen, settings)],
    formatNamed: chosen !== undefined,
    retry: {
      budget: { attempts: 1 + Number(settings.get('storage.retries')), totalMs: 60_000 },
      signal: io.signal,
      now: io.now,
      sleep: pause,
      random: Math.random,
    },
    close: async () => {
      await Promise.allSettled(backends.map((backend) => backend.close()))
    },
  }
}

/** Every artifact that the inputs and flags name, runs first, each followed by its images. Throws `input_empty` for none. */
export async function artifactsOf(
  inputs: readonly string[],
  options: CommonOptions & InputOptions,
  io: Io,
): Promise<{ readonly artifacts: readonly Artifact[]; readonly notes: readonly string[] }> {
  const notes: string[] = []
  const runs: RunArtifact[] = []
  if (inputs.length > 0) {
    const { files, live } = await fromCluster(inputs, options, io)
    const loaded = await loadInputs(files, { stdin: io.stdin, beside: live.placed })
    notes.push(...live.notes, ...loaded.notes)
    runs.push(...selectRuns(loaded.runs, options.run))
  }
  const ofRuns = runs.flatMap((run) => {
    const { images, skipped } = imagesOf(run)
    for (const { result, reason } of skipped)
      notes.push(`${run.kind} ${run.namespace}/${run.name}: result ${result} names no image: ${reason}`)
    return [run, ...images]
  })
  const named = options.image.map(parseImage)
  // With --predicate the images are what it is about, not artifacts of their own.
  const images = options.predicate === undefined ? named.map((image) => ({ type: 'image' as const, image })) : []
  const statements = await Promise.all(options.statement.map(readStatementFile))
  if (options.predicate !== undefined) statements.push(await readPredicate(options.predicate, named, options))
  const artifacts = [...ofRuns, ...images, ...statements]
  if (artifacts.length === 0) {
    throw new ProvError('usage', 'nothing to work on was named', {
      hint: 'name a file with a Tekton run, --image REPO@sha256:… or --statement FILE',
    })
  }
  return { artifacts, notes }
}

/** Runs of a cluster are read at once; what reads them is loaded only when there are any. */
async function fromCluster(inputs: readonly string[], options: CommonOptions & InputOptions, io: Io) {
  const named = inputs.filter((input) => runReference(input) !== undefined)
  if (named.length === 0) return { files: inputs, live: { placed: [], notes: [] } }
  const { readFromCluster } = await import('./cluster-input.ts')
  const settings = await settingsFor(options, flagSettings(options), io)
  const live = await readFromCluster(named, options.namespace, settings, options.verbose === true, io)
  return { files: inputs.filter((input) => !named.includes(input)), live }
}

/**
 * The backends that a command is to use, each once: those listed, else those of the configuration. Throws `usage` for none, and for one
 * that keeps nothing.
 *
 * @example backendNames(settings, 'tekton,oci') // ['tekton', 'oci']
 */
export function backendNames(settings: Settings, storage: string | undefined): readonly string[] {
  const listed = storage === undefined ? undefined : parseBackendList(storage)
  const names = [...new Set(listed ?? Object.values(classBackends(settings, listed)).flat())]
  const fleeting = names.find((name) => isBackend(name) && !lastingBackends().includes(name))
  if (fleeting !== undefined) {
    throw new ProvError('usage', `${fleeting} keeps nothing once prov ends`, {
      hint: `it is for programs that embed prov; a command stores in ${lastingBackends().join(', ')}`,
    })
  }
  return names
}

/** One line on stderr, unless --quiet. */
export function warn(io: Io, options: CommonOptions, line: string): void {
  if (options.quiet !== true) tell(io, `prov: ${line}`)
}

/** Flags that stand for a setting, as `--set` has them. */
export function flagSettings(options: CommonOptions & InputOptions): readonly string[] {
  const { tektonFile, timeout, kubeconfig, context } = options
  return [
    ...(kubeconfig === undefined ? [] : [`kubernetes.kubeconfig=${kubeconfig}`]),
    ...(context === undefined ? [] : [`kubernetes.context=${context}`]),
    ...(tektonFile === undefined ? [] : [`storage.tekton.file=${tektonFile}`]),
    ...(timeout === undefined ? [] : [`storage.timeout=${timeout}`]),
    ...options.set,
  ]
}

function classBackends(
  settings: Settings,
  listed: readonly string[] | undefined,
): Readonly<Record<ArtifactClass, readonly string[]>> {
  const of = (name: ArtifactClass): readonly string[] => {
    if (listed !== undefined) return listed
    if (settings.get(`artifacts.${name}.signer`) === 'none') return []
    return parseBackendList(settings.get(`artifacts.${name}.storage`) ?? '', { empty: true })
  }
  const keys = ['taskrun', 'pipelinerun', 'oci'].map((name) => `artifacts.${name}.storage`)
  if (listed === undefined && keys.every((key) => settings.origin(key) === 'default')) {
    throw new ProvError('usage', 'no backend was named', { hint: 'use --storage tekton,oci, or set PROV_STORAGE' })
  }
  return { taskrun: of('taskrun'), pipelinerun: of('pipelinerun'), oci: of('oci') }
}

function classOf(artifact: Artifact): ArtifactClass {
  if (artifact.type === 'run') return artifact.kind === 'TaskRun' ? 'taskrun' : 'pipelinerun'
  return artifact.type === 'image' ? 'oci' : 'taskrun'
}

function formatFor(artifact: Artifact, backend: string, chosen: FormatChoice | undefined, settings: Settings): string {
  if (artifact.type === 'image') return 'simplesigning'
  if (artifact.type === 'statement') return 'statement'
  const named = chosen?.of(backend)
  return named ?? settings.get(`artifacts.${classOf(artifact)}.format`) ?? 'slsa/v1'
}

function refuseUnknown(chosen: FormatChoice | undefined, names: readonly string[]): void {
  const odd = chosen?.backends.find((name) => !names.includes(name))
  if (odd === undefined) return
  throw new ProvError('usage', `--format names ${odd}, which --storage does not`, {
    hint: `the backends are ${names.join(', ')}`,
  })
}

export function formatOptions(settings: Settings): FormatOptions {
  return {
    builderId: settings.get('builder.id') ?? 'https://tekton.dev/chains/v2',
    buildType: settings.get('builddefinition.buildtype') ?? 'https://tekton.dev/chains/v2/slsa',
    deepInspection: settings.get('artifacts.pipelinerun.enable-deep-inspection') === 'true',
  }
}

async function readStatementFile(path: string): Promise<Artifact> {
  const { readBounded } = await import('../input/read.ts')
  return parseStatement(path, await readBounded(path))
}

async function readPredicate(path: string, images: readonly ImageRef[], options: InputOptions): Promise<Artifact> {
  if (options.type === undefined) {
    throw new ProvError('usage', '--predicate needs its --type', { hint: 'e.g. --type https://openvex.dev/ns/v0.2.0' })
  }
  const [{ readBounded }, { parseSubject, predicateStatement }] = await Promise.all([
    import('../input/read.ts'),
    import('../formats/predicate-statement.ts'),
  ])
  const subjects = [
    ...images.map(({ repository, digest }) => ({
      name: repository,
      digest: { sha256: digest.slice('sha256:'.length) },
    })),
    ...(options.subject ?? []).map(parseSubject),
  ]
  return predicateStatement({ name: path, bytes: await readBounded(path), type: options.type, subjects })
}
