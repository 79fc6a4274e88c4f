/** A real Redis for the tests: the shared one with a namespace of its own, or one of its own that may be broken, filled up or killed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { IndexPlace } from '../../src/search/redis.ts'
import { server, tool } from '../servers/endpoints.ts'
import { freePort } from './free-port.ts'
import { scratch } from './scratch.ts'

export interface FreshIndex extends IndexPlace {
  /** Flags and settings that name it. */
  readonly flags: readonly string[]
  /** A connection beside prov's, without its checks. */
  readonly raw: Redis
  close(): Promise<void>
}

/** On the shared server, under a name that nobody else uses. */
export async function freshIndex(): Promise<FreshIndex> {
  const { REDIS = '' } = await server('redis')
  return indexAt(REDIS)
}

function indexAt(url: string, namespace = `t-${randomUUID()}`): FreshIndex {
  const raw = new Redis(url, { lazyConnect: true, protocol: 2 })
  raw.on('error', () => undefined)
  return {
    url,
    namespace,
    flags: ['--index', url, '--set', `index.namespace=${namespace}`],
    raw,
    close: async () => raw.disconnect(),
  }
}

export interface OwnRedis extends FreshIndex {
  readonly port: number
  kill(): Promise<void>
  start(): Promise<void>
  /** Stopped, so that it answers nobody while its connections stay open; or let go on. */
  freeze(isFrozen: boolean): void
}

/** A server that nobody else uses, with these arguments; `close` ends it. */
export async function ownRedis(...args: readonly string[]): Promise<OwnRedis> {
  const port = await freePort()
  const folder = scratch()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const all = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...args]
    child = spawn(tool('redis-server'), all, { stdio: 'ignore' })
    const probe = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 50 })
    probe.on('error', () => undefined)
    await probe.ping().catch((error: Error) => {
      if (!/NOAUTH/.test(error.message)) throw error
    })
    probe.disconnect()
  }
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  const index = indexAt(`redis://127.0.0.1:${port}`, 'own')
  return {
    ...index,
    port,
    start,
    kill,
    freeze: (isFrozen) => child?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    close: async () => {
      index.raw.disconnect()
      await kill()
    },
  }
}
