/** What somebody who can write to the folder may do to a truth in SQLite, noticed: tables made into something else, a file put in the place of another. */
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ProvError } from '../errors.ts'
import { SQLITE_CHANGES, SQLITE_META } from './sqlite-schema.ts'

const SHAPE = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name'

let own: string | undefined

/** The tables and indexes that prov makes, as SQLite keeps them. */
function ownShape(): string {
  if (own !== undefined) return own
  const db = new DatabaseSync(':memory:')
  try {
    db.exec([SQLITE_META, ...SQLITE_CHANGES].join(';\n'))
    own = shapeOf(db)
    return own
  } finally {
    db.close()
  }
}

function shapeOf(db: DatabaseSync): string {
  const rows = db.prepare(SHAPE).all()
  // prov makes them one statement at a time, and the text is kept as it was written.
  return JSON.stringify(
    rows.map((row) =>
      Object.values(row).map((value) =>
        String(value)
          .replaceAll(/[\s;]+/g, ' ')
          .trim(),
      ),
    ),
  )
}

/**
 * Throws `schema_invalid` for views, triggers and tables of another shape, which could keep whoever reads them for ever or change what is written.
 * For a truth of this program's schema.
 */
export function refuseShape(db: DatabaseSync, location: string): void {
  if (shapeOf(db) === ownShape()) return
  throw new ProvError('schema_invalid', 'the tables of this truth are not those that prov makes', {
    location,
    hint: 'look at it with sqlite3 FILE .schema, and restore it from a backup: prov truth adopt',
  })
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
