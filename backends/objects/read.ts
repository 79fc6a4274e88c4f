/** Reads what stands in a place: whole copies only. */
import type { CallOptions, Found } from '../../src/backend/backend.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import type { Entry, Kind } from '../../src/model/entry.ts'
import { isOtherImage } from '../shared/image-key.ts'
import { ALL_PARTS, keysOf, type ObjectAddress, objectName, PROOFS_PART } from './address.ts'
import { entryOf, isPending, PARTS, type Part } from './layout.ts'
import { readObject, withObject } from './proofs.ts'
import type { ObjectStore, StoredObject } from './store.ts'

export type Stored = Readonly<Partial<Record<Part | typeof PROOFS_PART, StoredObject>>>

/** What stands under one key: always with a signature object that is not a mark. */
export interface Item {
  readonly key: string
  readonly stored: Stored
  readonly entry?: Entry
  readonly damage?: ErrorJson
  /** Of the object beside: the entry is without its proofs. */
  readonly proofsDamage?: ErrorJson
}

/** What stands in a place, and the key for an entry that is not there yet. */
export interface Standing {
  /** Not those of another image that rightly has the same key. */
  readonly items: readonly Item[]
  readonly freeKey: string
}

const MAX_READS = 5

/**
 * Looks under every key of the place. Objects without a signature are not a copy: a writer is at work there, or has died.
 *
 * @example (await readPlace(store, place, { signal })).items.length // 0 when absent
 */
export async function readPlace(store: ObjectStore, place: ObjectAddress, options: CallOptions): Promise<Standing> {
  const keys = keysOf(place)
  const [own, beside] = await Promise.all(keys.map((key) => readItem(store, place, key, options)))
  const { image } = place
  const payload = own?.entry?.payload
  const neighbour = keys.length > 1 && image !== undefined && payload !== undefined && isOtherImage(payload, image)
  const items = [...(own === undefined || neighbour ? [] : [own]), ...(beside === undefined ? [] : [beside])]
  return { items, freeKey: (neighbour ? keys[1] : undefined) ?? place.key }
}

/** Throws `conflict` for what changes all the time while it is read. */
async function readItem(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  options: CallOptions,
): Promise<Item | undefined> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const stored = await readStored(store, place, key, options)
    if (stored === undefined) return undefined
    const item = { key, stored, ...meaning(stored, place.kind) }
    if (isBound(item, place.kind)) return item
    // Writers change the other objects only while no signature stands: the same one before and after means that they belong to it.
    if ((await store.head(objectName(place, key, 'signature'), options)) === stored.signature?.version) return item
  }
  throw new ProvError('conflict', 'the copy changes while it is read', { operation: 'get' })
}

/** An envelope carries the payload, so with nothing else beside it no mixture can pass for a copy. */
function isBound({ entry, stored }: Pick<Item, 'entry' | 'stored'>, kind: Kind): boolean {
  return kind === 'dsse' && entry !== undefined && !stored.cert?.bytes.length && !stored.chain?.bytes.length
}

/** All four objects, and the one beside them, asked for together; undefined when no signature stands there. */
export async function readStored(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  options: CallOptions,
): Promise<Stored | undefined> {
  const signature = await store.get(objectName(place, key, 'signature'), options)
  if (signature === undefined || isPending(signature.bytes)) return undefined
  const others = PARTS.filter((part) => part !== 'signature')
  const [read, proofs] = await Promise.all([
    Promise.all(others.map((part) => store.get(objectName(place, key, part), options))),
    readObject(store, place, key, options),
  ])
  const found = others.flatMap((part, i) => (read[i] === undefined ? [] : [[part, read[i]] as const]))
  return { ...Object.fromEntries(found), signature, ...(proofs === undefined ? {} : { [PROOFS_PART]: proofs }) }
}

function meaning(stored: Stored, kind: Kind): Pick<Item, 'entry' | 'damage' | 'proofsDamage'> {
  const odd = PARTS.toReversed().flatMap((part) => stored[part]?.damage ?? [])[0]
  if (odd !== undefined) return { damage: odd }
  try {
    return withObject(entryOf(bytesOf(stored), kind), stored.proofs)
  } catch (thrown) {
    return { damage: errorJson(asProvError(thrown)) }
  }
}

function bytesOf(stored: Stored): Readonly<Partial<Record<Part, Uint8Array>>> {
  return Object.fromEntries(PARTS.flatMap((part) => (stored[part] === undefined ? [] : [[part, stored[part].bytes]])))
}

/** The item for the core; `raw` is JSON of the objects, base64; of what is not an object, what it is: never what a link leads to. */
export function foundOf(
  backend: string,
  root: string,
  place: ObjectAddress,
  { key, stored, entry, damage, proofsDamage }: Item,
): Found {
  // Few ask for these two.
  const lazy = {
    get raw() {
      return rawOf(place, key, stored)
    },
    get version() {
      return versionOf(key, stored)
    },
  }
  const location = locationOf(root, place, key)
  const beside = proofsDamage === undefined ? {} : { proofsDamage: { ...proofsDamage, backend } }
  if (entry !== undefined) return Object.assign(lazy, { location, entry, ...beside })
  const what = { code: 'copy_malformed' as const, message: 'the objects are not an entry', ...damage, backend }
  return Object.assign(lazy, { location, damage: what })
}

function rawOf(place: ObjectAddress, key: string, stored: Stored): Uint8Array {
  const native = ALL_PARTS.flatMap((part) => {
    const object = stored[part]
    if (object === undefined) return []
    const { bytes, damage } = object
    return [[objectName(place, key, part), damage ?? Buffer.from(bytes).toString('base64')] as const]
  })
  return Buffer.from(JSON.stringify(Object.fromEntries(native)))
}

export function locationOf(root: string, place: ObjectAddress, key: string): string {
  return `${root}${objectName(place, key, 'signature')}`
}

/** The state of the four objects and of the one beside them, for replace and remove. */
export type Version = { readonly key: string } & Readonly<Partial<Record<Part | typeof PROOFS_PART, string>>>

function versionOf(key: string, stored: Stored): string {
  const versions = ALL_PARTS.flatMap((part) =>
    stored[part] === undefined ? [] : [[part, stored[part].version] as const],
  )
  return JSON.stringify({ key, ...Object.fromEntries(versions) })
}

/** What {@link foundOf} said about the state. Throws `internal` for what another backend found. */
export function versionIn(found: Found): Version {
  if (found.version === undefined) throw new ProvError('internal', 'found by another backend')
  return JSON.parse(found.version) as Version
}
