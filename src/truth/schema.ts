/** Which schema a truth has, and bringing it to the program's own: numbered, forward only. */
import { ProvError } from '../errors.ts'
import { textOf } from './rows.ts'
import type { Query } from './sql.ts'

export interface SchemaState {
  /** 0: no tables yet. */
  readonly version: number
  /** The truth's own name. */
  readonly id: string | undefined
}

/** What `meta` says; the table has to be there. */
export async function readMeta(query: Query): Promise<ReadonlyMap<string, string>> {
  const rows = await query('SELECT key, value FROM meta')
  return new Map(rows.map((row) => [String(row['key']), textOf(row, 'value') ?? '']))
}

/** @example stateOf(await readMeta(query)).version // 1 */
export function stateOf(meta: ReadonlyMap<string, string>): SchemaState {
  return { version: Number(meta.get('schema') ?? 0), id: meta.get('id') }
}

/**
 * Throws for a schema that this program does not work with: it takes its own and the next one, which only adds to it, so that programs are
 * replaced one after the other while all of them work.
 *
 * @example refuseSchema({ version: 3, id }, 1, 'truth.db') // throws: newer than this program
 */
export function refuseSchema({ version }: SchemaState, own: number, location: string): void {
  if (version === own || version === own + 1) return
  if (version === 0) {
    throw new ProvError('config_invalid', 'it does not hold the tables of a truth yet', {
      location,
      hint: 'prov truth init makes them',
    })
  }
  if (version < own) {
    const older = `its schema is ${version}, older than ${own}, which this program works with`
    throw new ProvError('truth_version', older, { location, hint: 'prov truth migrate brings it there' })
  }
  const newer = `its schema is ${version}; this program works with ${own} and ${own + 1}`
  throw new ProvError('truth_version', newer, { location, hint: 'use the prov that migrated it, or a newer one' })
}

/** Makes what is missing, in the transaction of `query`; gives the schema that was there. One that is newer stays as it is. */
export async function migrate(
  query: Query,
  state: SchemaState,
  changes: readonly string[],
  newId: string,
): Promise<number> {
  const { version } = state
  if (version >= changes.length) return version
  for (const change of changes.slice(version)) {
    for (const statement of change.split(/;\s*\n/)) if (statement.trim() !== '') await query(statement)
  }
  await query(
    "INSERT INTO meta(key, value) VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [String(changes.length)],
  )
  if (version === 0) await query("INSERT INTO meta(key, value) VALUES ('id', $1) ON CONFLICT (key) DO NOTHING", [newId])
  return version
}

/** Further than any fence comes in the life of a truth. */
const FENCES = 2 ** 32

/** After a restore: nobody holds a claim, every fence of before is stale, and the truth has a new name. */
export async function forgetHolders(query: Query, newId: string): Promise<void> {
  await query(`UPDATE delivery SET holder = NULL, lease_until = NULL, fence = fence + ${FENCES}`)
  await query('DELETE FROM lane')
  await query('DELETE FROM worker')
  await query("UPDATE meta SET value = $1 WHERE key = 'id'", [newId])
}
