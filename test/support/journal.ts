/** A journal with its key store, on a database of either engine. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { folderStore } from '../../src/keysets/folder.ts'
import type { JournalName, JournalState, Journals } from '../../src/keysets/journal.ts'
import { journalsIn } from '../../src/keysets/journal-sql.ts'
import type { KeyStore } from '../../src/keysets/keystore.ts'
import type { RotateJob } from '../../src/keysets/rotate-job.ts'
import { migrateTruth, openDatabase, type TruthPlace } from '../../src/truth/open.ts'
import { scratch } from './scratch.ts'
import { postgresTruth, sqliteTruth } from './truth.ts'

export const STORE_PASSWORD = 'journal test'

export interface JournalRig {
  readonly place: TruthPlace
  /** Flags of the command line that name the database. */
  readonly flags: readonly string[]
  readonly journals: Journals
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

export const ENGINES = ['sqlite', 'postgres'] as const
export type Engine = (typeof ENGINES)[number]

/** An empty database with its tables. */
export async function journalRig(engine: Engine): Promise<JournalRig> {
  const truth = engine === 'sqlite' ? sqliteTruth() : await postgresTruth()
  const place =
    'path' in truth
      ? { url: `sqlite:${truth.path}`, newId: randomUUID() }
      : { url: truth.url, password: truth.password, newId: randomUUID() }
  await migrateTruth(place, { make: true })
  const journals = journalsIn(await openDatabase(place, { make: false }))
  return {
    place,
    flags: truth.flags,
    journals,
    sql: truth.sql,
    async close() {
      await journals.close()
      await truth.close()
    },
  }
}

/** A new empty folder as a key store. */
export function emptyStore(folder = newFolder()): KeyStore & { readonly folder: string } {
  const options = { signal: new AbortController().signal, now: Date.now, random: randomBytes }
  return { ...folderStore(folder, options), folder }
}

function newFolder(): string {
  const folder = join(scratch(), 'keys')
  mkdirSync(folder)
  return folder
}

/** A journal for the store, as `prov keys init` makes it. */
export async function journalFor(journals: Journals, store: KeyStore, name = 'test'): Promise<JournalName> {
  const journal = { id: await store.claim(randomUUID()), name }
  await journals.create(journal, 'a test')
  return journal
}

/** A rotation that lets keys sign at once. */
export function rotateJob(journals: Journals, journal: JournalName, store: KeyStore): RotateJob {
  return {
    journals,
    journal,
    store,
    password: async () => STORE_PASSWORD,
    who: 'a test',
    wanted: 'auto',
    unsafe: true,
    validityMs: 3_600_000,
    skewMs: 0,
    signal: new AbortController().signal,
    now: Date.now,
    random: randomBytes,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
}

export async function stateOf(journals: Journals, { id }: JournalName): Promise<JournalState> {
  const state = await journals.read(id)
  if (state === undefined) throw new Error('the journal is gone')
  return state
}

/** Statuses by number. */
export async function statuses(journals: Journals, journal: JournalName): Promise<readonly string[]> {
  return (await stateOf(journals, journal)).keys.map(({ n, status }) => `${n} ${status}`)
}
