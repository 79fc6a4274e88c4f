/** SQLite, the database without a server: Chains' fields as columns of one table, indexed by run and by the digests of subjects. */
import { statSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { batching } from '../batch.ts'
import { fits, type JsonLimits } from '../json.ts'
import type { SignedDocument } from '../layout.ts'
import { subjectDigests } from '../place.ts'
import type { SqliteTarget } from '../settings.ts'
import { SIZE_RULES } from '../size.ts'
import type { DocumentStore, Fields, StoredDocument, StoreOptions, Wanted } from '../store.ts'
import { isBusy, isRefusal, sqliteFailure } from './failure.ts'

/** `Run` is the uid of the run that a document is about itself; images are found by their digest. `Digest` is `algorithm:hex`. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS documents (
  Name TEXT PRIMARY KEY NOT NULL, Signed BLOB, Signature TEXT, Cert TEXT, Chain TEXT, Object TEXT, Run TEXT
);
CREATE INDEX IF NOT EXISTS documents_by_run ON documents (Run) WHERE Run IS NOT NULL;
CREATE TABLE IF NOT EXISTS subjects (
  Digest TEXT NOT NULL, Name TEXT NOT NULL REFERENCES documents (Name) ON DELETE CASCADE, PRIMARY KEY (Digest, Name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subjects_by_name ON subjects (Name);
`
const COLUMNS = ['Signed', 'Signature', 'Cert', 'Chain', 'Object'] as const
const SAME = COLUMNS.map((column) => `${column} IS ?`).join(' AND ')
const PAGE = 50
/** The key of a run or Statement says all that a list wants to know; the payload of a whole database need not be read for it. */
const SIGNED_OF_IMAGES =
  "CASE WHEN Name GLOB 'taskrun-*' OR Name GLOB 'pipelinerun-*' OR Name GLOB 'statement-*' THEN NULL ELSE Signed END AS Signed"
/** Documents in one transaction; others wait for it meanwhile. */
const AT_ONCE = 64
/** SQLite's own functions read JSON no deeper. */
const LIMITS: JsonLimits = { depth: 1000, arraysInArrays: true, key: () => true, number: () => true }
/** A row that somebody else wrote may be larger than what prov writes, never without bound. */
const MAX_ROW_BYTES = 4 * SIZE_RULES.sqlite.limit

// octet_length is told by the row's head: of a row that is too large no more is read.
const BYTES = COLUMNS.map((column) => `ifnull(octet_length(${column}), 0)`).join(' + ')
const FITS = `${BYTES} <= ${MAX_ROW_BYTES}`
const FITTING = COLUMNS.map((column) => `CASE WHEN ${FITS} THEN ${column} END AS ${column}`).join(', ')

/** Several keys in one statement: an image may stand under two. */
function selectOf(keys: number): string {
  return `SELECT Name, ${FITS} AS Fits, ${FITTING} FROM documents WHERE Name IN (${Array(keys).fill('?').join(', ')})`
}

type Row = Readonly<Record<string, SQLInputValue>>

/**
 * Opens the file on the first call, and makes it on the first write only: a look at what is not there leaves nothing behind. Several
 * processes may use it at once; a writer waits for the others without blocking its own process.
 *
 * @example const store = openSqlite({ path: 'prov.db' }, context.random)
 */
export function openSqlite({ path }: Pick<SqliteTarget, 'path'>, random: Context['random']): DocumentStore {
  let database: DatabaseSync | undefined
  let writable = false
  /** Compiled once for each opening of the file. */
  let statements = new Map<string, StatementSync>()
  /** Nobody takes tables away again. */
  let tables = false

  function prepare(db: DatabaseSync, sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }

  function isEmpty(db: DatabaseSync): boolean {
    tables ||= hasTables(db)
    return !tables
  }

  /** The open file; undefined when there is none and none is to be made. */
  function connection(forWriting: boolean): DatabaseSync | undefined {
    if (database !== undefined && (writable || !forWriting)) return database
    if (!forWriting && !isThere(path)) return undefined
    close()
    try {
      database = prepared(path, false)
      writable = true
    } catch (thrown) {
      // An auditor may read what only others may write.
      if (forWriting || !isRefusal(thrown)) throw thrown
      database = readable(path)
    }
    return database
  }

  function close(): void {
    statements = new Map()
    database?.close()
    database = undefined
  }

  /** Tries again, with pauses, while another process holds the file. */
  async function patiently<T>({ signal }: StoreOptions, work: () => T): Promise<T> {
    for (let wait = 1; ; wait = Math.min(50, wait * 2)) {
      if (signal.aborted) throw new ProvError('aborted', 'stopped before it was done')
      try {
        return work()
      } catch (thrown) {
        if (!isBusy(thrown)) throw sqliteFailure(thrown, path)
        await pause(wait * (0.5 + (random(1)[0] ?? 0) / 256), undefined, { signal }).catch(() => {})
      }
    }
  }

  function transaction<T>(options: StoreOptions, work: (db: DatabaseSync) => T): Promise<T> {
    return patiently(options, () => {
      const db = connection(true)
      if (db === undefined) throw new ProvError('internal', 'no database to write to')
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work(db)
        db.exec('COMMIT')
        return result
      } catch (thrown) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw thrown
      }
    })
  }

  async function get(keys: readonly string[], options: StoreOptions): Promise<readonly StoredDocument[]> {
    return patiently(options, () => {
      const db = connection(false)
      if (db === undefined || isEmpty(db)) return []
      const rows = prepare(db, selectOf(keys.length)).all(...keys) as readonly Row[]
      return rows.map(({ Name, Fits, ...row }) => {
        const key = String(Name)
        if (Fits === 1) return { key, fields: fieldsOf(key, row), state: row }
        throw new ProvError('response_too_large', `the row ${key} is larger than ${MAX_ROW_BYTES} bytes`)
      })
    })
  }

  /** What waits at the same time is brought to the disk at the same time. */
  const create = batching(AT_ONCE, (documents: readonly SignedDocument[], options) =>
    transaction(options, (db) => documents.map((document) => inserted(db, document))),
  )

  function inserted(db: DatabaseSync, document: SignedDocument): boolean {
    const { Name } = document
    const { changes } = prepare(
      db,
      `INSERT INTO documents (Name, Run, ${COLUMNS.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ).run(Name, runIn(Name), ...valuesOf(document))
    if (changes === 0) return false
    indexSubjects((sql) => prepare(db, sql), document)
    return true
  }

  const replace = (stored: StoredDocument, document: SignedDocument, options: StoreOptions): Promise<boolean> =>
    transaction(options, (db) => {
      const { changes } = db
        .prepare(
          `UPDATE documents SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE Name = ? AND ${SAME}`,
        )
        .run(...valuesOf(document), stored.key, ...stateOf(stored))
      if (changes === 0) return false
      db.prepare('DELETE FROM subjects WHERE Name = ?').run(stored.key)
      indexSubjects((sql) => prepare(db, sql), document)
      return true
    })

  const remove = (stored: StoredDocument, options: StoreOptions): Promise<boolean> =>
    transaction(options, (db) => {
      const { changes } = db
        .prepare(`DELETE FROM documents WHERE Name = ? AND ${SAME}`)
        .run(stored.key, ...stateOf(stored))
      return changes !== 0
    })

  async function* list(
    { subject }: Wanted,
    options: StoreOptions,
  ): AsyncIterable<Pick<StoredDocument, 'key' | 'fields'>> {
    const [from, more] =
      subject === undefined ? ['documents', []] : ['subjects JOIN documents USING (Name)', [`sha256:${subject}`]]
    const signed = subject === undefined ? SIGNED_OF_IMAGES : 'Signed'
    const where = subject === undefined ? 'Name > ?' : 'Digest = ? AND Name > ?'
    for (let last = ''; ; ) {
      const rows = await patiently(options, () => {
        const db = connection(false)
        if (db === undefined || isEmpty(db)) return []
        const page = prepare(db, `SELECT Name, ${signed} FROM ${from} WHERE ${where} ORDER BY Name LIMIT ${PAGE}`)
        return page.all(...more, last) as readonly Row[]
      })
      for (const { Name, Signed } of rows) yield { key: String(Name), fields: { Signed } }
      last = String(rows.at(-1)?.['Name'] ?? '')
      if (rows.length < PAGE) return
    }
  }

  return {
    get,
    create,
    replace,
    remove,
    list,
    close: async () => close(),
  }
}

/** WAL: readers never wait for a writer. Full synchronisation: a receipt outlives a power cut. */
function prepared(path: string | URL, readOnly: boolean): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly, enableForeignKeyConstraints: true, timeout: 0 })
  try {
    if (!readOnly) {
      if (db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] !== 'wal') db.exec('PRAGMA journal_mode = WAL')
      db.exec('PRAGMA synchronous = FULL')
      if (!hasTables(db)) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    }
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return db
  } catch (thrown) {
    db.close()
    throw thrown
  }
}

/** A file of WAL mode wants its folder writable, even of readers; without a log beside it, it may be taken as it stands. */
function readable(path: string): DatabaseSync {
  try {
    return prepared(path, true)
  } catch (thrown) {
    if (!isRefusal(thrown) || isThere(`${path}-wal`)) throw thrown
    return prepared(new URL(`${pathToFileURL(path).href}?immutable=1`), true)
  }
}

/** Not `existsSync`, which takes what may not be looked at for absent. */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function hasTables(db: DatabaseSync): boolean {
  const found = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('documents', 'subjects')").get()
  return found?.['n'] === 2
}

function indexSubjects(prepare: (sql: string) => StatementSync, { Name, Signed }: SignedDocument): void {
  const insert = prepare('INSERT INTO subjects (Digest, Name) VALUES (?, ?) ON CONFLICT DO NOTHING')
  for (const digest of subjectDigests(Signed)) insert.run(digest, Name)
}

function runIn(key: string): string | null {
  return /^(?:taskrun|pipelinerun)-(.+)$/.exec(key)?.[1] ?? null
}

function valuesOf(document: SignedDocument): readonly SQLInputValue[] {
  const object = fits(document.Object, LIMITS) ? JSON.stringify(document.Object) : null
  return [document.Signed, document.Signature, document.Cert, document.Chain, object]
}

function stateOf({ state }: StoredDocument): readonly SQLInputValue[] {
  const row = state as Row
  return COLUMNS.map((column) => row[column] ?? null)
}

function fieldsOf(key: string, { Object: object, ...rest }: Row): Fields {
  return { Name: key, ...rest, ...(object === null || object === undefined ? {} : { Object: parsedObject(object) }) }
}

/** What is no JSON is given as it is, and found not to say what `Signed` says. */
function parsedObject(text: SQLInputValue): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return text
  }
}
