/** From settings to the journal and the key store that they name. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../config/settings.ts'
import { ProvError } from '../errors.ts'
import { findJournal } from '../keysets/find.ts'
import { folderStore } from '../keysets/folder.ts'
import type { JournalName, Journals } from '../keysets/journal.ts'
import { withJournalFile } from '../keysets/journal-file.ts'
import { journalsIn } from '../keysets/journal-sql.ts'
import type { KeyStore } from '../keysets/keystore.ts'
import { secretStore } from '../keysets/secret.ts'
import { durationMs } from '../platform/text/duration.ts'
import { openDatabase } from '../truth/open.ts'
import type { Database } from '../truth/sql.ts'
import { clusterOf } from './cluster.ts'
import { truthPlace } from './truth.ts'
import type { World } from './world.ts'

export interface OpenJournals {
  readonly journals: Journals
  readonly store: KeyStore
  /** The journal that the key store belongs to. Throws `journal_missing` and `journal_ambiguous`. */
  find(): Promise<JournalName>
  readonly validityMs: number
  readonly skewMs: number
  close(): Promise<void>
}

/**
 * Opens the database of the truth and the key store. Throws `usage` where one of them is not named, and what keeps the database from being opened;
 * then the key store is closed as well.
 *
 * @param store of {@link keyStoreOf}, where somebody has begun to read it already
 * @example const { journals, store, find } = await openJournals(settings, world)
 */
export async function openJournals(
  settings: Settings,
  world: World,
  store: KeyStore = keyStoreOf(settings, world),
): Promise<OpenJournals> {
  const db = await openJournalDatabase(settings).catch((thrown: unknown) => {
    store.close()
    throw thrown
  })
  const file = settings.get('keys.journal-file')
  const unique = (): string => Buffer.from(world.random(8)).toString('hex')
  const journals = file === undefined ? journalsIn(db) : withJournalFile(journalsIn(db), file, unique)
  return {
    journals,
    store,
    find: () => findJournal(journals, store, settings.get('keys.journal')),
    validityMs: durationMs(settings.get('keys.validity') ?? '90d'),
    skewMs: durationMs(settings.get('keys.skew') ?? '1m'),
    async close() {
      store.close()
      await journals.close()
    },
  }
}

async function openJournalDatabase(settings: Settings): Promise<Database> {
  return openDatabase(await truthPlace(settings), { make: false })
}

/** A part of a name that Kubernetes takes (RFC 1123). */
const SECRET = /^secret:([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/

/**
 * The key store of `keys.store`. Nothing is contacted. Throws `usage` where it names none.
 *
 * @example keyStoreOf(settings, world).location // 'folder:/etc/prov/keys'
 */
export function keyStoreOf(settings: Settings, world: World): KeyStore {
  const place = settings.get('keys.store')
  const hint =
    'set keys.store to folder:PATH or secret:NAMESPACE/NAME; the commands of prov keys take it with --store as well'
  if (place === undefined) throw new ProvError('usage', 'no key store was named', { hint })
  const { signal, now, random } = world
  if (place.startsWith('folder:') && place.length > 'folder:'.length && !place.includes('\0')) {
    return folderStore(place.slice('folder:'.length), { signal, now: () => now(), random: (size) => random(size) })
  }
  const [, namespace, name] = SECRET.exec(place) ?? []
  if (namespace === undefined || name === undefined) {
    throw new ProvError('usage', `${JSON.stringify(place.slice(0, 80))} is not a key store`, { hint })
  }
  return secretStore(namespace, name, {
    cluster: clusterOf(settings, world),
    signal,
    random: (size) => random(size),
    sleep: (ms) => sleep(ms),
  })
}
