/** A truth in a SQLite file: write-ahead log, and every commit on the disk before it is told. One connection; transactions wait for each other. */
import { existsSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync, type DatabaseSyncOptions, type StatementSync } from 'node:sqlite'
import { ProvError } from '../errors.ts'
import { isBusy } from '../platform/sqlite-codes.ts'
import { migrate, refuseSchema, type SchemaState, stateOf } from './schema.ts'
import type { Database, Query, Row, SqlValue } from './sql.ts'
import { SQLITE_DIALECT } from './sqlite-dialect.ts'
import { sqliteFailure } from './sqlite-failure.ts'
import { refuseShape, sameFile } from './sqlite-guard.ts'
import { SQLITE_CHANGES, SQLITE_META } from './sqlite-schema.ts'
import { fillTerms } from './terms.ts'

/** How long, and at which distances, a writer asks again while another writes: most writes take a millisecond or two. */
const BUSY_MS = 10_000
const BUSY_WAITS_MS: readonly number[] = [1, 2, 3, 5, 8, 10]
/** No value, row or statement is longer. */
const MAX_VALUE_BYTES = 256 * 1024 * 1024

/** Where the write-ahead log is not safe, by statfs type: its index is memory that all processes share, which no network disk has. */
const NETWORK_DISKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x47504653, 'GPFS'],
  [0x0bd00bd0, 'Lustre'],
])

/**
 * The name of a network disk; undefined for a disk of this machine.
 *
 * @example networkDisk(0x6969) // 'NFS'
 */
export function networkDisk(statfsType: number): string | undefined {
  return NETWORK_DISKS.get(statfsType >>> 0)
}

export interface SqliteOptions {
  /** Makes the file and its tables where there are none. */
  readonly make: boolean
  /** A UUID, for a truth that is made. */
  readonly newId: string
}

/** Opens the file; throws (2 or 6) for one that is not a truth of this program's schema. */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Database> {
  if (!options.make && !existsSync(path)) throw noFile(path)
  const db = opened(path, false)
  try {
    await prepareTables(db, path, options, 1)
    const state = await patiently(() => stateNow(db, path))
    refuseSchema(state, SQLITE_CHANGES.length, path)
    await patiently(() => refuseShape(db, state.version, path))
    return databaseOf(db, queryOf(db), path)
  } catch (thrown) {
    db.close()
    throw sqliteFailure(thrown, path)
  }
}

/** Copies the file by SQLite's backup, page by page, while others use it. The copy appears whole or not at all. */
export async function backupSqlite(path: string, target: string): Promise<void> {
  if (!existsSync(path)) throw noFile(path)
  if (existsSync(target)) {
    throw new ProvError('target_unwritable', 'the file for the backup is there already', { location: target })
  }
  if (!existsSync(dirname(target))) {
    throw new ProvError('target_unwritable', 'the folder for the backup does not exist', { location: target })
  }
  const db = opened(path, true)
  const part = `${target}.part`
  try {
    rmSync(part, { force: true })
    await backup(db, part)
    renameSync(part, target)
  } catch (thrown) {
    rmSync(part, { force: true })
    throw sqliteFailure(thrown, path)
  } finally {
    db.close()
  }
}

/** Brings the file to this program's schema, and gives the schema that it had; 0 where there was none. */
export async function migrateSqlite(path: string, options: SqliteOptions): Promise<number> {
  if (!options.make && !existsSync(path)) throw noFile(path)
  const db = opened(path, false)
  try {
    const before = (await patiently(() => stateNow(db, path))).version
    if (before > SQLITE_CHANGES.length) refuseSchema({ version: before, id: undefined }, SQLITE_CHANGES.length, path)
    await prepareTables(db, path, { ...options, make: true }, SQLITE_CHANGES.length)
    await patiently(() => refuseShape(db, stateNow(db, path).version, path))
    await fillTerms(databaseOf(db, queryOf(db), path))
    return before
  } catch (thrown) {
    throw sqliteFailure(thrown, path)
  } finally {
    db.close()
  }
}

function noFile(path: string): ProvError {
  return new ProvError('config_invalid', 'the file does not exist', {
    location: path,
    hint: 'the first prov store --truth makes it, and so does prov truth init',
  })
}

function opened(path: string, readOnly: boolean): DatabaseSync {
  refuseFile(path)
  // Node.js 22 knows neither `limits` nor `defensive`, and takes no notice of them.
  const options: DatabaseSyncOptions & { readonly limits: object; readonly defensive: boolean } = {
    readOnly,
    enableForeignKeyConstraints: true,
    timeout: 0, // SQLite's own waiting would stop the whole process
    defensive: true,
    limits: { length: MAX_VALUE_BYTES, attach: 0, triggerDepth: 0 },
  }
  try {
    const db = new DatabaseSync(path, options)
    db.exec('PRAGMA trusted_schema = OFF')
    return db
  } catch (thrown) {
    throw sqliteFailure(thrown, path)
  }
}

