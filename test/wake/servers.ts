/** Servers of one's own for tests of wake-ups: they may be killed and started again. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { natsTransport } from '../../src/delivery/wake/nats.ts'
import { placeOf } from '../../src/delivery/wake/place.ts'
import { pubsubTransport } from '../../src/delivery/wake/pubsub.ts'
import { redisTransport } from '../../src/delivery/wake/redis.ts'
import type { NatsPlace, PubsubPlace, RedisPlace, Transport, WakePlace } from '../../src/delivery/wake/wake.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { tool } from '../servers/endpoints.ts'
import { freePort } from '../support/free-port.ts'
import { ownRedis } from '../support/redis.ts'
import { scratch } from '../support/scratch.ts'

export interface Waker {
  readonly transport: Transport
  /** Where `store` tells. */
  readonly target: WakePlace
  readonly context: HttpContext
  /** The flag of the worker, and the settings of store. */
  readonly url: string
  send(content: Uint8Array): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

const plain = (env: HttpContext['env'] = {}): HttpContext => ({
  env,
  now: Date.now,
  random: (size) => new Uint8Array(size),
  debug: () => undefined,
})

export async function redisWaker(): Promise<Waker> {
  const redis = await ownRedis()
  const place = placeOf(`${redis.url}/3?stream=prov`) as RedisPlace
  await redis.raw.select(3)
  return {
    transport: redisTransport(place),
    target: place,
    context: plain(),
    url: place.location,
    send: async (content) => {
      await redis.raw.xadd('prov', 'MAXLEN', '50', '*', 'content', Buffer.from(content))
    },
    kill: redis.kill,
    start: redis.start,
    close: redis.close,
  }
}

export async function natsWaker(): Promise<Waker> {
  const [port, store] = [await freePort(), scratch()]
  const server = ownServer('nats-server', ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', store], async () => {
    const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false })
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'prov', subjects: ['prov.>'] }).catch(() => undefined)
    await manager.streams.info('prov')
    await connection.close()
  })
  await server.start()
  const place = placeOf(`nats://127.0.0.1:${port}?subject=prov.wake`) as NatsPlace
  return {
    ...server,
    transport: await natsTransport(place, 'machine-a/memory'),
    target: place,
    context: plain(),
    url: place.location,
    send: async (content) => {
      const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false })
      connection.publish('prov.wake', content.subarray(0, 1_000_000))
      await connection.flush()
      await connection.close()
    },
  }
}

export async function pubsubWaker(): Promise<Waker> {
  const port = await freePort()
  const base = `http://127.0.0.1:${port}/v1/`
  const [topic, subscription] = ['projects/prov/topics/wake', 'projects/prov/subscriptions/wake']
  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(base + path, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok && answer.status !== 409) throw new Error(`${path}: ${answer.status}`)
  }
  const server = ownServer('pubsub-emulator', ['--host=127.0.0.1', `--port=${port}`], async () => {
    await call('PUT', topic, {})
    await call('PUT', subscription, { topic })
  })
  await server.start()
  const context = plain({ PUBSUB_EMULATOR_HOST: `127.0.0.1:${port}` })
  const place = placeOf(`pubsub:${subscription}`) as PubsubPlace
  return {
    ...server,
    transport: pubsubTransport(place, context),
    target: placeOf(`pubsub:${topic}`),
    context,
    url: place.location,
    send: (content) =>
      call('POST', `${topic}:publish`, { messages: [{ data: Buffer.from(content).toString('base64') }] }),
  }
}

function ownServer(name: 'nats-server' | 'pubsub-emulator', args: readonly string[], ready: () => Promise<void>) {
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    kill,
    close: kill,
    start: async (): Promise<void> => {
      child = spawn(tool(name), args, { stdio: 'ignore' })
      for (let tries = 0; ; tries++) {
        try {
          return await ready()
        } catch (thrown) {
          if (tries > 150) throw thrown
          await sleep(200)
        }
      }
    },
  }
}
