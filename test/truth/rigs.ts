/** An empty truth of each engine. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { adoptTruth, migrateTruth, openTruth, type TruthPlace } from '../../src/truth/open.ts'
import { postgresTruth } from '../support/truth.ts'
import type { Rig } from './suite.ts'

const placeOf = (file: string) => ({ url: `sqlite:${file}`, newId: randomUUID() })

export async function sqliteRig(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'prov-truth-'))
  const file = join(folder, 'truth.db')
  return {
    migrate: () => migrateTruth(placeOf(file), { make: true }),
    adopt: () => adoptTruth(placeOf(file)),
    open: () => openTruth(placeOf(file), { make: false }),
    make: () => openTruth(placeOf(file), { make: true }),
    sql: async (text, values = []) => {
      const db = new DatabaseSync(file, { timeout: 10_000 })
      try {
        return db
          .prepare(text.replaceAll(/\$(\d+)/g, '?$1'))
          .all(...values)
          .map((row) => ({ ...row }))
      } finally {
        db.close()
      }
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

export interface PostgresRig extends Rig {
  readonly place: TruthPlace
  /** With the password. */
  readonly full: string
}

export async function postgresRig(): Promise<PostgresRig> {
  const { url, password, full, sql, close } = await postgresTruth()
  const place = { url, password, newId: randomUUID() }
  return {
    place,
    full,
    migrate: () => migrateTruth(place, { make: true }),
    adopt: () => adoptTruth({ ...place, newId: randomUUID() }),
    open: () => openTruth(place, { make: false }),
    make: () => openTruth(place, { make: true }),
    sql,
    close,
  }
}
