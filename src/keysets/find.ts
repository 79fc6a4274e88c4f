/** Which journal a key store belongs to: the one that knows any of its public keys, however old. */
import { ProvError } from '../errors.ts'
import { publicJwk } from '../keys/jwk.ts'
import { spki } from '../keys/key-id.ts'
import type { JournalName, Journals } from './journal.ts'
import type { KeyStore, StoredKey } from './keystore.ts'

/** A key of the store with its kid; without one where its public half is missing or of no use. */
export interface KnownKey extends StoredKey {
  readonly kid?: string
}

/** @example (await keysOf(store))[0]?.kid // 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' */
export async function keysOf(store: KeyStore): Promise<readonly KnownKey[]> {
  return Promise.all(
    (await store.list()).map(async (one) => {
      if (one.publicKey === undefined) return one
      const kid = await publicJwk(spki(one.publicKey)).then(
        (jwk) => jwk.kid,
        () => undefined,
      )
      return { ...one, ...(kid === undefined ? {} : { kid }) }
    }),
  )
}

/**
 * The journal; `wanted` is its id or name, where the store holds keys of several. Before the first key is recorded the store's own note counts.
 * Throws `journal_missing` and `journal_ambiguous`.
 *
 * @example (await findJournal(journals, store)).id
 */
export async function findJournal(journals: Journals, store: KeyStore, wanted?: string): Promise<JournalName> {
  const found = await journalsOf(journals, store)
  const fitting = wanted === undefined ? found : found.filter(({ id, name }) => id === wanted || name === wanted)
  const [one, another] = fitting
  if (one !== undefined && another === undefined) return one
  const { location } = store
  if (found.length === 0) {
    throw new ProvError('journal_missing', 'no journal in this database knows a key of the key store', {
      location,
      hint: 'prov keys init makes one; earlier keys are taken in with prov keys import',
    })
  }
  const names = (fitting.length > 1 ? fitting : found).map(({ id, name }) => `${name} (${id})`).join(', ')
  const message =
    one === undefined
      ? `the key store holds keys of ${names}, not of ${JSON.stringify(wanted?.slice(0, 80))}`
      : `the key store holds keys of several journals: ${names}`
  throw new ProvError('journal_ambiguous', message, { location, hint: 'name one by its id: --set keys.journal=ID' })
}

/** Every journal that the store has to do with. */
export async function journalsOf(journals: Journals, store: KeyStore): Promise<readonly JournalName[]> {
  const kids = (await keysOf(store)).flatMap(({ kid }) => kid ?? [])
  const found = kids.length === 0 ? [] : await journals.holding(kids)
  if (found.length > 0) return found
  const claimed = await store.claimed()
  const state = claimed === undefined ? undefined : await journals.read(claimed)
  return state === undefined ? [] : [{ id: state.id, name: state.name }]
}
