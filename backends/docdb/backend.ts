/** Copies as documents of a database, each as Tekton Chains writes it: MongoDB, Firestore, DynamoDB, or SQLite as the embedded one. */

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
import { errorAt, ProvError } from '../../src/errors.ts'
import { type Entry, holds, sha256Hex } from '../../src/model/entry.ts'
import { within } from '../../src/platform/async/deadline.ts'
import { linkedSignal } from '../../src/platform/async/linked-signal.ts'
import { refuseProxies } from '../shared/configured.ts'
import {
  keysOf,
  listed,
  locationOf,
  namedSlotOf,
  placeIn,
  placeOf,
  type Standing,
  slotOf,
  standing,
} from './address.ts'
import { openStore } from './engines.ts'
import { documentOf, keptDocument, NAME, type SignedDocument } from './layout.ts'
import { readTarget } from './settings.ts'
import { SIZE_RULES, sizeOf, tooLarge } from './size.ts'
import type { DocumentStore, StoredDocument } from './store.ts'

/** How often a put looks again when another writer was faster. */
const ROUNDS = 3

/**
 * The docdb backend. Throws `config_invalid` when `storage.docdb.url` is missing or wrong; connects on the first call.
 *
 * @example const backend = open(context); await backend.get(backend.slots(about)[0], { signal })
 */
