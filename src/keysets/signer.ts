/** Signs with the active key of a journal, and with no other: the journal is asked again each minute. */
import { createPublicKey } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { spki } from '../keys/key-id.ts'
import type { SignerOptions } from '../signing/open-signer.ts'
import type { KeySigner, Signer } from '../signing/signer.ts'
import type { Trust } from '../trust/trust.ts'
import { trustIn } from '../trust/trusted-keys.ts'
import { type OpenNamed, openNamed } from './early-key.ts'
import { heldIn } from './held.ts'
import { type JournalKey, type JournalName, type JournalState, type Journals, keyName } from './journal.ts'
import type { KeyStore, StoredKey } from './keystore.ts'

/** For so long a key that was replaced or revoked may still sign. */
const ASK_AGAIN_MS = 60_000

export interface JournalSignerOptions {
  readonly journals: Pick<Journals, 'active'>
  readonly journal: JournalName
  readonly store: Pick<KeyStore, 'location'>
  readonly open: OpenNamed
  /** What copies are judged by: see {@link journalTrust}. */
  readonly trust: () => Promise<Pick<Trust, 'keys'>>
  /** Milliseconds since any fixed point in time. */
  now(): number
}

interface Opened {
  readonly kid: string
  readonly signer: KeySigner
}

/**
 * A signer that opens the active key when it first signs, or before that when it is told to be `ready`. Throws `journal_inactive` while there is
 * none, `key_unreadable` where the key store does not hold it or holds another key under its name, and `conflict` for a key that was made after
 * `trust` was read.
 *
 * @example const { sig } = await journalSigner(options).sign(bytes)
 */
export function journalSigner(options: JournalSignerOptions): Signer & { ready(): Promise<void> } {
  const { journals, journal, trust, now } = options
  let asked: { readonly at: number; readonly opened: Promise<Opened> } | undefined

  async function open(before: Promise<Opened> | undefined): Promise<Opened> {
    const row = activeOf(await journals.active(journal.id), journal)
    const last = await before?.catch(() => undefined)
    if (last?.kid === row.key.kid) return last
    const signer = await openRow(row, options)
    if ((await trust()).keys.some((one) => one.revoked === undefined && one.publicKey.equals(signer.publicKey))) {
      return { kid: row.key.kid, signer }
    }
    throw new ProvError('conflict', `the journal ${journal.name} was given a new key since this command began`, {
      hint: 'run the same command again',
    })
  }

  function current(): Promise<Opened> {
    if (asked !== undefined && now() - asked.at < ASK_AGAIN_MS) return asked.opened
    const opened = open(asked?.opened)
    const mine = { at: now(), opened }
    asked = mine
    opened.catch(() => {
      if (asked === mine) asked = undefined // whoever signs next asks again
    })
    return opened
  }

  return {
    sign: async (bytes) => (await current()).signer.sign(bytes),
    ready: async () => void (await current()),
  }
}

/** An active key with its public half. Throws `journal_inactive` for undefined. */
export function activeOf(
  active: JournalKey | undefined,
  { name }: JournalName,
): JournalKey & { readonly key: NonNullable<JournalKey['key']> } {
  if (active?.key !== undefined) return { ...active, key: active.key }
  throw new ProvError('journal_inactive', `the journal ${name} has no active key; nothing was signed`, {
    hint: 'prov keys rotate makes one active',
  })
}

interface KeyOf {
  readonly store: Pick<KeyStore, 'read' | 'location'>
  readonly journal: JournalName
  readonly password: SignerOptions['password']
}

/**
 * Opens the private key of a row, and compares it with the public key that the row holds.
 *
 * @example await openKey(key, { store, journal, password })
 */
export async function openKey(row: JournalKey, { store, journal, password }: KeyOf): Promise<KeySigner> {
  return openRow(row, { store, journal, open: openNamed(store, password) })
}

async function openRow(
  row: JournalKey,
  { store, journal, open }: Pick<JournalSignerOptions, 'store' | 'journal' | 'open'>,
): Promise<KeySigner> {
  const name = keyName(journal.id, row.n)
  const signer = await open(name)
  if (row.key === undefined || Buffer.from(row.key.spki).equals(spki(signer.publicKey))) return signer
  throw new ProvError('key_unreadable', `${name}.key is not the key that the journal has under this name`, {
    location: store.location,
    hint: 'bring the file back from a backup, or make another key with prov keys rotate',
  })
}

/**
 * Trust in every key of the journal: what an old key signed is ours as well, and the next one may take over at any time. Revoked ones are named as
 * such, whoever else gives them. But in none that the database alone names: whoever may write to it could have what he signed taken for ours.
 *
 * @param stored keys of the key store
 * @example journalTrust(state, await store.list()).keys.length
 */
export function journalTrust(state: JournalState, stored: readonly StoredKey[]): Trust {
  const { name } = state
  return trustIn(
    heldIn(state, stored).held.flatMap(({ key, status, revoked }) => {
      if (key === undefined) return []
      const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' })
      const given = { publicKey, source: `journal ${name}` }
      return [status === 'revoked' ? { ...given, revoked: revoked ?? { since: 0, reason: '' } } : given]
    }),
  )
}
