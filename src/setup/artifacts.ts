/** From inputs, images and Statements that were named to artifacts. */
import { ProvError } from '../errors.ts'
import type { InputCount } from '../input/count.ts'
import { imagesOf } from '../input/images.ts'
import { loadInputs } from '../input/load.ts'
import { selectRuns } from '../input/select.ts'
import { runReference } from '../kubernetes/runs.ts'
import type { Artifact, ImageRef, RunArtifact } from '../model/artifact.ts'
import { parseImage } from '../model/image-reference.ts'
import { parseStatement } from '../model/statement.ts'
import { type SettingsOptions, settingsFor } from './settings.ts'
import type { World } from './world.ts'

/** What is named beside the inputs; each member may be absent. */
export interface ArtifactOptions extends SettingsOptions {
  /** Images by digest. */
  readonly image?: readonly string[]
  /** Only this run of the inputs, by uid or name. */
  readonly run?: string
  /** Files with in-toto Statements. */
  readonly statement?: readonly string[]
  /** A file with a predicate of the type `type`, about the images and `subject`. */
  readonly predicate?: string
  readonly type?: string
  /** `NAME=ALG:HEX` */
  readonly subject?: readonly string[]
  /** Of runs in a cluster. */
  readonly namespace?: string
}

/**
 * Every artifact that the inputs and flags name, runs first, each followed by its images; `input` says what was read where INPUT was
 * given. Throws `input_empty` for none.
 */
export async function artifactsOf(
  inputs: readonly string[],
  options: ArtifactOptions,
  world: World,
): Promise<NamedArtifacts> {
  const notes: string[] = []
  const runs: RunArtifact[] = []
  let input: InputCount | undefined
  if (inputs.length > 0) {
    const { files, live } = await fromCluster(inputs, options, world)
    const loaded = await loadInputs(files, { stdin: world.stdin, beside: live.placed })
    notes.push(...live.notes, ...loaded.notes)
    runs.push(...selectRuns(loaded.runs, options.run))
    input = loaded.count
  }
  const ofRuns = runs.flatMap((run) => {
    const { images, skipped } = imagesOf(run)
    for (const { result, reason } of skipped)
      notes.push(`${run.kind} ${run.namespace}/${run.name}: result ${result} names no image: ${reason}`)
    return [run, ...images]
  })
  const named = (options.image ?? []).map(parseImage)
  // With --predicate the images are what it is about, not artifacts of their own.
  const images = options.predicate === undefined ? named.map((image) => ({ type: 'image' as const, image })) : []
  const statements = await Promise.all((options.statement ?? []).map(readStatementFile))
  if (options.predicate !== undefined) statements.push(await readPredicate(options.predicate, named, options))
  const artifacts = [...ofRuns, ...images, ...statements]
  if (artifacts.length === 0) {
    throw new ProvError('usage', 'no run, image or Statement was named', {
      hint: 'name a file with a Tekton run, --image REPO@sha256:… or --statement FILE',
    })
  }
  return { artifacts, notes, ...(input === undefined ? {} : { input }) }
}

export interface NamedArtifacts {
  readonly artifacts: readonly Artifact[]
  readonly notes: readonly string[]
  readonly input?: InputCount
}

/** Runs of a cluster are read at once; what reads them is loaded only when there are any. */
async function fromCluster(inputs: readonly string[], options: ArtifactOptions, world: World) {
  const named = inputs.filter((input) => runReference(input) !== undefined)
  if (named.length === 0) return { files: inputs, live: { placed: [], notes: [] } }
  const { readFromCluster } = await import('./cluster-input.ts')
  const settings = await settingsFor(options, world)
  const live = await readFromCluster(named, options.namespace, settings, world)
  return { files: inputs.filter((input) => !named.includes(input)), live }
}

async function readStatementFile(path: string): Promise<Artifact> {
  const { readBounded } = await import('../input/read.ts')
  return parseStatement(path, await readBounded(path))
}

async function readPredicate(path: string, images: readonly ImageRef[], options: ArtifactOptions): Promise<Artifact> {
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
