/** Copies in the annotations of a run: in the run's own file, edited where it stands, or on the live object in its cluster. */

import type { Backend, CallOptions, Context, Found, ListFilter, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { asProvError, errorAt, ProvError } from '../../src/errors.ts'
import { liveName } from '../../src/kubernetes/runs.ts'
import type { RunArtifact } from '../../src/model/artifact.ts'
import { type Entry, holds, sha256Hex } from '../../src/model/entry.ts'
import { type Files, nodeFiles } from '../../src/platform/fs/files.ts'
import { type AnnotationAddress, locationOf, placeIn, standing } from './address.ts'
import type { Edit } from './home.ts'
import { type Homes, homesOf } from './homes.ts'
import {
  type Annotations,
  annotationBytes,
  annotationsOf,
  type Item,
  moreProofs,
  NAME,
  replaced,
  SIGNED,
  TOTAL_LIMIT,
} from './layout.ts'
import { slotsIn, slotsOfRun } from './list.ts'
import { readSettings, type TektonSettings } from './settings.ts'

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
  const settings = readSettings(context)
  const { inCluster } = settings
  const homes = homesOf(context, settings, { files, lockTimeoutMs })

  function edit<T>(
    operation: string,
    slot: Slot,
    options: CallOptions,
    decide: (now: Annotations, place: AnnotationAddress) => Edit<T>,
  ): Promise<T> {
    const place = placeIn(slot)
    return call(operation, slot.key, options, () => homes.at(place).edit((now) => decide(now, place), options.signal))
  }

  const put = (slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> =>
    edit('put', slot, options, (now, place) => {
      const { items, freeKey } = standing(now, place)
      const same = items.find((item) => item.entry !== undefined && holds(item.entry, entry))
      if (same?.entry !== undefined) {
        const changes = moreProofs(now, same.key, same.entry, entry)
        const outcome = Object.keys(changes).length === 0 ? 'unchanged' : 'written'
        return { result: receipt(slot, place, same.key, entry, outcome), changes }
      }
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
      const now = await homes.at(place).read(options.signal)
      return now === undefined ? [] : standing(now, place).items.map((item) => foundOf(place, item))
    })

  const carried = (slot: Slot): readonly Found[] => {
    const place = placeIn(slot)
    const given = homes.given(place)
    return given === undefined ? [] : standing(given, place).items.map((item) => foundOf(place, item))
  }

  const replace = (slot: Slot, found: Found, entry: Entry, options: CallOptions): Promise<Receipt> =>
    edit('replace', slot, options, (now, place) => {
      const item = itemAt(now, place, found)
      if (item === undefined || sha256Hex(item.raw) !== found.version) throw changedSince()
      return { result: receipt(slot, place, item.key, entry, 'replaced'), changes: replaced(now, item.key, entry) }
    })

  const remove = (slot: Slot, found: Found, options: CallOptions): Promise<void> =>
    edit('remove', slot, options, (now, place) => {
      const item = itemAt(now, place, found)
      if (item === undefined) return { result: undefined, changes: {} }
      if (sha256Hex(item.raw) !== found.version) throw changedSince()
      return { result: undefined, changes: replaced(now, item.key, undefined) }
    })

  const seal = (run: RunArtifact, options: CallOptions): Promise<void> =>
    call('seal', run.uid, options, () => {
      const decide = (now: Annotations): Edit<void> => ({
        result: undefined,
        changes: now[SIGNED] === 'true' ? {} : { [SIGNED]: 'true' },
      })
      return homes.of(run).edit(decide, options.signal)
    })

  function size(slot: Slot, entry: Entry): number {
    const place = placeIn(slot)
    const annotations = annotationsOf(entry, place.key)
    homes.checkSize(place, annotations)
    return annotationBytes(annotations)
  }

  /** For the plan: a folder in which the file could not be replaced is told before the key is touched. */
  const ready = (slot: Slot, options: CallOptions): Promise<void> => {
    const place = placeIn(slot)
    return place.live === undefined
      ? call('plan', place.file, options, () => homes.inFiles.ready(place.file))
      : Promise.resolve()
  }

  const list = listIn(settings, homes)

  return {
    name: NAME,
    configured: async () => {
      if (inCluster) await (await import('./cluster/connection.ts')).refuseUnusableCluster(context)
    },
    capabilities: {
      readable: true,
      listNames: 'name',
      sharedWrites: inCluster ? 'precondition' : 'lock',
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: true,
      keepsEnvelope: true,
      maxEntryBytes: inCluster ? TOTAL_LIMIT : undefined,
    },
    slots: homes.slots,
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
    close: async () => homes.close(),
  }
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

/** What `list` gives; undefined where copies lie beside runs that nobody can name. */
function listIn({ file, inCluster }: TektonSettings, homes: Homes): Backend['list'] {
  if (file !== undefined) return (filter, options) => listFile(homes, file, filter, options)
  return inCluster ? (filter, options) => listCluster(homes, filter, options) : undefined
}

async function* listFile(homes: Homes, file: string, filter: ListFilter, options: CallOptions): AsyncIterable<Slot> {
  const all = await call('list', file, options, () => homes.inFiles.all(file, options.signal))
  yield* slotsIn(file, all, filter)
}

async function* listCluster(homes: Homes, filter: ListFilter, { signal }: CallOptions): AsyncIterable<Slot> {
  try {
    if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
    for await (const { run, annotations } of homes.live().all(filter.namespace, signal)) {
      const { namespace, name, uid } = run
      yield* slotsOfRun({ file: liveName(run), uid, live: { namespace, name } }, annotations, filter)
    }
  } catch (thrown) {
    throw told(thrown, 'list', 'cluster')
  }
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
  if (item.entry === undefined) return { ...common, damage: item.damage }
  const { entry, proofsDamage } = item
  return { ...common, entry, ...(proofsDamage === undefined ? {} : { proofsDamage }) }
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
