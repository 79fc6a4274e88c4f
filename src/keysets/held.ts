/**
 * Which keys of a journal are also in its key store. The database alone is nobody's word: whoever may write to it could add a key of his own, and
 * would have it published and trusted. Pure.
 */
import { ProvError } from '../errors.ts'
import { spki } from '../keys/key-id.ts'
import { type JournalKey, type JournalState, keyName } from './journal.ts'
import type { StoredKey } from './keystore.ts'

export interface Held {
  /** Keys whose public half stands in the key store under their name, and numbers without a key. */
  readonly held: readonly JournalKey[]
  /** Keys that the database alone names. */
  readonly loose: readonly JournalKey[]
}

/** @example heldIn(state, await store.list()).loose // [] */
export function heldIn({ id, keys }: Pick<JournalState, 'id' | 'keys'>, stored: readonly StoredKey[]): Held {
  const files = new Map(stored.map(({ name, publicKey }) => [name, publicKey]))
  const isHeld = ({ n, key }: JournalKey): boolean => {
    const publicKey = files.get(keyName(id, n))
    return key === undefined || (publicKey !== undefined && Buffer.from(key.spki).equals(spki(publicKey)))
  }
  return { held: keys.filter(isHeld), loose: keys.filter((key) => !isHeld(key)) }
}

/** The error of a key that the database alone names. @example throw notHeld(3, state, store.location) */
export function notHeld(n: number, { id, name }: Pick<JournalState, 'id' | 'name'>, location: string): ProvError {
  const file = `${keyName(id, n)}.pub`
  return new ProvError('keyset_refused', `key ${n} of the journal ${name} is not in the key store`, {
    location,
    hint: `bring ${file} back from a backup, or give the key itself to prov keys import --from; if nobody knows it, somebody wrote it into the database`,
  })
}
