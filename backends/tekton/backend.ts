/** Copies in the annotations of a run: in the run's own file, edited where it stands, or on the live object in its cluster. */

import type {
  About,
  Backend,
  CallOptions,
  Context,
  Found,
  ListFilter,
  Receipt,
  Slot,
} from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { asProvError, errorAt, ProvError } from '../../src/errors.ts'
import { liveName } from '../../src/kubernetes/runs.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, holds, sha256Hex } from '../../src/model/entry.ts'
import { type Files, nodeFiles } from '../../src/platform/fs/files.ts'
import { type AnnotationAddress, locationOf, placeIn, placeOf, slotOf, standing } from './address.ts'
import { CLUSTER_SETTING, liveHomes, liveOf } from './cluster/homes.ts'
import type { LiveHomes, LiveRun } from './cluster/live-runs.ts'
import { FILE_SETTING, fileHomes } from './file/homes.ts'
import type { Edit, Home } from './home.ts'
import {
  type Annotations,
  annotationBytes,
  annotationNames,
  annotationsOf,
  type Item,
  NAME,
  SIGNED,
  TOTAL_LIMIT,
} from './layout.ts'
import { slotsIn, slotsOfRun } from './list.ts'

export interface TektonOptions {
  /** Default: the real ones. */
  readonly files?: Files
  /** How long a put waits for another process that writes the same file; default 30 s. */
  readonly lockTimeoutMs?: number
}

/** As {@link openTekton}: the form that every backend has. */
export function open(context: Context): Backend {
  return openTekton(context)
}

/**
 * The tekton backend. A run that was read from its cluster has its copies there, on the live object; with `storage.tekton.cluster`
 * every run has. Any other has them in its file; one from standard input, or from no file, is read as it came, and `ready` and
 * every write throw `usage` for it, unless `storage.tekton.file` is set. That file counts before everything else.
 *
 * @example const backend = openTekton(context); await backend.get(backend.slots(about)[0], { signal })
 */
