/**
 * The object beside the four, `<key>.proofs`: log entries, log proofs and time-stamps of the signatures, for which Chains has no place. It is no
 * part of the copy: without it, or when it is damaged, the copy is whole. Each proof is named by its signature, so that it does no harm under a key
 * where the signature does not stand (yet).
 */
import type { CallOptions } from '../../src/backend/backend.ts'
import { asProvError, type ErrorJson, errorJson, ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { PROOFS, type ProofKind } from '../../src/model/proofs.ts'
import {
  addedTo,
  BESIDE_CHAINS,
  type ProofsById,
  proofsIn,
  proofsLacking,
  proofsText,
  readProofs,
  withProofs,
} from '../../src/model/proofs-json.ts'
import { type ObjectAddress, objectName, PROOFS_PART } from './address.ts'
import type { ObjectStore, StoredObject } from './store.ts'

const TRIES = 5

/** The bytes of the object; undefined for an entry that needs none. */
export function proofBytes(entry: Entry): Uint8Array | undefined {
  const text = proofsText(proofsIn(entry.signatures, BESIDE_CHAINS))
  return text === undefined ? undefined : Buffer.from(text)
}

/** The entry with what the object says, or with what is wrong with that. */
export function withObject(
  entry: Entry,
  object: StoredObject | undefined,
): { readonly entry: Entry; readonly proofsDamage?: ErrorJson } {
  if (object === undefined) return { entry }
  if (object.damage !== undefined) return { entry, proofsDamage: object.damage }
  try {
    return { entry: withProofs(entry, readProofs(Buffer.from(object.bytes).toString('utf8'))) }
  } catch (thrown) {
    return { entry, proofsDamage: errorJson(asProvError(thrown)) }
  }
}

/** undefined when absent, and where the service does not tell absence from prohibition: the copy was readable, and is whole without. */
export async function readObject(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  options: CallOptions,
): Promise<StoredObject | undefined> {
  try {
    return await store.get(objectName(place, key, PROOFS_PART), options)
  } catch (thrown) {
    if (thrown instanceof ProvError && thrown.code === 'denied') return undefined
    throw thrown
  }
}

/**
 * Adds to the object what it lacks of the entry's proofs; true when anything was. `standing` is the entry as it was read from the copy that stands
 * there, with its certificates; absent where none does. Throws `conflict` when other writers are at work all the time, and `not_supported` for
 * proofs of a later version.
 *
 * @example await addProofs(store, place, key, entry, { standing: item.entry, kinds: PROOFS }, { signal })
 */
export async function addProofs(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  entry: Entry,
  { standing, kinds = PROOFS }: { readonly standing?: Entry | undefined; readonly kinds?: readonly ProofKind[] },
  options: CallOptions,
): Promise<boolean> {
  const wanted: ProofsById =
    standing === undefined ? proofsIn(entry.signatures, BESIDE_CHAINS) : proofsLacking(standing, entry, kinds)
  if (wanted.size === 0) return false
  const name = objectName(place, key, PROOFS_PART)
  for (let tries = 0; tries < TRIES; tries++) {
    const there = standing === undefined && tries === 0 ? undefined : await store.get(name, options)
    const text = addedTo(there === undefined ? undefined : Buffer.from(there.bytes).toString('utf8'), wanted)
    if (text === undefined) return false
    if ((await store.put(name, Buffer.from(text), there?.version ?? null, options)) !== undefined) return true
  }
  throw new ProvError('conflict', 'other writers change the proofs here all the time', { hint: 'try again' })
}

/** Brings the object to what the entry has, from the version that was read (undefined: none). False: it has changed since. */
export async function setProofs(
  store: ObjectStore,
  place: ObjectAddress,
  key: string,
  entry: Entry,
  version: string | undefined,
  options: CallOptions,
): Promise<boolean> {
  const name = objectName(place, key, PROOFS_PART)
  const bytes = proofBytes(entry)
  if (bytes !== undefined) return (await store.put(name, bytes, version ?? null, options)) !== undefined
  if (version !== undefined) await store.delete(name, version, options)
  return true
}
