/** The work of `prov migrate`. */

import type { Backend } from '../../../backend/backend.ts'
import { parseBackendList } from '../../../config/lists.ts'
import { placeOf } from '../../../config/place.ts'
import { CONFIG_MAP, loadSettings } from '../../../config/settings.ts'
import { refuseUnsupported } from '../../../config/unsupported-settings.ts'
import { type ErrorCode, ProvError } from '../../../errors.ts'
import { formatNamed } from '../../../formats/index.ts'
import { checkSides, type EntryLocation, type MigrateJob, migrate } from '../../../migrate/migrate.ts'
import { isInShard, parseShard, type Shard } from '../../../migrate/shard.ts'
import type { Entry } from '../../../model/entry.ts'
import { steadyMemory } from '../../../platform/async/limit-heap-growth.ts'
import { pace } from '../../../platform/async/stream-pool.ts'
import { exitStatus, type Io, pause, write } from '../../../platform/io.ts'
import { reporter } from '../../../platform/progress.ts'
import { jsonLine } from '../../../platform/text/json-text.ts'
import { formatsOf } from '../../../provenance/detect-format.ts'
import { inputLine } from '../../../report/text/input-text.ts'
import { movedText, moveTally, summaryText } from '../../../report/text/migrate-text.ts'
import { nextText, stepAfter } from '../../../report/text/next-step.ts'
import { type ArtifactOptions, artifactsOf, type NamedArtifacts } from '../../../setup/artifacts.ts'
import { type BackendOptions, type Reads, refuseNoBackends, type Setup, setUp } from '../../../setup/backends.ts'
import { listFilter, subjectFilter, timeFilter } from '../../../setup/filters.ts'
import { trustFor } from '../../../setup/keys.ts'
import { SETTINGS_TABLE } from '../../../setup/settings-table.ts'
import { targetsOf } from '../../../setup/targets.ts'
import { TRUTH } from '../../../truth/truth.ts'
import { VERSION } from '../../../version.ts'
import { layoutOf } from '../../terminal.ts'
import { warn, worldOf } from '../../world.ts'
import type { MigrateOptions } from './flags.ts'
import { openRecord } from './move-record.ts'

