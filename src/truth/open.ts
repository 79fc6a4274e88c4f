/** From a URL to an engine, loaded only when it is needed. */
import { ProvError } from '../errors.ts'
import { truthOver } from './engine.ts'
import { forgetHolders, readMeta, stateOf } from './schema.ts'
import type { Database } from './sql.ts'
import { withoutTerms } from './terms.ts'
import type { Truth } from './truth.ts'

export interface TruthPlace {
  /** `sqlite:FILE`, or `postgres://USER@HOST/DATABASE`. */
  readonly url: string
  readonly password?: string | undefined
  /** PEM. */
  readonly ca?: string | undefined
  readonly connections?: number
  /** PostgreSQL only. */
  readonly schema?: string | undefined
  /** A UUID: the name of a truth that is made. */
  readonly newId: string
}

export interface OpenOptions {
  /** Makes a SQLite file that is not there, with its tables. Tables in PostgreSQL are made by `migrateTruth` alone. */
  readonly make: boolean
}

/**
 * Opens a truth. Throws `usage` for a URL of neither engine, `config_invalid` or `not_supported` for a database that prov cannot rely on,
 * and what keeps it from being reached.
 *
 * @example const truth = await openTruth({ url: 'sqlite:truth.db', newId: randomUUID() }, { make: true })
 */
export async function openTruth(place: TruthPlace, options: OpenOptions): Promise<Truth> {
  return truthOver(await openDatabase(place, options))
}

/**
 * Makes the tables, or brings them to this program's schema, and gives the schema that was there; 0 for none.
 *
 * @example await migrateTruth({ url: 'postgres://prov@db/prov', newId: randomUUID() }, { make: true }) // 0
 */
export async function migrateTruth(place: TruthPlace, options: OpenOptions): Promise<number> {
  const file = sqliteFile(place.url)
  if (file !== undefined) {
    const { migrateSqlite } = await import('./sqlite.ts')
    return migrateSqlite(file, { ...options, newId: place.newId })
  }
  const { migratePostgres } = await import('./postgres.ts')
  return migratePostgres(postgresOf(place))
}

/**
 * Takes a truth that was restored from a backup into use, on this server or another: claims of before are void.
 *
 * @example await adoptTruth({ url: 'postgres://prov@db/prov', newId: randomUUID() })
 */
export async function adoptTruth(place: TruthPlace): Promise<void> {
  const file = sqliteFile(place.url)
  if (file === undefined) return (await import('./postgres.ts')).adoptPostgres(postgresOf(place))
  const db = await openDatabase(place, { make: false })
  try {
    await db.transaction((query) => forgetHolders(query, place.newId))
  } finally {
    await db.close()
  }
}

/** What a truth says of itself. */
export interface TruthFacts {
  readonly engine: 'sqlite' | 'postgres'
  readonly schema: number
  /** The truth's own name, a UUID; another one after `adoptTruth`. */
  readonly id: string
  /** What SQLite finds wrong with the file; [] when it is sound. */
  readonly damage: readonly string[]
  /** Entries without search terms, as a prov commits them that knows none; `migrateTruth` gives them theirs. */
  readonly withoutTerms: number
}

/**
 * Looks at the truth itself; reads the whole file of SQLite.
 *
 * @example (await truthFacts(place)).schema // 1
 */
export async function truthFacts(place: TruthPlace): Promise<TruthFacts> {
  const db = await openDatabase(place, { make: false })
  try {
    const { version, id } = stateOf(await readMeta(db.query))
    const checked = db.engine === 'sqlite' ? await db.query('PRAGMA quick_check(10)') : []
    const damage = checked.map((row) => String(row['quick_check'])).filter((line) => line !== 'ok')
    return { engine: db.engine, schema: version, id: id ?? '', damage, withoutTerms: await withoutTerms(db) }
  } finally {
    await db.close()
  }
}

/**
 * Copies a truth in SQLite into a new file while others use it. Throws `usage` for PostgreSQL, which has tools of its own, and
 * `target_unwritable` for a file that is there already.
 *
 * @example await backupTruth(place, 'truth-2026-11-27.db')
 */
export async function backupTruth(place: TruthPlace, target: string): Promise<void> {
  const file = sqliteFile(place.url)
  if (file === undefined) {
    throw new ProvError('usage', 'backup copies a truth in SQLite', {
      hint: 'for PostgreSQL use pg_dump, or its archive of the write-ahead log; after a restore: prov truth adopt',
    })
  }
  const { backupSqlite } = await import('./sqlite.ts')
  await backupSqlite(file, target)
}

/**
 * The database itself, for what else is kept in it. Throws as {@link openTruth} does.
 *
 * @example const db = await openDatabase(place, { make: false }); …; await db.close()
 */
export async function openDatabase(place: TruthPlace, options: OpenOptions): Promise<Database> {
  const file = sqliteFile(place.url)
  if (file === undefined) return (await import('./postgres.ts')).openPostgres(postgresOf(place))
  return (await import('./sqlite.ts')).openSqlite(file, { ...options, newId: place.newId })
}

/** The file of a `sqlite:` URL; undefined for PostgreSQL. Throws `usage` for anything else. */
export function sqliteFile(url: string): string | undefined {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length)
    if (file !== '' && !file.includes('\0')) return file
  } else if (/^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) {
    return undefined
  }
  throw new ProvError('usage', 'a truth is sqlite:FILE or postgres://USER@HOST/DATABASE')
}

/**
 * The password that a URL holds; undefined for none.
 *
 * @example passwordIn('postgres://prov:secret@db/prov') // 'secret'
 */
export function passwordIn(url: string): string | undefined {
  if (url.startsWith('sqlite:') || !URL.canParse(url)) return undefined
  const { password, searchParams } = new URL(url)
  return password === '' ? (searchParams.get('password') ?? undefined) : decodeURIComponent(password)
}

/** As it may be shown: without password and parameters. */
export function shownUrl(url: string): string {
  if (url.startsWith('sqlite:') || !URL.canParse(url)) return url
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

function postgresOf({ url, password, ca, connections = 4, schema, newId }: TruthPlace) {
  const plain = new URL(url)
  plain.password = ''
  return {
    url: plain.href,
    password: password ?? passwordIn(url),
    ca,
    connections,
    schema,
    location: shownUrl(url),
    newId,
  }
}
