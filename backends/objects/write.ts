/**
 * Writes a copy of four objects so that nobody ever takes a part of it, or parts of two, for a copy.
 *
 * The signature makes the copy, and is written last. Payload, certificate and chain come before it one after the other, each only where
 * nothing stands; where the same bytes stand already, that will do. So whoever writes the signature knows that everything before it is
 * his own bytes: of two writers at once the first to differ stops. A writer that died leaves objects without a signature. If they differ,
 * the next one first puts a mark in the place of the signature, which keeps the other, should it be alive, from ending its copy; then
 * it replaces each object by compare-and-set, and at last the mark by the signature.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { sameBytes } from '../../src/model/entry.ts'
import { ALL_PARTS, type ObjectAddress, objectName, PROOFS_PART } from './address.ts'
import { isPending, PARTS, type Part, type Parts, pendingMark } from './layout.ts'
import type { Stored, Version } from './read.ts'
import type { ObjectStore, StoredObject } from './store.ts'

export interface Writer {
  readonly store: ObjectStore
  random(size: number): Uint8Array
  /** How long another writer may stand still before its leftovers are replaced, in milliseconds. */
  readonly patienceMs: number
}

const BESIDE_SIGNATURE = PARTS.filter((part) => part !== 'signature')

/**
 * Writes the four objects where no copy stands. `false`: another writer's copy stands there by now, look again. Throws
 * `conflict` when another writer is at work all the time.
 *
 * @example if (await writeCopy(writer, place, key, partsOf(entry), { signal })) …
 */
export async function writeCopy(
  writer: Writer,
  place: ObjectAddress,
  key: string,
  parts: Parts,
  options: CallOptions,
): Promise<boolean> {
  const { store } = writer
  for (const part of BESIDE_SIGNATURE) {
    const name = objectName(place, key, part)
    if ((await store.put(name, parts[part], null, options)) !== undefined) continue
    const there = await store.get(name, options)
    if (!isObject(there, parts[part])) return takeOver(writer, place, key, parts, options)
  }
  const name = objectName(place, key, 'signature')
  if ((await store.put(name, parts.signature, null, options)) !== undefined) return true
  const there = await store.get(name, options)
  if (there !== undefined && !isPending(there.bytes)) return false
  return takeOver(writer, place, key, parts, options)
}

/** Objects of another writer stand there without a signature. */
async function takeOver(...[writer, place, key, parts, options]: Parameters<typeof writeCopy>): Promise<boolean> {
  const { store, random, patienceMs } = writer
  const signature = objectName(place, key, 'signature')
  const before = await stateOf(store, place, key, options)
  for (let waited = 0, pause = 25; waited < patienceMs; waited += pause, pause = Math.min(pause * 2, 400)) {
    await sleep(pause, undefined, { signal: options.signal }).catch(() => {
      throw new ProvError('aborted', 'stopped while waiting for another writer', { operation: 'put' })
    })
    const there = await store.get(signature, options)
    if (there !== undefined && !isPending(there.bytes)) return false
  }
  if ((await stateOf(store, place, key, options)) !== before) throw inUse('another writer is at work here')
  const there = await store.get(signature, options)
  if (there !== undefined && !isPending(there.bytes)) return false
  const mark = await store.put(signature, pendingMark(random(16)), there?.version ?? null, options)
  if (mark === undefined) throw inUse('another writer was first here')
  for (const part of BESIDE_SIGNATURE) await settle(store, objectName(place, key, part), parts[part], options)
  if ((await store.put(signature, parts.signature, mark, options)) === undefined) {
    throw inUse('another writer took over here')
  }
  return true
}

async function stateOf(store: ObjectStore, place: ObjectAddress, key: string, options: CallOptions): Promise<string> {
  return JSON.stringify(await Promise.all(PARTS.map((part) => store.head(objectName(place, key, part), options))))
}

