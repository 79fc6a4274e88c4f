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

const [TOPIC, SUBSCRIPTION] = ['projects/prov/topics/wake', 'projects/prov/subscriptions/wake']

type Call = (method: string, path: string, body?: unknown) => Promise<Readonly<Record<string, unknown>>>

/** Google's emulator with a topic and a subscription. */
async function ownPubsub() {
  const port = await freePort()
  const call: Call = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok && answer.status !== 409) throw new Error(`${path}: ${answer.status}`)
    return (await answer.json()) as Readonly<Record<string, unknown>>
  }
  const renew = async (): Promise<void> => {
    await call('PUT', SUBSCRIPTION, { topic: TOPIC, ackDeadlineSeconds: 10 })
  }
  const server = ownServer('pubsub-emulator', ['--host=127.0.0.1', `--port=${port}`], async () => {
    await call('PUT', TOPIC, {})
    await renew()
  })
  await server.start()
  return { ...server, call, renew, env: { PUBSUB_EMULATOR_HOST: `127.0.0.1:${port}` } }
}

export async function pubsubWaker(): Promise<Waker> {
  const { call, env, ...server } = await ownPubsub()
  const context = plain(env)
  const place = placeOf(`pubsub:${SUBSCRIPTION}`) as PubsubPlace
  return {
    ...server,
    transport: pubsubTransport(place, context),
    target: placeOf(`pubsub:${TOPIC}`),
    context,
    url: place.location,
    send: async (content) => {
      await call('POST', `${TOPIC}:publish`, { messages: [{ data: Buffer.from(content).toString('base64') }] })
    },
  }
}

/** A bucket of fake-gcs-server that tells the emulator of Pub/Sub of each object, as Google Cloud Storage does. */
export interface Announcing {
  readonly bucket: string
  readonly endpoint: string
  /** For --wake. */
  readonly subscription: string
  readonly env: Readonly<Record<string, string>>
  put(name: string, bytes: Uint8Array): Promise<void>
  names(): Promise<readonly string[]>
  /** A message of somebody else's making. */
  publish(attributes: Readonly<Record<string, string>>, data?: Uint8Array): Promise<void>
  /** Messages that a reader of now would get, once nobody holds them any more: 0 after eleven seconds without one. */
  waiting(): Promise<number>
  expire(): Promise<void>
  renew(): Promise<void>
  close(): Promise<void>
}

export async function announcingBucket(): Promise<Announcing> {
  const pubsub = await ownPubsub()
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const args = [
    '-scheme',
    'http',
    '-host',
    '127.0.0.1',
    '-port',
    `${port}`,
    '-backend',
    'memory',
    '-external-url',
    endpoint,
  ]
  const events = ['-event.pubsub-project-id', 'prov', '-event.pubsub-topic', 'wake', '-event.list', 'finalize,delete']
  const gcs = ownServer(
    'fake-gcs-server',
    [...args, '-public-host', `127.0.0.1:${port}`, ...events],
    async () => {
      const answer = await fetch(`${endpoint}/storage/v1/b?project=prov`, { method: 'POST', body: '{"name":"chains"}' })
      if (!answer.ok && answer.status !== 409) throw new Error(String(answer.status))
    },
    pubsub.env,
  )
  await gcs.start()
  return {
    bucket: 'chains',
    endpoint,
    subscription: `pubsub:${SUBSCRIPTION}`,
    env: pubsub.env,
    put: async (name, bytes) => {
      const url = `${endpoint}/upload/storage/v1/b/chains/o?uploadType=media&name=${encodeURIComponent(name)}`
      const answer = await fetch(url, { method: 'POST', body: new Uint8Array(bytes) })
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
    },
    names: async () => {
      const { items = [] } = (await (await fetch(`${endpoint}/storage/v1/b/chains/o`)).json()) as {
        readonly items?: readonly { readonly name: string }[]
      }
      return items.map(({ name }) => name)
    },
    publish: async (attributes, data = Buffer.from('{}')) => {
      const message = { attributes, data: Buffer.from(data).toString('base64') }
      await pubsub.call('POST', `${TOPIC}:publish`, { messages: [message] })
    },
    waiting: async () => {
      for (const end = Date.now() + 11_000; Date.now() < end; await sleep(500)) {
        const body = { maxMessages: 100, returnImmediately: true }
        const { receivedMessages = [] } = await pubsub.call('POST', `${SUBSCRIPTION}:pull`, body)
        const messages = receivedMessages as readonly { readonly ackId: string }[]
        if (messages.length === 0) continue
        // Given back at once.
        const ackIds = messages.map(({ ackId }) => ackId)
        await pubsub.call('POST', `${SUBSCRIPTION}:modifyAckDeadline`, { ackIds, ackDeadlineSeconds: 0 })
        return messages.length
      }
      return 0
    },
    expire: async () => {
      await pubsub.call('DELETE', SUBSCRIPTION)
    },
    renew: pubsub.renew,
    close: async () => {
      await gcs.close()
      await pubsub.close()
    },
  }
}

function ownServer(
  name: 'nats-server' | 'pubsub-emulator' | 'fake-gcs-server',
  args: readonly string[],
  ready: () => Promise<void>,
  env: Readonly<Record<string, string>> = {},
) {
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
      child = spawn(tool(name), args, { stdio: 'ignore', env: { ...process.env, ...env } })
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
