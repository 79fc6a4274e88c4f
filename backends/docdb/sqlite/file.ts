/** One SQLite file of documents as this process uses it: opened for a look or to write, and waited for while others hold it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { jittered } from '../../../src/platform/async/jitter.ts'
import { isBusy } from '../../../src/platform/sqlite-codes.ts'
import type { StoreOptions } from '../store.ts'
import { isUnshared, sqliteFailure } from './failure.ts'
import { type FileLook, isThere, openLook, openToWrite } from './open.ts'
import { hasTables, SCHEMA } from './schema.ts'

export interface SqliteFile {
  /** Compiled once for each opening of the file. */
  prepare(db: DatabaseSync, sql: string): StatementSync
  /** Reads without changing anything; `absent` when the file or the table does not exist. What was read while the file changed is read again. */
  reading<T>(options: StoreOptions, absent: T, work: (db: DatabaseSync) => T): Promise<T>
  /** All of the work or nothing of it; a file that is not there is made. */
  transaction<T>(options: StoreOptions, work: (db: DatabaseSync) => T): Promise<T>
  close(): void
}

/** The file was changed while it was read. */
const CHANGED = Symbol('changed')

/**
 * Opened on the first call, and made on the first write only: a look at what is not there leaves nothing behind. A writer waits for other
 * processes without blocking its own. Throws `schema_invalid`, `aborted`, and what SQLite says as the codes of `failure.ts`.
 *
 * @example await sqliteFile('prov.db', context.random).reading({ signal }, [], (db) => db.prepare('SELECT Name FROM documents').all())
 */
export function sqliteFile(path: string, random: Context['random']): SqliteFile {
  let writer: DatabaseSync | undefined
  let look: FileLook | undefined
  /** Compiled once for each opening of the file. */
  let statements = new Map<string, StatementSync>()
  /** The version of the schema that was judged, and whether the tables are in it. */
  let judged: { readonly version: unknown; readonly tables: boolean } | undefined

  function prepare(db: DatabaseSync, sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }

  /** Throws `schema_invalid`, also when somebody has changed the tables since. */
  function isEmpty(db: DatabaseSync): boolean {
    const version = prepare(db, 'PRAGMA schema_version').get()?.['schema_version']
    if (judged === undefined || judged.version !== version) judged = { version, tables: hasTables(db) }
    return !judged.tables
  }

  /** Open for writing; a file that is not there is made. */
  function toWrite(): DatabaseSync {
    if (writer !== undefined) return writer
    close()
    writer = openToWrite(path)
    return writer
  }

  function close(): void {
    statements = new Map()
    judged = undefined
    writer?.close()
    writer = undefined
    look?.close()
    look = undefined
  }

  function reading<T>(options: StoreOptions, absent: T, work: (db: DatabaseSync) => T): Promise<T> {
    return patiently(options, () => {
      if (writer !== undefined) return isEmpty(writer) ? absent : work(writer)
      if (look !== undefined && !look.isCurrent()) close()
      if (!isThere(path)) return absent
      look ??= openLook(path)
      const { db, isCurrent } = look
      try {
        const result = isEmpty(db) ? absent : work(db)
        if (isCurrent()) return result
      } catch (thrown) {
        if (isCurrent() && !isUnshared(thrown)) throw thrown
      }
      close()
      throw CHANGED
    })
  }

  /** Tries again, with pauses, while another process holds the file. */
  async function patiently<T>({ signal }: StoreOptions, work: () => T): Promise<T> {
    for (let wait = 1; ; wait = Math.min(50, wait * 2)) {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      try {
        return work()
      } catch (thrown) {
        if (thrown !== CHANGED && !isBusy(thrown)) throw sqliteFailure(thrown, path)
        await pause(jittered(1.5 * wait, random, 1 / 3), undefined, { signal }).catch(() => {})
      }
    }
  }

  function transaction<T>(options: StoreOptions, work: (db: DatabaseSync) => T): Promise<T> {
    return patiently(options, () => {
      const db = toWrite()
      db.exec('BEGIN IMMEDIATE')
      try {
        if (isEmpty(db)) db.exec(SCHEMA)
        const result = work(db)
        db.exec('COMMIT')
        return result
      } catch (thrown) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw thrown
      }
    })
  }

  return { prepare, reading, transaction, close }
}