export function openTekton(
  context: Context,
  { files = nodeFiles, lockTimeoutMs = 30_000 }: TektonOptions = {},
): Backend {
  const configured = context.setting(FILE_SETTING)
  const always = context.setting(CLUSTER_SETTING) === 'true'
  if (always && configured !== undefined) {
    throw new ProvError('config_invalid', `${FILE_SETTING} and ${CLUSTER_SETTING} exclude each other`, {
      backend: NAME,
      hint: 'unset one of them',
    })
  }
  const inFiles = fileHomes(context, configured, { files, lockTimeoutMs })
  let inCluster: LiveHomes | undefined
  const live = (): LiveHomes => {
    inCluster ??= liveHomes(context, async (c) => (await import('./cluster/connection.ts')).connect(c))
    return inCluster
  }
  const liveRun = (run: RunArtifact): LiveRun | undefined =>
    configured === undefined ? liveOf(run, always) : undefined

  /** A run whose object is not at hand: by its uid in the configured file, by its name in the cluster. */
  const isReachable = ({ uid, name }: RunArtifact): boolean =>
    uid !== '' && (configured !== undefined || (always && name !== ''))

  function homeOf(place: AnnotationAddress): Home {
    const run = liveAt(place)
    return run === undefined ? inFiles.at(place) : live().at(run)
  }

  function slots(about: About): readonly Slot[] {
    const run = about.artifact.type === 'image' ? about.artifact.run : about.artifact
    if (run?.type !== 'run' || placeOf(about, '') === undefined) return []
    if (run.claim !== undefined && !isReachable(run)) return []
    const found = liveRun(run)
    const { namespace, name, server } = found ?? {}
    const place =
      found === undefined || namespace === undefined || name === undefined
        ? placeOf(about, inFiles.fileFor(run))
        : placeOf(about, liveName(found), { namespace, name, ...(server === undefined ? {} : { server }) })
    return place === undefined ? [] : [slotOf(place)]
  }

  /** Runs a call with what every error of it must say. */
  async function call<T>(
    operation: string,
    location: string,
    { signal }: CallOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      return await work()
    } catch (thrown) {
      throw told(thrown, operation, location)
    }
  }

  function edit<T>(
    operation: string,
    slot: Slot,
    options: CallOptions,
    decide: (now: Annotations, place: AnnotationAddress) => Edit<T>,
  ): Promise<T> {
    const place = placeIn(slot)
    return call(operation, slot.key, options, () => homeOf(place).edit((now) => decide(now, place), options.signal))
  }

  const put = (slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> =>
    edit('put', slot, options, (now, place) => {
      const { items, freeKey } = standing(now, place)
      const same = items.find((item) => item.entry !== undefined && holds(item.entry, entry))
      if (same !== undefined) return { result: receipt(slot, place, same.key, entry, 'unchanged'), changes: {} }
      const [occupant] = items
      if (occupant !== undefined) {
        const found = items.map((item) => foundOf(place, item))
        return { result: { ...receipt(slot, place, occupant.key, entry, 'occupied'), found }, changes: {} }
      }
      return { result: receipt(slot, place, freeKey, entry, 'written'), changes: annotationsOf(entry, freeKey) }
    })

  const get = (slot: Slot, options: CallOptions): Promise<readonly Found[]> =>
    call('get', slot.key, options, async () => {
      const place = placeIn(slot)
      const now = await homeOf(place).read(options.signal)
      return now === undefined ? [] : standing(now, place).items.map((item) => foundOf(place, item))
    })

  const carried = (slot: Slot): readonly Found[] => {
    const place = placeIn(slot)
    const given = liveAt(place) === undefined ? inFiles.given(place.uid) : undefined
    return given === undefined ? [] : standing(given, place).items.map((item) => foundOf(place, item))
  }

  const replace = (slot: Slot, found: Found, entry: Entry, options: CallOptions): Promise<Receipt> =>
    edit('replace', slot, options, (now, place) => {
      const item = itemAt(now, place, found)
      if (item === undefined || sha256Hex(item.raw) !== found.version) throw changedSince()
      return { result: receipt(slot, place, item.key, entry, 'replaced'), changes: annotationsOf(entry, item.key) }
    })

  const remove = (slot: Slot, found: Found, options: CallOptions): Promise<void> =>
    edit('remove', slot, options, (now, place) => {
      const item = itemAt(now, place, found)
      if (item === undefined) return { result: undefined, changes: {} }
      if (sha256Hex(item.raw) !== found.version) throw changedSince()
      const names = Object.values(annotationNames(item.key)).filter((name) => Object.hasOwn(now, name))
      return { result: undefined, changes: Object.fromEntries(names.map((name) => [name, undefined])) }
    })

  const seal = (run: RunArtifact, options: CallOptions): Promise<void> =>
    call('seal', run.uid, options, () => {
      const found = liveRun(run)
      const home = found === undefined ? inFiles.of(run) : live().at(found)
      const decide = (now: Annotations): Edit<void> => ({
        result: undefined,
        changes: now[SIGNED] === 'true' ? {} : { [SIGNED]: 'true' },
      })
      return home.edit(decide, options.signal)
    })

  function size(slot: Slot, entry: Entry): number {
    const place = placeIn(slot)
    const annotations = annotationsOf(entry, place.key)
    const run = liveAt(place)
    if (run !== undefined) live().checkSize(run, annotations)
    return annotationBytes(annotations)
  }

  /** For the plan: a folder in which the file could not be replaced is told before the key is touched. */
  const ready = (slot: Slot, options: CallOptions): Promise<void> => {
    const place = placeIn(slot)
    if (liveAt(place) !== undefined) return Promise.resolve()
    return call('plan', place.file, options, () => inFiles.ready(place.file))
  }

  async function* listFile(file: string, filter: ListFilter, options: CallOptions): AsyncIterable<Slot> {
    const all = await call('list', file, options, () => inFiles.all(file, options.signal))
    yield* slotsIn(file, all, filter)
  }

  async function* listCluster(filter: ListFilter, { signal }: CallOptions): AsyncIterable<Slot> {
    try {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      for await (const { run, annotations } of live().all(filter.namespace, signal)) {
        const { namespace, name, uid } = run
        yield* slotsOfRun({ file: liveName(run), uid, live: { namespace, name } }, annotations, filter)
      }
    } catch (thrown) {
      throw told(thrown, 'list', 'cluster')
    }
  }

  const list =
    configured !== undefined
      ? (filter: ListFilter, options: CallOptions) => listFile(configured, filter, options)
      : always
        ? listCluster
        : undefined

  return {
    name: NAME,
    configured: async () => {
      if (always) await (await import('./cluster/connection.ts')).refuseUnusableCluster(context)
    },
    capabilities: {
      readable: true,
      listNames: 'name',
      sharedWrites: always ? 'precondition' : 'lock',
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: true,
      keepsEnvelope: true,
      maxEntryBytes: always ? TOTAL_LIMIT : undefined,
    },
    slots,
    isInputFile: (slot) => placeIn(slot).live === undefined,
    size,
    ready,
    put,
    get,
    carried,
    replace,
    remove,
    ...(list === undefined ? {} : { list }),
    seal,
    diagnose: async (options) => (await import('./diagnose.ts')).diagnose(context, options, open),
    close: async () => inCluster?.close(),
  }
}

/** The live object that a place is on; undefined for one in a file. */
function liveAt({ live, uid, run }: AnnotationAddress): LiveRun | undefined {
  if (live === undefined) return undefined
  return { ...live, uid, kind: run.startsWith('pipelinerun-') ? 'PipelineRun' : 'TaskRun' }
}

function told(thrown: unknown, operation: string, location: string): ProvError {
  const error = asProvError(thrown)
  const where = { operation: error.operation ?? operation, location: error.location ?? location }
  return errorAt(error, { backend: NAME, ...where })
}

function itemAt(now: Annotations, place: AnnotationAddress, found: Found): Item | undefined {
  return standing(now, place).items.find((item) => locationOf(place, item.key) === found.location)
}

function foundOf(place: AnnotationAddress, item: Item): Found {
  const common = { location: locationOf(place, item.key), raw: item.raw, version: sha256Hex(item.raw) }
  return item.entry === undefined ? { ...common, damage: item.damage } : { ...common, entry: item.entry }
}

function receipt(
  slot: Slot,
  place: AnnotationAddress,
  key: string,
  entry: Entry,
  outcome: Receipt['outcome'],
): Receipt {
  return receiptOf(slot, locationOf(place, key), entry, outcome)
}

function changedSince(): ProvError {
  return new ProvError('conflict', 'what was found there has changed since', {
    backend: NAME,
    hint: 'read the slot again',
  })
}