/** Runs the command and gives its exit status; throws ProvError for what stops it before anything is read. */
export async function runMigrate(
  inputs: readonly string[],
  options: MigrateOptions,
  args: readonly string[],
  io: Io,
): Promise<number> {
  steadyMemory()
  const shard = options.shard === undefined ? undefined : parsedShard(options, io)
  checkNames(options)
  if (options.emitJob === true) return emitJob(inputs, options, args, shard, io)
  const trust = await trustFor(options, worldOf(io, options))
  const [from, to] = await Promise.all([
    side(options.from, options.fromSet, options, io, { truth: true }),
    side(options.to, options.toSet, options, io),
  ])
  try {
    const [source] = from.backends
    if (source === undefined) throw new ProvError('internal', 'no source was opened')
    checkSides(source, to.backends, options.deleteSource === true)
    refuseSamePlace(source, from, to, options.deleteSource === true)
    const layout = layoutOf(io)
    const { places, total, named } = await placesOf(inputs, options, source, from, shard, io)
    if (named !== undefined && options.json !== true && options.quiet !== true)
      await write(io.stdout, inputLine(named, layout))
    const progress = reporter(io, options.dryRun === true ? 'looked at' : 'migrated', options)
    const tally = moveTally(
      source.name,
      to.backends.map(({ name }) => name),
    )
    const job: MigrateJob = {
      source,
      targets: to.backends,
      places,
      trust,
      accepts: filterOf(options, io.now(), total === undefined),
      includeUnverified: options.includeUnverified === true,
      deleteSource: options.deleteSource === true,
      dryRun: options.dryRun === true,
      concurrency: options.concurrency,
      turn: pace(options.rate, { now: io.now, sleep: (ms) => pause(ms, io.signal) }),
      signal: io.signal,
      retry: to.retry,
    }
    const record = await openRecord(options, io)
    let done = 0
    let complete = false
    try {
      for await (const moved of migrate(job)) {
        tally.add(moved)
        await record?.add(moved, { from: source.name, to: job.targets.map(({ name }) => name), trust: trust.hash })
        const { bytes, errors } = tally.summary(true, true)
        progress.update(++done, total, { bytes, errors })
        const told = options.verbose === true || moved.outcome === 'left' || moved.outcome === 'failed'
        if (options.json === true) await write(io.stdout, jsonLine(moved))
        else if (told) await write(io.stdout, movedText(moved, layout))
      }
      complete = !io.signal.aborted
    } catch (thrown) {
      if (!io.signal.aborted) throw thrown
    } finally {
      progress.end()
      await record?.end()
    }
    const counted = tally.summary(complete, shard !== undefined)
    const summary = { ...counted, exit: exitStatus(counted.exit, io) }
    const next = stepAfter(summary.exit, Object.keys(summary.codes) as ErrorCode[])
    if (options.json === true) {
      const json = {
        command: 'migrate',
        version: VERSION,
        dryRun: options.dryRun === true,
        complete,
        ...summary,
        ...(next === undefined ? {} : { next: next.text }),
        input: named?.input,
      }
      await write(io.stdout, jsonLine(json))
    } else if (options.quiet !== true || summary.exit !== 0) {
      await write(io.stdout, summaryText(summary, layout, options.dryRun === true) + nextText(next, layout))
    }
    return summary.exit
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}

function parsedShard({ shard = '', emitJob }: MigrateOptions, io: Io): Shard {
  return parseShard(shard, emitJob === true ? { JOB_COMPLETION_INDEX: '0' } : io.env)
}

function checkNames({ from, to }: MigrateOptions): void {
  const sources = parseBackendList(from).filter((name) => name !== TRUTH)
  refuseNoBackends([...sources, ...parseBackendList(to)])
  if (parseBackendList(from).length > 1) {
    throw new ProvError('usage', '--from takes one backend', { hint: 'run one migration for each source' })
  }
}

/** What is moved to where it is would be said to be there, and with --delete-source be lost. One under two names is found out with the first removal. */
function refuseSamePlace({ name }: Backend, from: Setup, to: Setup, deletes: boolean): void {
  const here = placeOf(name, from.settings)
  const same = to.backends.find((target) => placeOf(target.name, to.settings) === here)
  if (same === undefined) return
  const message = deletes
    ? `--delete-source would take out of ${name} what is to be in ${same.name}`
    : `there is nothing to migrate from ${name} to ${same.name}`
  throw new ProvError('usage', message, {
    hint: 'source and target are one place: set them apart with --from-set and --to-set',
  })
}

/** One end of the move, with a configuration of its own. */
async function side(
  storage: string,
  own: readonly string[],
  options: MigrateOptions,
  io: Io,
  reads: Reads = {},
): Promise<Setup> {
  const setup = await setUp(
    { ...backendOptions(options), set: [...options.set, ...own], storage },
    worldOf(io, options),
    reads,
  )
  refuseUnsupported(
    setup.settings,
    setup.backends.map(({ name }) => name),
  )
  return setup
}

/** Here --format narrows what is moved; elsewhere it says what is made. */
function backendOptions({ format: _format, ...rest }: MigrateOptions): BackendOptions {
  return rest
}

/** Here --subject narrows what is moved; elsewhere it says what a predicate is about. */
function withoutSubject({ subject: _subject, ...rest }: MigrateOptions): ArtifactOptions {
  return rest
}

/** The places of the source, and how many where that is known beforehand. */
async function placesOf(
  inputs: readonly string[],
  options: MigrateOptions,
  source: Backend,
  from: Setup,
  shard: Shard | undefined,
  io: Io,
): Promise<{
  readonly places: AsyncIterable<EntryLocation>
  readonly total: number | undefined
  readonly named?: NamedArtifacts
}> {
  const isOurs = (place: EntryLocation): boolean => shard === undefined || isInShard(place.slot.key, shard)
  if (inputs.length > 0 || options.image.length > 0) {
    const named = await artifactsOf(inputs, withoutSubject(options), worldOf(io, options))
    const { artifacts, notes } = named
    for (const note of notes) warn(io, options, note)
    const places = artifacts
      .flatMap((artifact) => targetsOf(artifact, from))
      .filter(({ about }) => options.kind === undefined || about.kind === options.kind)
      .flatMap(({ about }) => source.slots(about).map((slot) => ({ slot, about })))
      .filter(isOurs)
    return { places: streamOf(places), total: places.length, named }
  }
  if (source.list === undefined) {
    throw new ProvError('not_supported', `${source.name} cannot list what it holds here`, {
      backend: source.name,
      hint: LIST_HINT,
    })
  }
  const list = source.list(listFilter(options), { signal: io.signal })
  return { places: placesIn(list, isOurs), total: undefined }
}

const LIST_HINT =
  'name the runs or images whose entries are to be moved; oci lists storage.oci.repository or a layout, tekton --tekton-file or a cluster'

async function* placesIn(
  slots: AsyncIterable<EntryLocation['slot']>,
  isOurs: (place: EntryLocation) => boolean,
): AsyncIterable<EntryLocation> {
  for await (const slot of slots) if (isOurs({ slot })) yield { slot }
}

async function* streamOf(places: readonly EntryLocation[]): AsyncIterable<EntryLocation> {
  yield* places
}

/** What --format, --since, --before and, where no listing has seen to it, --subject let pass. */
function filterOf(options: MigrateOptions, now: number, isListed: boolean): (entry: Entry) => boolean {
  const { format } = options
  const formats = format === undefined ? undefined : new Set(parseBackendList(format).map(nameOf))
  const inTime = timeFilter(options, now)
  const isAbout = isListed ? () => true : subjectFilter(options)
  return (entry) =>
    inTime(entry) && isAbout(entry) && (formats === undefined || formatsOf(entry).some((name) => formats.has(name)))
}

/** A format by any of its names; a predicate type stands for itself. */
function nameOf(name: string): string {
  return /^[a-z]+:/i.test(name) ? name : formatNamed(name).name
}

async function emitJob(
  inputs: readonly string[],
  options: MigrateOptions,
  args: readonly string[],
  shard: Shard | undefined,
  io: Io,
): Promise<number> {
  if (inputs.length > 0) {
    throw new ProvError('usage', '--emit-job takes no INPUT: the pods have none of these files', {
      hint: 'a Job moves what the source lists',
    })
  }
  const { record, recordKey, passwordFile, tektonFile, kubeconfig } = options
  const files = {
    record,
    'record-key': recordKey,
    'password-file': passwordFile,
    'tekton-file': tektonFile,
    kubeconfig,
  }
  const odd = Object.entries(files).find(([, value]) => value !== undefined)
  if (odd !== undefined) throw new ProvError('usage', `--emit-job takes no --${odd[0]}: the pods have no such file`)
  // What the pods would refuse is refused here, and no secret gets into the manifest.
  filterOf(options, io.now(), false)
  for (const own of [options.fromSet, options.toSet]) {
    await loadSettings({ table: SETTINGS_TABLE, set: [...options.set, ...own], env: {} })
  }
  const names = [options.from, ...parseBackendList(options.to)]
  const usesCluster = names.includes('tekton') || CONFIG_MAP.test(options.config ?? '')
  const { indexedJob } = await import('../../../migrate/job-manifest.ts')
  const image = options.jobImage ?? `prov:${VERSION}`
  await write(io.stdout, indexedJob({ args, shards: shard?.count ?? 4, image, usesCluster }))
  return 0
}
