/** PgBouncer in front of the tests' PostgreSQL: each transaction may reach another connection of the server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool } from '../servers/endpoints.ts'
import { freePort } from './free-port.ts'
import { scratch } from './scratch.ts'
import type { PostgresAt } from './truth.ts'

export interface Pooler extends PostgresAt {
  close(): Promise<void>
}

/** In transaction mode, with so many connections to the server; further lines of its configuration. */
export async function startPooler(
  { url, password = '' }: { readonly url: string; readonly password?: string | undefined },
  connections: number,
  ...more: readonly string[]
): Promise<Pooler> {
  const [at, folder, port] = [new URL(url), scratch(), await freePort()]
  const [file, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users')]
  writeFileSync(users, `"${at.username}" "${password}"\n`)
  const lines = [
    '[databases]',
    `* = host=${at.hostname} port=${at.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'pool_mode = transaction',
    `default_pool_size = ${connections}`,
    'max_client_conn = 100',
    ...more,
    ...(process.getuid?.() === 0 ? ['user = nobody'] : []), // it refuses to run for root
  ]
  writeFileSync(file, lines.join('\n'))
  const child = spawn(tool('pgbouncer'), ['--quiet', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.end())
    })
  while (!(await isOpen())) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
    await sleep(20)
  }
  at.port = String(port)
  return {
    url: at.href,
    password,
    close: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