/** Brings one object to these bytes. The writer that lost its place may still write once or twice. */
async function settle(store: ObjectStore, name: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const there = await store.get(name, options)
    if (isObject(there, bytes)) return
    if ((await store.put(name, bytes, there?.version ?? null, options)) !== undefined) return
  }
  throw inUse('another writer is at work here')
}

/**
 * Adds what a writer that died left out of a copy that stands: Chains writes the signature first. True when anything was missing.
 *
 * @example await complete(store, place, key, item.stored, parts, { signal })
 */
export async function complete(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  stored: Stored,
  parts: Parts,
  options: CallOptions,
): Promise<boolean> {
  const missing = BESIDE_SIGNATURE.filter((part) => stored[part] === undefined)
  for (const part of missing) await store.put(objectName(place, key, part), parts[part], null, options)
  return missing.length > 0
}

/**
 * Puts the four objects in the place of what was found. `stored` is what stands there now. Throws `conflict` when that is not what was found.
 *
 * @example await replaceCopy(writer, place, versionIn(found), stored, partsOf(entry), { signal })
 */
export async function replaceCopy(
  writer: Writer,
  place: ObjectAddress,
  version: Version,
  stored: Stored,
  parts: Parts,
  options: CallOptions,
): Promise<void> {
  const { store, random } = writer
  if (ALL_PARTS.some((part) => stored[part]?.version !== version[part])) throw changed('replace')
  const { key } = version
  const put = async (part: Part, bytes: Uint8Array, expect: string | null): Promise<string> => {
    const now = await store.put(objectName(place, key, part), bytes, expect, options)
    if (now === undefined) throw changed('replace')
    return now
  }
  const unlike = PARTS.filter((part) => !isObject(stored[part], parts[part]))
  const [only] = unlike
  if (only === undefined) return
  // One object is replaced at a stroke; before several are, the copy is taken back.
  if (unlike.length === 1) return void (await put(only, parts[only], version[only] ?? null))
  const mark = await put('signature', pendingMark(random(16)), version.signature ?? null)
  for (const part of unlike) if (part !== 'signature') await put(part, parts[part], version[part] ?? null)
  await put('signature', parts.signature, mark)
}

/**
 * Takes away what was found. What is gone already is not an error. Throws `conflict` when something else stands there.
 *
 * @example await removeCopy(writer, place, versionIn(found), { signal })
 */
export async function removeCopy(
  { store, random }: Writer,
  place: ObjectAddress,
  version: Version,
  options: CallOptions,
): Promise<void> {
  const { key } = version
  const signature = objectName(place, key, 'signature')
  const there = await store.get(signature, options)
  if (there === undefined || isPending(there.bytes)) return
  if (there.version !== version.signature) throw changed('remove')
  const beside = objectName(place, key, PROOFS_PART)
  if (version.proofs !== undefined && (await store.head(beside, options)) !== version.proofs) throw changed('remove')
  // A mark first: some services heed the condition of a write, but not that of a deletion.
  const mark = await store.put(signature, pendingMark(random(16)), there.version, options)
  if (mark === undefined) throw changed('remove')
  for (const part of BESIDE_SIGNATURE) {
    const expected = version[part]
    if (expected !== undefined) await store.delete(objectName(place, key, part), expected, options)
  }
  if (version.proofs !== undefined) await store.delete(beside, version.proofs, options)
  if ((await store.head(signature, options)) === mark) await store.delete(signature, mark, options)
}

/** True for an object with these bytes. */
function isObject(there: StoredObject | undefined, bytes: Uint8Array): boolean {
  return there !== undefined && there.damage === undefined && sameBytes(there.bytes, bytes)
}

function inUse(message: string): ProvError {
  return new ProvError('conflict', message, { operation: 'put', hint: 'try again' })
}

/** The error for what is not as it was read. */
export function changed(operation: string): ProvError {
  return new ProvError('conflict', 'what was found there has changed since', { operation, hint: 'read the slot again' })
}
