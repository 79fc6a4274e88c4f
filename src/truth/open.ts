/** From a URL to an engine, loaded only when it is needed. */
import { ProvError } from '../errors.ts'
import { truthOver } from './engine.ts'
import type { Truth } from './truth.ts'

export interface TruthPlace {
  /** `sqlite:FILE`, or `postgres://USER@HOST/DATABASE`. */
  readonly url: string
  readonly password?: string | undefined
  /** PEM. */
  readonly ca?: string | undefined
  readonly connections?: number
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
  const file = sqliteFile(place.url)
  if (file !== undefined) {
    const { openSqlite } = await import('./sqlite.ts')
    return truthOver(await openSqlite(file, { ...options, newId: place.newId }))
  }
  const { openPostgres } = await import('./postgres.ts')
  return truthOver(await openPostgres(postgresOf(place)))
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
  const [{ openSqlite }, { forgetHolders }] = await Promise.all([import('./sqlite.ts'), import('./schema.ts')])
  const db = await openSqlite(file, { make: false, newId: place.newId })
  try {
    await db.transaction((query) => forgetHolders(query, place.newId))
  } finally {
    await db.close()
  }
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

function postgresOf({ url, password, ca, connections = 4, newId }: TruthPlace) {
  const plain = new URL(url)
  plain.password = ''
  return { url: plain.href, password: password ?? passwordIn(url), ca, connections, location: shownUrl(url), newId }
}
