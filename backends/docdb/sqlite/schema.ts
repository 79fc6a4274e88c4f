/** The tables of prov's SQLite file: how they are made, and that a file found holds just these and nothing that runs code of its own. */
import type { DatabaseSync } from 'node:sqlite'
import { ProvError } from '../../../src/errors.ts'

/** `Run` is the uid of the run that a document is about itself; images are found by their digest. `Digest` is `algorithm:hex`. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS documents (
  Name TEXT PRIMARY KEY NOT NULL, Signed BLOB, Signature TEXT, Cert TEXT, Chain TEXT, Object TEXT, Run TEXT
);
CREATE INDEX IF NOT EXISTS documents_by_run ON documents (Run) WHERE Run IS NOT NULL;
CREATE TABLE IF NOT EXISTS subjects (
  Digest TEXT NOT NULL, Name TEXT NOT NULL REFERENCES documents (Name) ON DELETE CASCADE, PRIMARY KEY (Digest, Name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subjects_by_name ON subjects (Name);
`
/** Columns that are read or written, and those of the key in their order: without an index a look would read the whole file. */
const TABLES = {
  documents: { columns: ['Name', 'Signed', 'Signature', 'Cert', 'Chain', 'Object', 'Run'], key: ['Name'] },
  subjects: { columns: ['Digest', 'Name'], key: ['Digest', 'Name'] },
} as const
const NAMES = "('documents', 'subjects')"
/** A schema has a handful of rows. */
const MAX_SCHEMA_ROWS = 10_000
const MAX_SQL_BYTES = 4000

/**
 * True when both tables are there, false when neither name is taken. Throws `schema_invalid` for anything else: a view, a virtual table, a
 * trigger, a generated column, an expression that SQLite would evaluate, a table without prov's key. SQLite runs in this very thread: what
 * such a schema computes could never be stopped.
 *
 * @example if (!hasTables(db)) db.exec(SCHEMA)
 */
export function hasTables(db: DatabaseSync): boolean {
  const size = db.prepare(`SELECT count(*) AS n FROM (SELECT 1 FROM sqlite_schema LIMIT ${MAX_SCHEMA_ROWS + 1})`).get()
  if (Number(size?.['n']) > MAX_SCHEMA_ROWS) throw invalid(`its schema has more than ${MAX_SCHEMA_ROWS} rows`)
  const mentions = ['documents', 'subjects'].map((name) => `instr(lower(ifnull(sql, '')), '${name}') > 0`).join(' OR ')
  const rows = db
    .prepare(
      `SELECT type, lower(name) AS name, CASE WHEN octet_length(sql) <= ${MAX_SQL_BYTES} THEN sql END AS sql,
       lower(name) IN ${NAMES} AS own, octet_length(sql) > ${MAX_SQL_BYTES} AS long
       FROM sqlite_schema WHERE lower(name) IN ${NAMES} OR lower(tbl_name) IN ${NAMES} OR ${mentions} LIMIT 100`,
    )
    .all()
  // Whatever the row says that it is, its text is what SQLite acts on.
  for (const { type, sql, long, own } of rows) {
    const text = typeof sql === 'string' ? sql.toLowerCase() : ''
    if (type === 'trigger' || text.includes('trigger')) throw invalid('a trigger stands on its tables')
    if (own === 1 && (long === 1 || type !== 'table')) throw invalid(`${String(type)} stands in place of a table`)
  }
  if (!rows.some(({ own }) => own === 1)) return false
  for (const [name, { columns, key }] of Object.entries(TABLES)) {
    if (!isTable(db, name, columns, key)) throw invalid(`${name} is not the table that prov makes`)
  }
  for (const { type, sql, name } of rows) {
    if (typeof sql === 'string' && (type === 'index' || NAMES.includes(`'${String(name)}'`))) refuseExpressions(sql)
  }
  return true
}

function isTable(db: DatabaseSync, name: string, columns: readonly string[], key: readonly string[]): boolean {
  const kinds = db.prepare(`SELECT type FROM pragma_table_list('${name}') WHERE schema = 'main' LIMIT 2`).all()
  if (kinds.length !== 1 || kinds[0]?.['type'] !== 'table') return false
  const found = db.prepare(`SELECT name, hidden, pk FROM pragma_table_xinfo('${name}') LIMIT 50`).all()
  const keyOf = (column: string): number => key.indexOf(column) + 1
  return (
    found.every(({ hidden }) => hidden === 0) &&
    columns.every((column) => found.some((one) => one['name'] === column && one['pk'] === keyOf(column)))
  )
}

/** In a table or an index of ours nothing is computed: the only condition is that of the index by run. */
function refuseExpressions(sql: string): void {
  const plain = sql.toLowerCase().replace(/\bwhere run is not null\s*$/, '')
  if (/\b(?:check|generated|as|default|where|collate)\b/.test(plain))
    throw invalid('an expression stands in its tables')
  const [, list = ''] = /^create (?:unique )?index [^(]*\(([^)]*)\)\s*$/.exec(plain) ?? []
  if (plain.startsWith('create') && /\bindex\b/.test(plain.slice(0, 30)) && !/^[\s"\w,]+$/.test(list)) {
    throw invalid('an index over an expression stands on its tables')
  }
}

function invalid(what: string): ProvError {
  return new ProvError('schema_invalid', `this SQLite file is not read: ${what}`, {
    hint: 'prov reads tables that it made itself; look at the file with sqlite3 FILE .schema',
  })
}
