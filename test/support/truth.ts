/** A truth of either engine for tests that run commands: made anew, with a shell for SQL beside it. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { server } from '../servers/endpoints.ts'
import { scratch } from './scratch.ts'

export interface FreshTruth {
  /** Flags and settings that name it. */
  readonly flags: readonly string[]
  /** True where `prov truth init` has to make the tables. */
  readonly needsInit: boolean
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** In a folder of its own, in which the file is not there yet. */
export function sqliteTruth(): FreshTruth & { readonly path: string } {
  const path = join(scratch(), 'truth.db')
  return {
    path,
    flags: ['--truth', `sqlite:${path}`],
    needsInit: false,
    sql: async (text) => {
      const db = new DatabaseSync(path, { timeout: 5000 })
      try {
        return db.prepare(text).all()
      } finally {
        db.close()
      }
    },
    close: async () => undefined,
  }
}

/** A database of its own on the server of the tests, empty. */
export async function postgresTruth(): Promise<FreshTruth> {
  const vars = await server('postgresql')
  const password = vars['POSTGRESQL_PASSWORD'] ?? ''
  const root = new URL(vars['POSTGRESQL'] ?? '')
  root.password = password
  const admin = new pg.Client({ connectionString: root.href })
  await admin.connect()
  const name = `t_${randomUUID().replaceAll('-', '')}`
  await admin.query(`CREATE DATABASE ${name}`)
  const url = new URL(root)
  url.pathname = name
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  pool.on('error', () => undefined)
  const bare = new URL(url)
  bare.password = ''
  const file = join(scratch(), 'password')
  writeFileSync(file, `${password}\n`)
  return {
    flags: ['--truth', bare.href, '--set', `truth.password-file=${file}`],
    needsInit: true,
    sql: async (text) => (await pool.query(text)).rows,
    close: async () => {
      await pool.end()
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await admin.end()
    },
  }
}
