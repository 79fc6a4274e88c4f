/** A truth of either engine for tests that run commands: made anew, with a shell for SQL beside it. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import pg from 'pg'
import { server } from '../servers/endpoints.ts'
import { scratch } from './scratch.ts'

export interface FreshTruth {
  /** Flags and settings that name it. */
  readonly flags: readonly string[]
  /** True where `prov truth init` has to make the tables. */
  readonly needsInit: boolean
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** A file; without a path one in a folder of its own, in which it is not there yet. */
export function sqliteTruth(path = join(scratch(), 'truth.db')): FreshTruth & { readonly path: string } {
  return {
    path,
    flags: ['--truth', `sqlite:${path}`],
    needsInit: false,
    sql: async (text, values = []) => {
      const db = new DatabaseSync(path, { timeout: 5000 })
      try {
        return db.prepare(text).all(...(values as readonly SQLInputValue[]))
      } finally {
        db.close()
      }
    },
    close: async () => undefined,
  }
}

/** Where a server of PostgreSQL takes its administrator. */
export interface PostgresAt {
  readonly url: string
  readonly password: string
}

async function serverOfTests(): Promise<PostgresAt> {
  const vars = await server('postgresql')
  return { url: vars['POSTGRESQL'] ?? '', password: vars['POSTGRESQL_PASSWORD'] ?? '' }
}

export interface FreshPostgres extends FreshTruth, PostgresAt {
  readonly database: string
  /** The URL with its password. */
  readonly full: string
}

/** A database of its own, empty, on the server of the tests or another one. */
export async function postgresTruth(at?: PostgresAt): Promise<FreshPostgres> {
  const { url: where, password } = at ?? (await serverOfTests())
  const root = new URL(where)
  root.password = password
  const admin = new pg.Client({ connectionString: root.href })
  admin.on('error', () => undefined) // a trial may stop its server
  await admin.connect()
  const name = `t_${randomUUID().replaceAll('-', '')}`
  await admin.query(`CREATE DATABASE ${name}`)
  const url = new URL(root)
  url.pathname = name
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  pool.on('error', () => undefined)
  const full = url.href
  const bare = new URL(url)
  bare.password = ''
  const file = join(scratch(), 'password')
  writeFileSync(file, `${password}\n`)
  return {
    database: name,
    url: bare.href,
    full,
    password,
    flags: ['--truth', bare.href, '--set', `truth.password-file=${file}`],
    needsInit: true,
    sql: async (text, values = []) => (await pool.query(text, [...values])).rows,
    close: async () => {
      await pool.end()
      // With a server of its own, which is stopped by then, the database goes with it.
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`).catch((thrown) => {
        if (at === undefined) throw thrown
      })
      await admin.end().catch(() => undefined)
    },
  }
}
