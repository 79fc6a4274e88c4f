/** A server of PostgreSQL of a trial's own, in a folder of its own: it may be killed, moved in time, and restored to. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { tool } from '../../servers/endpoints.ts'
import { freePort } from '../../support/free-port.ts'
import { scratch } from '../../support/scratch.ts'
import type { PostgresAt } from '../../support/truth.ts'
import { must } from './trial.ts'

const PASSWORD = 's3cret'
const runs = promisify(execFile)

export interface OwnPostgres extends PostgresAt, AsyncDisposable {
  /** Starts it again, by another program if one is given (`faketime -f +5d`). */
  start(env?: Readonly<Record<string, string>>, by?: readonly string[]): Promise<void>
  /** SIGKILL to the server and all its processes. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** What pg_dump says of a database, as SQL. */
  dump(database: string): Promise<string>
  /** Runs SQL with psql; throws at the first error. */
  load(database: string, sql: string): Promise<void>
}

/** PostgreSQL runs for nobody who is root; in a user namespace root is another user. */
const unprivileged = (command: string, args: readonly string[]): [string, string[]] =>
  process.getuid?.() === 0
    ? ['unshare', ['--user', '--map-user=1000', '--map-group=1000', '--', command, ...args]]
    : [command, [...args]]

export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = scratch()
  const data = join(folder, 'data')
  const password = join(folder, 'password')
  writeFileSync(password, PASSWORD)
  const make = ['-D', data, '-U', 'prov', '--auth=scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale=C']
  await runs(...unprivileged(tool('initdb'), make))
  const port = await freePort()
  const url = `postgres://prov@127.0.0.1:${port}/postgres`
  let child: ChildProcess | undefined
  const answers = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: url.replace('prov@', `prov:${PASSWORD}@`) })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('SELECT 1')
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  const start = async (env: Readonly<Record<string, string>> = {}, by: readonly string[] = []): Promise<void> => {
    const flags = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
    const options = { detached: true, stdio: 'ignore', env: { ...process.env, ...env } } as const
    const [command = '', ...args] = [...by, tool('postgres'), ...flags]
    child = spawn(...unprivileged(command, args), options)
    for (let tries = 0; !(await answers()); tries++) {
      must(tries < 300, 'the server does not answer')
      await sleep(100)
    }
  }
  const ended = async (signal: NodeJS.Signals, group: boolean): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    process.kill(group ? -child.pid : child.pid, signal)
    await gone
  }
  const client = (database: string) => ['-h', '127.0.0.1', '-p', String(port), '-U', 'prov', '-d', database]
  const env = { ...process.env, PGPASSWORD: PASSWORD }
  await start()
  return {
    url,
    password: PASSWORD,
    start,
    kill: () => ended('SIGKILL', true),
    stop: () => ended('SIGINT', false),
    dump: async (database) =>
      (await runs(tool('pg_dump'), client(database), { env, maxBuffer: 1024 ** 3 })).stdout.toString(),
    load: async (database, sql) => {
      const file = join(scratch(), 'load.sql')
      writeFileSync(file, sql)
      await runs(tool('psql'), [...client(database), '-v', 'ON_ERROR_STOP=1', '-q', '-f', file], { env })
    },
    [Symbol.asyncDispose]: () => ended('SIGQUIT', false),
  }
}
