/** SQLite, the database without a server: Chains' fields as columns of one table, indexed by run and by the digests of subjects. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Context } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { batching } from '../../../src/platform/async/coalesce.ts'
import { JSON_BOUNDS, parseBounded } from '../../../src/platform/text/bounded-json.ts'
import { subjectDigests } from '../address.ts'
import { fits, type JsonLimits } from '../json.ts'
import type { Fields, SignedDocument } from '../layout.ts'
import type { SqliteTarget } from '../settings.ts'
import { SIZE_RULES } from '../size.ts'
import type { DocumentStore, StoredDocument, StoreOptions, Wanted } from '../store.ts'
import { sqliteFile } from './file.ts'

const COLUMNS = ['Signed', 'Signature', 'Cert', 'Chain', 'Object'] as const
const SAME = COLUMNS.map((column) => `${column} IS ?`).join(' AND ')
const PAGE = 50
/** What an image's row holds is a few hundred bytes, and a page of them is read at once. */
const MAX_LISTED_BYTES = 1024 * 1024
const MAX_NAME_BYTES = 1024
/** The key of a run or Statement says all that a list wants to know; the payload of a whole database need not be read for it. */
const SIGNED_OF_IMAGES = `CASE WHEN Name GLOB 'taskrun-*' OR Name GLOB 'pipelinerun-*' OR Name GLOB 'statement-*'
  OR Name GLOB 'proofs-*'
  OR octet_length(Signed) > ${MAX_LISTED_BYTES} THEN NULL ELSE Signed END AS Signed`
/** Documents in one transaction; others wait for it meanwhile. */
const AT_ONCE = 64
/** SQLite's own functions read JSON no deeper. */
const LIMITS: JsonLimits = { depth: 1000, arraysInArrays: true, key: () => true, number: () => true }
/** prov writes no larger row. */
const MAX_ROW_BYTES = SIZE_RULES.sqlite.limit

// octet_length is told by the row's head: of a row that is too large no more is read.
const BYTES = COLUMNS.map((column) => `ifnull(octet_length(${column}), 0)`).join(' + ')
const FITS = `${BYTES} <= ${MAX_ROW_BYTES}`
const FITTING = COLUMNS.map((column) => `CASE WHEN ${FITS} THEN ${column} END AS ${column}`).join(', ')

/** Several keys in one statement: an image may stand under two. A key is the primary key, and yet a damaged file may repeat it for ever. */
function selectOf(keys: number): string {
  const places = Array(keys).fill('?').join(', ')
  return `SELECT Name, ${FITS} AS Fits, ${FITTING} FROM documents WHERE Name IN (${places}) LIMIT ${keys + 1}`
}

type Row = Readonly<Record<string, SQLInputValue>>

/**
 * The file is opened on the first call, and made on the first write only. Several processes may use it at once.
 *
 * @example const store = openSqlite({ path: 'prov.db' }, context.random)
 */
export function openSqlite({ path }: Pick<SqliteTarget, 'path'>, random: Context['random']): DocumentStore {
  const { prepare, reading, transaction, close } = sqliteFile(path, random)

  async function get(keys: readonly string[], options: StoreOptions): Promise<readonly StoredDocument[]> {
    return reading(options, [], (db) => {
      const rows = prepare(db, selectOf(keys.length)).all(...keys) as readonly Row[]
      if (rows.length > keys.length) throw new ProvError('limit_exceeded', 'several rows have one name')
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
    const name = `CASE WHEN octet_length(Name) <= ${MAX_NAME_BYTES} THEN Name END AS Name`
    const columns = subject === undefined ? `${name}, ${SIGNED_OF_IMAGES}` : name
    const where = subject === undefined ? 'Name > ?' : 'Digest = ? AND Name > ?'
    for (let last = ''; ; ) {
      const rows = await reading(options, [], (db) => {
        const page = prepare(db, `SELECT ${columns} FROM ${from} WHERE ${where} ORDER BY Name LIMIT ${PAGE}`)
        return page.all(...more, last) as readonly Row[]
      })
      for (const row of rows) {
        const { Name: key } = row
        if (typeof key !== 'string' || !isAfter(key, last)) throw outOfOrder()
        last = key
        const Signed = subject === undefined ? row['Signed'] : (await get([key], options))[0]?.fields['Signed']
        yield { key, fields: { Signed } }
      }
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

/** As SQLite sorts. A damaged index can lead round in a circle. */
function isAfter(key: string, last: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0
}

function outOfOrder(): ProvError {
  return new ProvError('response_invalid', 'the names of the rows are not texts in order: the file is damaged')
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

/** What is not JSON is given as it is, and found not to say what `Signed` says. */
function parsedObject(text: SQLInputValue): unknown {
  try {
    return parseBounded(String(text), { depth: LIMITS.depth, values: JSON_BOUNDS.values })
  } catch {
    return text
  }
}