export function open(context: Context): Backend {
  const target = readTarget(context)
  const { where, requestMs } = target
  const rule = SIZE_RULES[target.engine]
  let connecting: Promise<DocumentStore> | undefined

  function store(): Promise<DocumentStore> {
    connecting ??= openStore(target, context)
    return connecting
  }

  /** Runs a call to its end, its time or its abortion, and says in every error what it was. */
  async function call<T>(
    operation: string,
    location: string,
    options: CallOptions,
    work: (store: DocumentStore, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await within(async (signal) => work(await store(), signal), options, requestMs)
    } catch (thrown) {
      throw errorAt(thrown, { backend: NAME, operation, location })
    }
  }

  /** The document and its size, if it fits. */
  function fitting(slot: Slot, entry: Entry): { readonly document: SignedDocument; readonly bytes: number } {
    try {
      if (entry.payload.length > rule.limit) throw tooLarge('the payload', entry.payload.length, rule.limit)
      const document = documentOf(entry, placeIn(slot).key)
      return { document, bytes: sizeOf(document, rule) }
    } catch (thrown) {
      throw errorAt(thrown, { backend: NAME, operation: 'put', location: slot.key })
    }
  }

  const put = (slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt> =>
    call('put', slot.key, options, async (documents, signal) => {
      const { document } = fitting(slot, entry)
      const place = placeIn(slot)
      for (let round = 0; round < ROUNDS; round++) {
        const { items, freeKey } = standing(place, await documents.get(keysOf(place), { signal }))
        const same = items.find((item) => item.entry !== undefined && holds(item.entry, entry))
        if (same !== undefined) return receipt(slot, same.key, entry, 'unchanged')
        const [occupant] = items
        if (occupant !== undefined) {
          return { ...receipt(slot, occupant.key, entry, 'occupied'), found: items.map(foundOf) }
        }
        if (await documents.create({ ...document, Name: freeKey }, { signal }))
          return receipt(slot, freeKey, entry, 'written')
      }
      throw changedSince()
    })

  const get = (slot: Slot, options: CallOptions): Promise<readonly Found[]> =>
    call('get', slot.key, options, async (documents, signal) => {
      const place = placeIn(slot)
      return standing(place, await documents.get(keysOf(place), { signal })).items.map(foundOf)
    })

  /** What was found, as it stands now; undefined when it is gone. Throws `conflict` when it has changed. */
  async function still(
    documents: DocumentStore,
    slot: Slot,
    found: Found,
    signal: AbortSignal,
  ): Promise<Standing | undefined> {
    const place = placeIn(slot)
    const { items } = standing(place, await documents.get(keysOf(place), { signal }))
    const item = items.find(({ key }) => locationOf(where, key) === found.location)
    if (item !== undefined && sha256Hex(item.raw) !== found.version) throw changedSince()
    return item
  }

  const replace = (slot: Slot, found: Found, entry: Entry, options: CallOptions): Promise<Receipt> =>
    call('replace', slot.key, options, async (documents, signal) => {
      const { document } = fitting(slot, entry)
      const item = await still(documents, slot, found, signal)
      const done = item && (await documents.replace(item.stored, { ...document, Name: item.key }, { signal }))
      if (!done) throw changedSince()
      return receipt(slot, item.key, entry, 'replaced')
    })

  const remove = (slot: Slot, found: Found, options: CallOptions): Promise<void> =>
    call('remove', slot.key, options, async (documents, signal) => {
      const item = await still(documents, slot, found, signal)
      if (item === undefined || (await documents.remove(item.stored, { signal }))) return
      // Somebody was faster: gone is well, changed is a conflict.
      if ((await still(documents, slot, found, signal)) !== undefined) throw changedSince()
    })

  const keep = (slot: Slot, found: Found, options: CallOptions): Promise<string> =>
    call('keep', slot.key, options, async (documents, signal) => {
      const document = keptDocument(placeIn(slot).key, found.raw)
      // The key tells the bytes: what stands there already is the same.
      await documents.create(document, { signal })
      return locationOf(where, document.Name)
    })

  async function* list(filter: ListFilter, options: CallOptions): AsyncIterable<Slot> {
    if (filter.namespace !== undefined) {
      const refusal = new ProvError('not_supported', 'documents do not say in which namespace their run was')
      await call('list', where, options, () => Promise.reject(refusal))
    }
    const stop = linkedSignal(options.signal)
    const wanted = filter.subject === undefined ? {} : { subject: filter.subject }
    let pages: AsyncIterator<Pick<StoredDocument, 'key' | 'fields'>> | undefined
    try {
      const rows = await call('list', where, options, async (documents) =>
        documents.list(wanted, { signal: stop.signal })[Symbol.asyncIterator](),
      )
      pages = rows
      for (;;) {
        const next = await call('list', where, options, () => rows.next())
        if (next.done) return
        const place = listed(next.value, filter)
        if (place !== undefined) yield namedSlotOf(where, place)
      }
    } finally {
      stop.abort()
      stop.release()
      pages?.return?.().catch(() => {}) // what the reader thinks of its end changes nothing for the caller
    }
  }

  function foundOf(item: Standing): Found {
    const { key, entry, damage } = item
    const common = {
      location: locationOf(where, key),
      get raw() {
        return item.raw
      },
      get version() {
        return sha256Hex(item.raw)
      },
    }
    return entry === undefined ? Object.assign(common, { damage }) : Object.assign(common, { entry })
  }

  function receipt(slot: Slot, key: string, entry: Entry, outcome: Receipt['outcome']): Receipt {
    return receiptOf(slot, locationOf(where, key), entry, outcome)
  }

  return {
    name: NAME,
    configured: async () => {
      // MongoDB's protocol goes through no proxy of HTTP, and a file through none at all.
      if (/^(?:firestore|dynamodb):/.test(context.setting('storage.docdb.url') ?? ''))
        await refuseProxies(context, NAME)
    },
    capabilities: {
      readable: true,
      listNames: 'uid',
      sharedWrites: 'precondition',
      entriesPerSlot: 'one',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes: rule.limit,
    },
    slots: (about: About) => {
      const place = placeOf(about)
      return place === undefined ? [] : [slotOf(where, place)]
    },
    size: (slot, entry) => fitting(slot, entry).bytes,
    put,
    get,
    replace,
    remove,
    keep,
    list,
    diagnose: async (options) => (await import('./diagnose.ts')).diagnose(context, target, options, open),
    close: async () => {
      const opened = connecting
      connecting = undefined
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

function changedSince(): ProvError {
  return new ProvError('conflict', 'what was found there has changed since', { hint: 'read the slot again' })
}
