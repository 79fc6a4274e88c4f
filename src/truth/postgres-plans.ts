/**
 * Statements that come again and again, planned once for each connection: with all its parts a commit takes longer to plan than to run.
 * A pooler in transaction mode may hand the next statement to another connection of the server, which does not know the name.
 */
import { createHash } from 'node:crypto'
import type { Query, Row, SqlValue } from './sql.ts'

/** Statements with a name; the server keeps each of them for each connection. */
const MOST_NAMES = 20

/**
 * SQLSTATE of a statement that was refused because of its name, before it did anything: no such name, the name is taken, a plan whose tables have
 * changed since.
 */
const REFUSED_NAMES: ReadonlySet<unknown> = new Set(['26000', '42P05', '0A000'])

export interface NamedStatement {
  readonly text: string
  readonly values: readonly SqlValue[]
  /** Absent: it is planned for this one time. */
  readonly name?: string
}

/**
 * Gives a statement its name when it comes for the second time; a command that runs it once pays nothing. Once a name was refused nothing has one
 * any more.
 *
 * @example const query = planOnce((statement) => pool.query(statement)) // query('INSERT …', values)
 */
export function planOnce(run: (statement: NamedStatement) => Promise<readonly Row[]>): Query {
  const names = new Map<string, string | undefined>()
  let isRefused = false
  /** Undefined for the first time. */
  const nameOf = (text: string): string | undefined => {
    const name = names.get(text)
    if (name !== undefined) return name
    if (names.has(text)) names.set(text, `prov_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`)
    else if (names.size < MOST_NAMES) names.set(text, undefined)
    return names.get(text)
  }
  return async (text, values = []) => {
    const name = isRefused ? undefined : nameOf(text)
    if (name === undefined) return run({ text, values })
    try {
      return await run({ text, values, name })
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && REFUSED_NAMES.has(thrown.code))) throw thrown
      isRefused = true
      return run({ text, values })
    }
  }
}
