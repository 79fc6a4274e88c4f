/** A truth in PostgreSQL 15 or newer. Every acknowledged commit is on the server's disk, or nothing is promised. */
import type { PoolClient } from 'pg'
import { ProvError } from '../errors.ts'
import { postgresFailure, SCHEMA_OF_ROLE } from './postgres-failure.ts'
import { planOnce } from './postgres-plans.ts'
import { POSTGRES_CHANGES, POSTGRES_META } from './postgres-schema.ts'
import { forgetHolders, migrate, readMeta, refuseSchema, type SchemaState, stateOf } from './schema.ts'
import type { Database, Dialect, Query, Row, SqlValue } from './sql.ts'
import { fillTerms } from './terms.ts'

/** The channel on which a commit is told. */
const CHANNEL = 'prov_delivery'

const DIALECT: Dialect = {
  now: '(extract(epoch FROM now()) * 1000)::bigint',
  skipLocked: 'FOR UPDATE OF d SKIP LOCKED',
  forUpdate: 'FOR UPDATE',
  // Of an array the planner expects few elements; of a JSON list a hundred, for which it reads whole tables.
  numbers: (parameter) => `(SELECT unnest(translate(${parameter}, '[]', '{}')::bigint[]))`,
  texts: (parameter) => `(SELECT value FROM json_array_elements_text(${parameter}::json))`,
  length: (column) => `octet_length(${column})`,
  takesSeveral: true,
  tell: `, pg_notify('${CHANNEL}', '')`,
  xid: 'xid::text',
  // What lies below the snapshot's oldest running transaction is final: nothing can be committed before it any more.
  afterMark: '(xid, seq) > ($1::text::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())',
  inCommitOrder: 'entry.xid, entry.seq',
  horizon: 'pg_snapshot_xmax(pg_current_snapshot())::text',
  isPast: 'pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8',
  isLater: ({ xid }, horizon) => BigInt(xid) >= BigInt(horizon),
  isFinal: 'entry.xid < pg_snapshot_xmin(pg_current_snapshot())',
  lastCommitFirst: 'entry.xid DESC, entry.seq DESC',
}

const OLDEST = 15
/** One change of schema at a time; the number only has to be prov's own. */
const SCHEMA_LOCK = 7_305_147
const CONNECT_MS = 15_000
const QUERY_MS = 60_000

export interface PostgresOptions {
  /** Without its password. */
  readonly url: string
  readonly password?: string | undefined
  /** PEM certificates that the server's has to be signed by. */
  readonly ca?: string | undefined
  readonly connections: number
  /** Schema that holds the tables; absent: the first of the role's search path. */
  readonly schema?: string | undefined
  /** What messages call it: never holds a password. */
  readonly location: string
  readonly newId: string
}

/** Connects; throws (2 or 6) for a server or a truth that this program does not work with. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const db = await connect(options)
  try {
    await refuseServer(db.query, options)
    const meta = await metaOf(db.query)
    refuseSchema(stateOf(meta), POSTGRES_CHANGES.length, options.location)
    await refuseRestored(db.query, meta, options.location)
    return db
  } catch (thrown) {
    await db.close()
    throw thrown
  }
}

/** Brings the tables to this program's schema, and gives the schema that was there; 0 where there was none. */
export async function migratePostgres(options: PostgresOptions): Promise<number> {
  const db = await connect(options)
  try {
    await refuseServer(db.query, options)
    const had = await db.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
      if (options.schema !== undefined) await query(`CREATE SCHEMA IF NOT EXISTS ${options.schema}`)
      if (!(await hasMeta(query))) await query(POSTGRES_META)
      const state: SchemaState = stateOf(await readMeta(query))
      if (state.version > POSTGRES_CHANGES.length) refuseSchema(state, POSTGRES_CHANGES.length, options.location)
      const before = await migrate(query, state, POSTGRES_CHANGES, options.newId)
      if (before === 0) {
        await query("INSERT INTO meta(key, value) VALUES ('system', $1) ON CONFLICT (key) DO NOTHING", [
          await systemOf(query),
        ])
      }
      return before
    })
    await fillTerms(db)
    return had
  } finally {
    await db.close()
  }
}

/**
 * Takes a truth that was restored from a backup into use: leases and fences of before mean nothing any more, nor do the numbers of the
 * transactions of another server. Who held a claim before settles nothing.
 */
export async function adoptPostgres(options: PostgresOptions): Promise<void> {
  const db = await connect(options)
  try {
    await refuseServer(db.query, options)
    refuseSchema(stateOf(await metaOf(db.query)), POSTGRES_CHANGES.length, options.location)
    await db.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK])
      // 3 is the first number that a transaction can have: all of them lie before whatever is committed here from now on.
      await query("UPDATE entry SET xid = '3'::xid8")
      await forgetHolders(query, options.newId)
      await query("UPDATE meta SET value = $1 WHERE key = 'system'", [await systemOf(query)])
    })
  } finally {
    await db.close()
  }
}

async function hasMeta(query: Query): Promise<boolean> {
  const [row] = await query("SELECT to_regclass('meta') IS NOT NULL AS there")
  return row?.['there'] === true
}

async function metaOf(query: Query): Promise<ReadonlyMap<string, string>> {
  return (await hasMeta(query)) ? readMeta(query) : new Map()
}

async function systemOf(query: Query): Promise<string> {
  const [row] = await query('SELECT system_identifier::text AS system FROM pg_control_system()')
  return String(row?.['system'])
}

