/** The backend that gcs and s3 share: Chains' four objects an entry, over any {@link ObjectStore}. */
import type { Backend, CallOptions, Context, Receipt, Slot } from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { ProvError } from '../../src/errors.ts'
import { type Entry, holds } from '../../src/model/entry.ts'
import { PROOFS } from '../../src/model/proofs.ts'
import { BESIDE_CHAINS } from '../../src/model/proofs-json.ts'
import { keptName, type ObjectAddress, placeOf, slotOf } from './address.ts'
import { type Calls, type CallsOptions, callsOf } from './calls.ts'
import type { DiagnoseJob } from './diagnose.ts'
import { PARTS, type Parts, partsOf } from './layout.ts'
import { listSlots, slotOfObject } from './list.ts'
import { addProofs, proofBytes, setProofs } from './proofs.ts'
import { foundOf, type Item, locationOf, readPlace, readStored, versionIn } from './read.ts'
import { MAX_OBJECT_BYTES, type ObjectStore } from './store.ts'
import { changed, complete, removeCopy, replaceCopy, writeCopy } from './write.ts'

export interface ObjectsOptions extends CallsOptions {
  readonly sharedWrites: 'precondition' | 'lock'
  /** For `diagnose`; absent: nothing is known beforehand. */
  readonly diagnosis?: () => Pick<DiagnoseJob, 'name' | 'directory' | 'endpoint' | 'open'>
  /** See {@link Backend}. */
  readonly configured?: () => Promise<void>
}

const MAX_LOOKS = 5

/**
 * The backend over a store. Nothing is contacted before the first call that needs it.
 *
 * @example openObjects(context, { name: 's3', sharedWrites: 'precondition', home: () => ({ root: 's3://bucket/', connect }) })
 */
export function openObjects(context: Context, options: ObjectsOptions): Backend {
  const { name } = options
  const { home, reached, call, named, close } = callsOf(context, options)

  /** The four objects, if they fit. */
  function fitting(slot: Slot, entry: Entry): { readonly parts: Parts; readonly bytes: number } {
    try {
      const parts = partsOf(entry)
      const bytes = PARTS.reduce((sum, part) => sum + parts[part].length, proofBytes(entry)?.length ?? 0)
      if (bytes <= MAX_OBJECT_BYTES) return { parts, bytes }
      const message = `the entry has ${bytes} bytes, over the ${MAX_OBJECT_BYTES} this backend holds`
      throw new ProvError('entry_too_large', message)
    } catch (thrown) {
      throw named(thrown, 'put', slot.key)
    }
  }

  function receipt(slot: Slot, place: ObjectAddress, key: string, entry: Entry, outcome: Receipt['outcome']): Receipt {
    return receiptOf(slot, locationOf(home().root, place, key), entry, outcome)
  }

  const put: Backend['put'] = (slot, entry, calls) =>
    call('put', slot, calls, async (place, writer) => {
      const { parts } = fitting(slot, entry)
      for (let looks = 1; looks <= MAX_LOOKS; looks++) {
        const { items, freeKey } = await readPlace(writer.store, place, calls)
        const same = items.find((item) => item.entry !== undefined && holds(item.entry, entry))
        if (same !== undefined) {
          const { key } = same
          const added = await fill(writer.store, place, same, entry, parts, calls)
          return receipt(slot, place, key, entry, added ? 'written' : 'unchanged')
        }
        const [occupant] = items
        if (occupant !== undefined) {
          const found = items.map((item) => foundOf(name, home().root, place, item))
          return { ...receipt(slot, place, occupant.key, entry, 'occupied'), found }
        }
        await addProofs(writer.store, place, freeKey, entry, {}, calls)
        if (await writeCopy(writer, place, freeKey, parts, calls)) {
          return receipt(slot, place, freeKey, entry, 'written')
        }
      }
      throw new ProvError('conflict', 'other writers change this place all the time', { hint: 'try again' })
    })

  return {
    name,
    capabilities: {
      readable: true,
      listNames: 'name',
      sharedWrites: options.sharedWrites,
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes: MAX_OBJECT_BYTES,
    },

    slots(about) {
      try {
        const place = placeOf(about)
        return place === undefined ? [] : [slotOf(name, home().root, place)]
      } catch (thrown) {
        throw named(thrown, 'plan', name)
      }
    },

    size: (slot, entry) => fitting(slot, entry).bytes,

    put,

    get: (slot, calls) =>
      call('get', slot, calls, async (place, { store }) => {
        const { items } = await readPlace(store, place, calls)
        return items.map((item) => foundOf(name, home().root, place, item))
      }),

    replace: (slot, found, entry, calls) =>
      call('replace', slot, calls, async (place, writer) => {
        const { parts } = fitting(slot, entry)
        const version = versionIn(found)
        const stored = (await readStored(writer.store, place, version.key, calls)) ?? {}
        await replaceCopy(writer, place, version, stored, parts, calls)
        if (!(await setProofs(writer.store, place, version.key, entry, version.proofs, calls))) throw changed('replace')
        return receipt(slot, place, version.key, entry, 'replaced')
      }),

    remove: (slot, found, calls) =>
      call('remove', slot, calls, (place, writer) => removeCopy(writer, place, versionIn(found), calls)),

    keep: (slot, found, calls) =>
      call('keep', slot, calls, async (place, { store }) => {
        const name = keptName(place, found.raw)
        // The name tells the bytes: what stands there already is the same.
        await store.put(name, found.raw, null, calls)
        return `${home().root}${name}`
      }),

    ...reading(name, { home, reached, named }),

    ...(options.configured === undefined ? {} : { configured: options.configured }),

    async diagnose(asked) {
      const own = options.diagnosis?.()
      return own === undefined
        ? { checks: [] }
        : (await import('./diagnose.ts')).diagnose({ ...own, context, reached }, asked)
    },

    close,
  }
}

/** Which places hold something: of the whole store, and by the name of an object. */
function reading(
  name: string,
  { home, reached, named }: Pick<Calls, 'home' | 'reached' | 'named'>,
): Required<Pick<Backend, 'list' | 'placeOf'>> {
  return {
    async *list(filter, calls) {
      try {
        yield* listSlots(name, home().root, await reached(calls.signal), filter, calls)
      } catch (thrown) {
        throw named(thrown, 'list')
      }
    },

    async placeOf(object, calls) {
      try {
        return await slotOfObject(name, home().root, await reached(calls.signal), object, calls)
      } catch (thrown) {
        throw named(thrown, 'get', `${home().root}${object}`)
      }
    },
  }
}

/** Adds to a copy that stands what it lacks of the entry; true when it lacked anything. */
async function fill(
  store: ObjectStore,
  place: ObjectAddress,
  { key, stored, entry: standing }: Item,
  entry: Entry,
  parts: Parts,
  calls: CallOptions,
): Promise<boolean> {
  const added = await complete(store, place, key, stored, parts, calls)
  // Chains' own objects are for the certificates, where they are missing.
  const kinds = stored.cert === undefined || stored.chain === undefined ? BESIDE_CHAINS : PROOFS
  const proven = await addProofs(store, place, key, entry, { standing, kinds }, calls)
  return added || proven
}