function refuseFile(path: string): void {
  const facts = statSync(path, { throwIfNoEntry: false })
  if (facts !== undefined && !facts.isFile()) {
    throw new ProvError('target_unwritable', 'the truth is not a regular file', { location: path })
  }
  if (facts !== undefined && facts.nlink > 1) {
    const why = 'the file has more than one name (hard links), and SQLite would keep a log for each of them'
    throw new ProvError('target_unwritable', why, { location: path })
  }
  const folder = dirname(path)
  if (!existsSync(folder)) {
    throw new ProvError('target_unwritable', 'the folder of the file does not exist', { location: path })
  }
  const disk = networkDisk(statfsSync(folder).type)
  if (disk === undefined) return
  throw new ProvError('config_invalid', `the file is on a network disk (${disk}), where SQLite cannot keep it safe`, {
    location: path,
    hint: 'use a disk of this machine, or PostgreSQL',
  })
}

const tablesOf = (db: DatabaseSync): readonly string[] =>
  db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' LIMIT 100")
    .all()
    .map(({ name }) => String(name))

function stateNow(db: DatabaseSync, location: string): SchemaState {
  const tables = tablesOf(db)
  if (!tables.includes('meta')) {
    if (tables.length === 0) return { version: 0, id: undefined }
    throw new ProvError('schema_invalid', 'this SQLite file is not a truth: it holds tables that prov did not make', {
      location,
    })
  }
  const rows = db.prepare('SELECT key, value FROM meta').all()
  return stateOf(new Map(rows.map(({ key, value }) => [String(key), String(value)])))
}

async function patiently<T>(work: () => T): Promise<T> {
  const began = performance.now()
  for (let tries = 0; ; tries += 1) {
    try {
      return work()
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() - began >= BUSY_MS) throw thrown
      await new Promise((resolve) => setTimeout(resolve, BUSY_WAITS_MS[tries] ?? 10))
    }
  }
}

/** Makes the tables, or changes those of a schema below `least`. */
async function prepareTables(
  db: DatabaseSync,
  path: string,
  { make, newId }: SqliteOptions,
  least: number,
): Promise<void> {
  const state = await patiently(() => stateNow(db, path))
  if (db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] !== 'wal') {
    if (!make) refuseSchema(state, SQLITE_CHANGES.length, path)
    await patiently(() => db.exec('PRAGMA journal_mode = WAL'))
  }
  db.exec('PRAGMA synchronous = FULL')
  if (!make || state.version >= least) return
  const query = queryOf(db)
  await patiently(() => db.exec('BEGIN IMMEDIATE'))
  try {
    // Another process may have made them meanwhile.
    const now = stateNow(db, path)
    if (now.version < least) {
      if (!tablesOf(db).includes('meta')) db.exec(SQLITE_META)
      await migrate(async (text, values) => query(text, values), now, SQLITE_CHANGES, newId)
    }
    db.exec('COMMIT')
  } catch (thrown) {
    db.exec('ROLLBACK')
    throw thrown
  }
}

/** A number beyond JavaScript's was not written by prov, and becomes the nearest that is. */
function plainNumbers(row: Row): Row {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) plain[name] = typeof value === 'bigint' ? clamped(value) : value
  return plain
}

function clamped(value: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(value > most ? most : value < -most ? -most : value)
}

type SyncQuery = (text: string, values?: readonly SqlValue[]) => readonly Row[]

function queryOf(db: DatabaseSync): SyncQuery {
  const statements = new Map<string, StatementSync>()
  return (text, values = []) => {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = db.prepare(text.replaceAll(/\$(\d+)/g, '?$1'))
      statement.setReadBigInts(true) // one number beyond JavaScript's would fail a whole page of rows
      statements.set(text, statement)
    }
    return statement.all(...values).map(plainNumbers)
  }
}

function databaseOf(db: DatabaseSync, query: SyncQuery, path: string): Database {
  const check = sameFile(path)
  let last: Promise<unknown> = Promise.resolve()
  /** One at a time: what another caller did meanwhile would become a part of the transaction. */
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work)
    last = mine.catch(() => undefined)
    return mine
  }
  const failing = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw sqliteFailure(thrown, path)
    }
  }
  const inside: Query = (text, values) => failing(() => query(text, values))
  // Every statement is kept as it was prepared.
  const outside: Query = (text, values) =>
    alone(() =>
      failing(() => {
        check()
        return patiently(() => query(text, values))
      }),
    )
  return {
    engine: 'sqlite',
    dialect: SQLITE_DIALECT,
    query: outside,
    queryOften: outside,
    transaction: (work) =>
      alone(() =>
        failing(async () => {
          check()
          await patiently(() => db.exec('BEGIN IMMEDIATE'))
          try {
            const result = await work(inside)
            db.exec('COMMIT')
            return result
          } catch (thrown) {
            if (db.isTransaction) db.exec('ROLLBACK')
            throw thrown
          }
        }),
      ),
    close: () => alone(async () => db.close()),
  }
}
