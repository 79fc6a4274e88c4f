/** Verdicts in Redis. The connection is opened by the first call that needs it, and anew after it broke. Lazily imported. */
import { Redis } from 'ioredis'
import { ProvError } from '../errors.ts'
import { boundAnswers, isBroken, type RedisServer, redisOptions } from '../platform/redis/client.ts'
import { redisFailure } from '../platform/redis/failure.ts'
import { USE } from '../platform/redis/url.ts'
import { MOST_VALUE_BYTES, type Provider } from './cache.ts'

export interface RedisPlace extends RedisServer {
  /** For messages: never holds a password. */
  readonly location: string
  /** Longest time of one command, in milliseconds. */
  readonly budgetMs: number
}

const CONNECT_MS = 200
/** Of many answers that come in before the next command is sent; more ends the connection. */
const MOST_BYTES = 16 * 1024 * 1024

const WORDS = {
  hints: {
    NOAUTH: 'write the password into a file, and name that with --set cache.password-file=FILE',
    WRONGPASS: 'see cache.password-file, and the user in the URL of the cache',
    OOM: 'set maxmemory-policy allkeys-lru in a Redis that is a cache and nothing else',
    READONLY: 'name the primary server in the URL of the cache',
  },
}

/** @example const provider = redisProvider({ ...server, location: 'redis://cache/2', budgetMs: 50 }) */
export function redisProvider(place: RedisPlace): Provider {
  const { location, budgetMs, database } = place
  const client = new Redis({
    ...redisOptions(place),
    connectTimeout: CONNECT_MS,
    commandTimeout: budgetMs,
    disconnectTimeout: 50,
    retryStrategy: () => null,
  })
  let last: Error | undefined
  let link: Promise<void> | undefined
  // Whoever calls is told by the call; without a listener Node would end.
  client.on('error', (error: Error) => {
    last = error
  })
  client.on('close', () => {
    link = undefined
  })
  boundAnswers(client, MOST_BYTES, (error) => {
    last = error
  })

  async function connect(): Promise<void> {
    await client.connect()
    await client.select(database)
    const use = await client.get(USE)
    if (use === null) await client.set(USE, 'cache', 'NX').catch(() => undefined) // full, or a replica: it can be read all the same
    if (use === null || use === 'cache') return
    throw new ProvError('config_invalid', `this database of Redis is used as the ${use.slice(0, 20)} of prov`, {
      location,
      hint: 'give the cache a database of its own: redis://HOST/2',
    })
  }

  async function call<T>(work: () => Promise<T>): Promise<T> {
    link ??= connect()
    const own = link
    try {
      await own
      return await work()
    } catch (thrown) {
      // A connection that was not found in order is of no use to the next call.
      if (link === own && (thrown instanceof ProvError || client.status !== 'ready')) drop()
      throw redisFailure(isBroken(thrown) ? (last ?? thrown) : thrown, location, WORDS)
    }
  }

  function drop(): void {
    link = undefined
    client.disconnect()
    // The client would wait for the server to say good-bye.
    client.stream?.destroy()
  }

  return {
    name: 'redis',
    get: (key) =>
      call(async () => {
        const value = await client.getrangeBuffer(key, 0, MOST_VALUE_BYTES)
        return value.length === 0 || value.length > MOST_VALUE_BYTES ? undefined : value
      }),
    set: (key, value, ttlMs) =>
      call(async () => void (await client.set(key, Buffer.from(value), 'PX', Math.max(1, Math.floor(ttlMs))))),
    delete: (key) => call(async () => void (await client.del(key))),
    renew: drop,
    close: async () => drop(),
  }
}
