/** Entries in the memory of the process: for tests, and for programs that embed prov and bring their own storage. */
import { setImmediate } from 'node:timers/promises'
import type {
  Backend,
  CallOptions,
  Context,
  Found,
  Listed,
  ListFilter,
  Receipt,
  Slot,
} from '../../src/backend/backend.ts'
import { receiptOf } from '../../src/backend/receipt.ts'
import { ProvError } from '../../src/errors.ts'
import { type Entry, holds, sha256Hex } from '../../src/model/entry.ts'
import { holdsWith, PROOFS, withProofsOf } from '../../src/model/proofs.ts'
import { copyOf, NAME, passes, rawOf, slotsOf } from './layout.ts'

/** What several handles share. Make one with {@link memoryStore}. */
export interface MemoryStore {
  readonly places: Map<string, { readonly slot: Slot; readonly items: readonly Item[] }>
}

/** One stored item; `raw` alone means that nothing could be made of it. */
export interface Item {
  readonly id: string
  readonly raw: Uint8Array
  readonly entry?: Entry
}

export interface MemoryOptions {
  /** Default: a store of its own. Give the same one to two handles, and they see each other's entries. */
  readonly store?: MemoryStore
  /** Largest entry in bytes; default 64 MiB. */
  readonly maxEntryBytes?: number
}

/** @example const store = memoryStore(); openMemory(context, { store }); openMemory(context, { store }) */
export function memoryStore(): MemoryStore {
  return { places: new Map() }
}

/** As {@link openMemory} with a store of its own: the form that every backend has. */
export function open(context: Context): Backend {
  return openMemory(context)
}

/**
 * The memory backend. Every slot holds many; the call gives way to others before it acts, as a real store does.
 * Throws `entry_too_large`, `conflict`, `aborted`, and `not_supported` when asked to list by namespace.
 *
 * @example const backend = openMemory(context, { store: memoryStore() })
 */
export function openMemory(context: Context, options: MemoryOptions = {}): Backend {
  const store = options.store ?? memoryStore()
  const maxEntryBytes = options.maxEntryBytes ?? 64 * 1024 * 1024

  function size(slot: Slot, entry: Entry): number {
    const bytes = rawOf(entry).length
    if (bytes > maxEntryBytes) {
      throw new ProvError('entry_too_large', `the entry has ${bytes} bytes, the limit is ${maxEntryBytes}`, {
        backend: NAME,
        operation: 'put',
        location: slot.key,
      })
    }
    return bytes
  }

  const itemsOf = (slot: Slot): readonly Item[] => store.places.get(slot.key)?.items ?? []
  const keep = (slot: Slot, items: readonly Item[]): void => {
    if (items.length === 0) store.places.delete(slot.key)
    else store.places.set(slot.key, { slot: structuredClone(slot), items })
  }
  const newItem = (entry: Entry): Item => {
    const id = Buffer.from(context.random(8)).toString('hex')
    return { id, raw: rawOf(entry), entry: copyOf(entry) }
  }

  async function put(slot: Slot, entry: Entry, { signal }: CallOptions): Promise<Receipt> {
    await giveWay(signal, 'put')
    size(slot, entry)
    const known = itemsOf(slot).find((item) => item.entry !== undefined && holds(item.entry, entry))
    if (known?.entry !== undefined) {
      if (holdsWith(known.entry, entry, PROOFS)) return receipt(slot, known, entry, 'unchanged')
      const fuller = withProofsOf(known.entry, [entry])
      const item = { id: known.id, raw: rawOf(fuller), entry: copyOf(fuller) }
      const items = itemsOf(slot).map((old) => (old === known ? item : old))
      keep(slot, items)
      return receipt(slot, item, entry, 'written')
    }
    const item = newItem(entry)
    keep(slot, [...itemsOf(slot), item])
    return receipt(slot, item, entry, 'written')
  }

  async function get(slot: Slot, { signal }: CallOptions): Promise<readonly Found[]> {
    await giveWay(signal, 'get')
    return itemsOf(slot).map((item) => foundOf(slot, item))
  }

  async function getMany(slots: readonly Slot[], { signal }: CallOptions): Promise<readonly (readonly Found[])[]> {
    await giveWay(signal, 'get')
    return slots.map((slot) => itemsOf(slot).map((item) => foundOf(slot, item)))
  }

  async function replace(slot: Slot, found: Found, entry: Entry, { signal }: CallOptions): Promise<Receipt> {
    await giveWay(signal, 'replace')
    size(slot, entry)
    const place = itemsOf(slot).find((item) => locate(slot, item) === found.location)
    if (place === undefined || sha256Hex(place.raw) !== found.version) throw changed(slot, 'replace')
    const item = newItem(entry)
    keep(
      slot,
      itemsOf(slot).map((old) => (old === place ? item : old)),
    )
    return receipt(slot, item, entry, 'replaced')
  }

  async function remove(slot: Slot, found: Found, { signal }: CallOptions): Promise<void> {
    await giveWay(signal, 'remove')
    const place = itemsOf(slot).find((item) => locate(slot, item) === found.location)
    if (place === undefined) return
    if (sha256Hex(place.raw) !== found.version) throw changed(slot, 'remove')
    keep(
      slot,
      itemsOf(slot).filter((item) => item !== place),
    )
  }

  async function* list(filter: ListFilter, { signal }: CallOptions): AsyncIterable<Listed> {
    await giveWay(signal, 'list')
    if (filter.namespace !== undefined) {
      throw new ProvError('not_supported', 'the memory backend does not know namespaces', {
        backend: NAME,
        operation: 'list',
      })
    }
    for (const { slot } of store.places.values()) {
      if (!passes(slot, filter)) continue
      yield { ...structuredClone(slot), found: itemsOf(slot).map((item) => foundOf(slot, item)) }
      await giveWay(signal, 'list')
    }
  }

  return {
    name: NAME,
    capabilities: {
      readable: true,
      sharedWrites: 'memory',
      entriesPerSlot: 'many',
      kinds: ['dsse', 'raw'],
      needsRun: false,
      keepsEnvelope: true,
      maxEntryBytes,
    },
    slots: slotsOf,
    size,
    put,
    get,
    getMany,
    replace,
    remove,
    list,
    close: async () => {},
  }
}

/** Lets everything else run first, so that two callers do meet as they would at a server. */
async function giveWay(signal: AbortSignal, operation: string): Promise<void> {
  if (!signal.aborted) await setImmediate()
  if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done', { backend: NAME, operation })
}

function locate(slot: Slot, item: Item): string {
  return `memory:${slot.key}#${item.id}`
}

function foundOf(slot: Slot, item: Item): Found {
  const common = { location: locate(slot, item), raw: new Uint8Array(item.raw), version: sha256Hex(item.raw) }
  if (item.entry !== undefined) return { ...common, entry: copyOf(item.entry) }
  return { ...common, damage: { code: 'copy_malformed', message: 'the stored bytes are not an entry', backend: NAME } }
}

function receipt(slot: Slot, item: Item, entry: Entry, outcome: Receipt['outcome']): Receipt {
  return receiptOf(slot, locate(slot, item), entry, outcome)
}

function changed(slot: Slot, operation: string): ProvError {
  return new ProvError('conflict', 'what was found there has changed since', {
    backend: NAME,
    operation,
    location: slot.key,
    hint: 'read the slot again',
  })
}
