/** What somebody who can write to the folder may do to a truth in SQLite, noticed: tables made into something else, a file put in the place of another. */
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ProvError } from '../errors.ts'
import { SQLITE_CHANGES, SQLITE_META } from './sqlite-schema.ts'

const SHAPE = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name'

/** A table or an index as SQLite keeps it. */
interface Piece {
  readonly type: string
  readonly name: string
  readonly table: string
  readonly sql: string
}

let own: readonly Piece[] | undefined

/** The tables and indexes that prov makes. */
function ownPieces(): readonly Piece[] {
  if (own !== undefined) return own
  const db = new DatabaseSync(':memory:')
  try {
    db.exec([SQLITE_META, ...SQLITE_CHANGES].join(';\n'))
    own = piecesOf(db)
    return own
  } finally {
    db.close()
  }
}

function piecesOf(db: DatabaseSync): readonly Piece[] {
  // prov makes them one statement at a time, and the text is kept as it was written.
  const text = (value: unknown): string =>
    String(value)
      .replaceAll(/[\s;]+/g, ' ')
      .trim()
  return db
    .prepare(SHAPE)
    .all()
    .map(({ type, name, tbl_name: table, sql }) => ({
      type: text(type),
      name: text(name),
      table: text(table),
      sql: text(sql),
    }))
}

/**
 * Throws `schema_invalid` for views, triggers and tables of another shape, which could keep whoever reads them for ever or change what is written.
 * For a truth of this program's schema, or the next one, which may have added to it.
 */
export function refuseShape(db: DatabaseSync, version: number, location: string): void {
  const found = piecesOf(db)
  const isNext = version === SQLITE_CHANGES.length + 1
  if (isNext ? onlyAdds(found) : JSON.stringify(found) === JSON.stringify(ownPieces())) return
  throw new ProvError('schema_invalid', 'the tables of this truth are not those that prov makes', {
    location,
    hint: 'look at it with sqlite3 FILE .schema, and restore it from a backup: prov truth adopt',
  })
}

/** What the next schema may add to tables that are there: it calls no function. What needs more is added in two schemas. */
const NEW_COLUMN =
  /^\w+ (?:TEXT|INTEGER|REAL|BLOB)(?: NOT NULL)?(?: DEFAULT (?:'[^']*'|-?\d+|NULL))?(?: REFERENCES \w+)?$/i
const NEW_INDEX =
  /^CREATE (?:UNIQUE )?INDEX \w+ ON \w+ ?\([\w, ]+\)(?: WHERE \w+ (?:IS NULL|IS NOT NULL|= '[^']*'|IN \([\w', ]*\)))?$/i
const NEW_TABLE = /^CREATE TABLE /

function onlyAdds(found: readonly Piece[]): boolean {
  const keyOf = ({ type, name, table }: Piece): string => JSON.stringify([type, name, table])
  const known = new Map(ownPieces().map((piece) => [keyOf(piece), piece]))
  const isThere = new Set(found.map(keyOf))
  if (![...known.keys()].every((key) => isThere.has(key))) return false
  return found.every((piece) => {
    const before = known.get(keyOf(piece))
    if (before !== undefined)
      return piece.type === 'table' ? addsColumns(before.sql, piece.sql) : piece.sql === before.sql
    if (piece.type === 'table') return NEW_TABLE.test(piece.sql)
    return piece.type === 'index' && (piece.name.startsWith('sqlite_autoindex_') || NEW_INDEX.test(piece.sql))
  })
}

function addsColumns(before: string, now: string): boolean {
  const [was, is] = [partsOf(before), partsOf(now)]
  if (was.around !== is.around) return false
  let next = 0
  for (const part of is.inside) {
    if (part === was.inside[next]) next += 1
    else if (!NEW_COLUMN.test(part)) return false
  }
  return next === was.inside.length
}

/** Columns and constraints of a CREATE TABLE, and what stands around them. */
function partsOf(sql: string): { readonly around: string; readonly inside: readonly string[] } {
  const [from, to] = [sql.indexOf('('), sql.lastIndexOf(')')]
  const inside: string[] = ['']
  let depth = 0
  for (const [, token = ''] of sql.slice(from + 1, to).matchAll(/('[^']*'|[\s\S])/g)) {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0
    if (token === ',' && depth === 0) inside.push('')
    else inside[inside.length - 1] += token
  }
  return { around: sql.slice(0, from) + sql.slice(to + 1), inside: inside.map((part) => part.trim()) }
}

/**
 * Gives a check that throws `config_invalid` once another file stands where this one was opened, or none: what is written would be lost.
 *
 * @example const check = sameFile('truth.db'); …; check()
 */
export function sameFile(path: string): () => void {
  const idOf = (): string => {
    const facts = statSync(path, { bigint: true, throwIfNoEntry: false })
    return facts === undefined ? '' : `${facts.dev}:${facts.ino}`
  }
  const before = idOf()
  return () => {
    if (idOf() === before) return
    throw new ProvError('config_invalid', 'the file of the truth was replaced or removed while it was open', {
      location: path,
      hint: 'start the command again; after a restore: prov truth adopt',
    })
  }
}