/**
 * Throws for a server that cannot keep what it acknowledged, or that is too old.
 *
 * @example await refuseServer(db.query, { location: 'postgres://db/prov' })
 */
export async function refuseServer(
  query: Query,
  { location, schema }: Pick<PostgresOptions, 'location' | 'schema'>,
): Promise<void> {
  const [row] = await query(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
     pg_is_in_recovery() AS standby, current_setting('synchronous_commit') AS sync, current_setting('fsync') AS fsync,
     current_setting('search_path') AS path`,
  )
  const refuse = (code: 'not_supported' | 'config_invalid', message: string, hint?: string): never => {
    throw new ProvError(code, message, { location, ...(hint === undefined ? {} : { hint }) })
  }
  if (Number(row?.['version']) < OLDEST * 10_000) {
    refuse('not_supported', `PostgreSQL ${String(row?.['name'])} is too old: ${OLDEST} or newer is needed`)
  }
  if (row?.['standby'] === true) {
    refuse('config_invalid', 'this PostgreSQL is a standby, which takes no writes', 'name the primary server')
  }
  if (row?.['sync'] === 'off') {
    const why = 'synchronous_commit is off for this role: a commit that was acknowledged may be lost in a crash'
    refuse('config_invalid', why, 'ALTER ROLE … SET synchronous_commit = on')
  }
  if (schema !== undefined && row?.['path'] !== schema) {
    const why = `a pooler between prov and the server drops truth.schema: tables would be looked for in ${String(row?.['path'])}`
    refuse('config_invalid', why, SCHEMA_OF_ROLE)
  }
  if (row?.['fsync'] === 'off') {
    refuse('config_invalid', 'fsync is off on this server: a commit that was acknowledged may be lost in a crash')
  }
}

/** Transaction numbers mean nothing on another server: entries would be skipped by whoever reads in commit order. */
async function refuseRestored(query: Query, meta: ReadonlyMap<string, string>, location: string): Promise<void> {
  if (meta.get('system') === (await systemOf(query))) return
  throw new ProvError('config_invalid', 'this truth was restored on another server than the one that it was made on', {
    location,
    hint: 'prov truth adopt takes it into use',
  })
}

async function connect(options: PostgresOptions): Promise<Database> {
  const { default: pg } = await import('pg')
  const { location, ca } = options
  const pool = new pg.Pool({
    connectionString: fullUrl(options),
    ...(ca === undefined ? {} : { ssl: { ca, rejectUnauthorized: true } }),
    max: options.connections,
    // Statements that are given together are sent together; the driver's types do not know of it yet.
    ...{ pipeline: true },
    ...(options.schema === undefined ? {} : { options: `-c search_path=${schemaOf(options.schema, location)}` }),
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    application_name: 'prov',
  })
  // A connection that breaks while nobody uses it is replaced; whoever uses one is told by the call. Without a listener Node would end.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw postgresFailure(thrown, location)
    }
  }
  const rowsOf = (result: { readonly rows: readonly Row[] }): readonly Row[] => result.rows
  const asList = (values: readonly SqlValue[] = []): SqlValue[] => values.map(sendable)
  const often = planOnce(async ({ values, ...statement }) =>
    rowsOf(await pool.query({ ...statement, values: asList(values) })),
  )
  return {
    engine: 'postgres',
    dialect: DIALECT,
    query: (text, values) => failing(async () => rowsOf(await pool.query(text, asList(values)))),
    queryOften: (text, values) => failing(() => often(text, values)),
    transaction: (work) =>
      failing(async () => {
        const client = await pool.connect()
        let broken: Error | boolean = false
        try {
          const begun = client.query('BEGIN')
          begun.catch(() => undefined) // what follows fails as well, and says so
          const result = await work(async (text, values) => rowsOf(await client.query(text, asList(values))))
          await begun
          await client.query('COMMIT')
          return result
        } catch (thrown) {
          await client.query('ROLLBACK').catch((error: Error) => {
            broken = error
          })
          throw thrown
        } finally {
          client.release(broken)
        }
      }),
    listen: (told, lost) => failing(() => listen(() => pool.connect(), told, lost)),
    close: () => pool.end(),
  }
}

/**
 * Keeps one connection for what is told. Where it breaks, or a pooler in between passes nothing on, nobody is told any more: looking again from
 * time to time finds everything all the same.
 */
async function listen(
  connect: () => Promise<PoolClient>,
  told: () => void,
  lost: () => void,
): Promise<() => Promise<void>> {
  const client = await connect()
  client.on('notification', told)
  client.on('end', lost)
  try {
    await client.query(`LISTEN ${CHANNEL}`)
  } catch (thrown) {
    client.release(true)
    throw thrown
  }
  return async () => {
    client.removeListener('notification', told)
    client.removeListener('end', lost)
    client.release(true)
  }
}

/** It becomes a part of statements as it is. */
function schemaOf(name: string, location: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return name
  const message = 'truth.schema is not a name of a schema: lower case letters, digits and _ only'
  throw new ProvError('config_invalid', message, { location })
}

/** The driver lets the URL overrule everything beside it. */
function fullUrl({ url, password, ca }: PostgresOptions): string {
  const full = new URL(url)
  if (password !== undefined) full.password = encodeURIComponent(password)
  if (ca !== undefined) full.searchParams.delete('sslmode')
  return full.href
}

/** The driver takes a view of bytes only as a Buffer. */
function sendable(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}
