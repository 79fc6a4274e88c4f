/** Redis and NATS with TLS and a password: the right certificates and password connect, others are refused for a reason that says which. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { redisProvider } from '../../src/cache/redis.ts'
import { natsTransport } from '../../src/delivery/wake/nats.ts'
import { placeOf } from '../../src/delivery/wake/place.ts'
import { redisTransport } from '../../src/delivery/wake/redis.ts'
import type { NatsPlace, RedisPlace, Transport } from '../../src/delivery/wake/wake.ts'
import { asProvError } from '../../src/errors.ts'
import type { RedisServer } from '../../src/platform/redis/client.ts'
import { serverOf } from '../../src/platform/redis/url.ts'
import { connectRedis } from '../../src/search/redis.ts'
import { describeWith, tool } from '../servers/endpoints.ts'
import { CA_EXTENSIONS, type Holder, issue } from '../support/authority.ts'
import { freePort } from '../support/free-port.ts'
import { scratch } from '../support/scratch.ts'

const SERVER = ['subjectAltName=DNS:localhost,IP:127.0.0.1', 'extendedKeyUsage=serverAuth']
let [ca, other, server]: (Holder | undefined)[] = []
const ends: (() => unknown)[] = []

beforeAll(() => {
  ca = issue({ subject: '/CN=ca', extensions: CA_EXTENSIONS })
  other = issue({ subject: '/CN=other', extensions: CA_EXTENSIONS })
  server = issue({ subject: '/CN=localhost', by: ca, extensions: SERVER })
})
afterAll(async () => {
  for (const end of ends) await end()
})

function start(name: 'redis-server' | 'nats-server', args: readonly string[]): void {
  const child = spawn(tool(name), args, { stdio: 'ignore' })
  ends.push(() => child.kill('SIGKILL'))
}

/** `connected`, or the code and the message. */
async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'connected'
  } catch (thrown) {
    const { code, message } = asProvError(thrown)
    return `${code}: ${message}`
  }
}

async function firstHint(transport: Transport): Promise<void> {
  const stop = AbortSignal.timeout(10_000)
  for await (const _hint of transport.hints(stop)) return
  throw new Error('it ended without a hint')
}

/** A server needs a moment. */
async function connected(work: () => Promise<unknown>): Promise<string> {
  let said = ''
  for (let tries = 0; tries < 50 && said !== 'connected'; tries++) {
    said = await outcome(work)
    if (said !== 'connected') await sleep(100)
  }
  return said
}

describeWith(['redis-server'], 'Redis with TLS and a password', () => {
  it('serves index, wake-ups and the cache to who trusts its authority and knows the password', {
    timeout: 60_000,
  }, async () => {
    const port = await freePort()
    const files = ['--tls-cert-file', server?.files.certificate ?? '', '--tls-key-file', server?.files.key ?? '']
    const own = [
      '--port',
      '0',
      '--tls-port',
      `${port}`,
      '--tls-auth-clients',
      'no',
      '--requirepass',
      'hush',
      '--save',
      '',
    ]
    start('redis-server', [...own, ...files, '--dir', scratch()])
    const index =
      (authority: Holder | undefined, password: string, host = 'localhost') =>
      async () => {
        const place = {
          url: `rediss://${host}:${port}/1`,
          namespace: 'prov',
          password,
          ca: authority?.certificate ?? '',
        }
        await (await connectRedis(place, { readOnly: false })).close()
      }
    expect(await connected(index(ca, 'hush'))).toBe('connected')
    const warned: string[] = []
    const warn = ({ message }: Error): number => warned.push(message)
    process.on('warning', warn)
    expect(await outcome(index(ca, 'hush', '127.0.0.1'))).toBe('connected')
    await sleep(10)
    process.off('warning', warn)
    expect(warned).toEqual([])
    expect(await outcome(index(ca, 'wrong'))).toMatch(/^denied: /)
    expect(await outcome(index(other, 'hush'))).toMatch(/^unreachable: .*certificate/)
    const wake = (authority: Holder | undefined, password: string) => () => {
      const place = placeOf(`rediss://localhost:${port}/0?stream=prov`) as RedisPlace
      return firstHint(redisTransport({ ...place, password, ca: authority?.certificate }))
    }
    expect(await outcome(wake(ca, 'hush'))).toBe('connected')
    expect(await outcome(wake(ca, 'wrong'))).toMatch(/^denied: /)
    expect(await outcome(wake(other, 'hush'))).toMatch(/^unreachable: .*certificate/)
    const cache = (authority: Holder | undefined, password: string) => async () => {
      const location = `rediss://localhost:${port}/2`
      const at = { ...(serverOf(location) as RedisServer), password, ca: authority?.certificate }
      const provider = redisProvider({ ...at, location, budgetMs: 10_000 })
      await provider.set('k', Buffer.from('v'), 60_000, new AbortController().signal).finally(() => provider.close())
    }
    expect(await outcome(cache(ca, 'hush'))).toBe('connected')
    expect(await outcome(cache(ca, 'wrong'))).toMatch(/^denied: /)
    expect(await outcome(cache(other, 'hush'))).toMatch(/^unreachable: .*certificate/)
  })
})

describeWith(['nats-server'], 'NATS with TLS and a password', () => {
  it('wakes who trusts its authority and knows the password', { timeout: 60_000 }, async () => {
    const port = await freePort()
    const config = join(scratch(), 'nats.conf')
    const [cert, key] = [server?.files.certificate, server?.files.key]
    writeFileSync(
      config,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${scratch()}" }\ntls { cert_file: "${cert}", key_file: "${key}" }\nauthorization { user: prov, password: hush }\n`,
    )
    start('nats-server', ['-c', config])
    const made = async (): Promise<void> => {
      const connection = await connect({
        servers: `tls://localhost:${port}`,
        user: 'prov',
        pass: 'hush',
        tls: { ca: ca?.certificate ?? '' },
        reconnect: false,
      })
      await (await jetstreamManager(connection)).streams.add({ name: 'prov', subjects: ['prov.>'] })
      await connection.close()
    }
    expect(await connected(made)).toBe('connected')
    const wake = (authority: Holder | undefined, password: string) => async () => {
      const place = placeOf(`tls://prov@localhost:${port}?subject=prov.wake`) as NatsPlace
      return firstHint(await natsTransport({ ...place, password, ca: authority?.certificate }, 'machine/memory'))
    }
    expect(await outcome(wake(ca, 'hush'))).toBe('connected')
    expect(await outcome(wake(ca, 'wrong'))).toMatch(/^denied: /)
    expect(await outcome(wake(other, 'hush'))).toMatch(/^unreachable: .*certificate/)
  })
})
