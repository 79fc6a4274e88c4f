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

/** A connection that takes longer than one call may still serve the next. */
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

/** One connection: a new one takes its place when it is of no use any more. */
interface Link {
  readonly client: Redis
  /** Connected, and a database that may be used. */
  readonly ready: Promise<void>
  /** What the client said last of why it cannot go on. */
  why(): Error | undefined
}

/** @example const provider = redisProvider({ ...server, location: 'redis://cache/2', budgetMs: 50 }) */
export function redisProvider(place: RedisPlace): Provider {
  const { location } = place
  let link: Link | undefined

  function linked(): Link {
    if (link !== undefined) return link
    const own = linkTo(place)
    link = own
    own.client.on('close', () => drop(own))
    own.ready.catch(() => drop(own))
    return own
  }

  function drop(old: Link | undefined): void {
    if (old === undefined || old !== link) return
    link = undefined
    old.client.disconnect()
    // The client would wait for the server to say good-bye.
    old.client.stream?.destroy()
  }

  async function call<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const { client, ready, why } = linked()
    try {
      await ready
      return await work(client)
    } catch (thrown) {
      throw redisFailure(isBroken(thrown) ? (why() ?? thrown) : thrown, location, WORDS)
    }
  }

  return {
    name: 'redis',
    get: (key) =>
      call(async (client) => {
        const value = await client.getrangeBuffer(key, 0, MOST_VALUE_BYTES)
        return value.length === 0 || value.length > MOST_VALUE_BYTES ? undefined : value
      }),
    set: (key, value, ttlMs) =>
      call(async (client) => {
        await client.set(key, Buffer.from(value), 'PX', Math.max(1, Math.floor(ttlMs)))
      }),
    delete: (key) =>
      call(async (client) => {
        await client.del(key)
      }),
    renew: () => drop(link),
    close: async () => drop(link),
  }
}

function linkTo(place: RedisPlace): Link {
  const { location, budgetMs, database } = place
  const client = new Redis({
    ...redisOptions(place),
    connectTimeout: Math.max(CONNECT_MS, budgetMs),
    commandTimeout: budgetMs,
    disconnectTimeout: 50,
    retryStrategy: () => null,
  })
  let last: Error | undefined
  const note = (error: Error): void => {
    last = error
  }
  // Whoever calls is told by the call; without a listener Node would end.
  client.on('error', note)
  boundAnswers(client, MOST_BYTES, note)

  async function connect(): Promise<void> {
    await client.connect()
    // Sent together: each way there and back is a part of the first call's budget.
    const [, use] = await Promise.all([client.select(database), client.get(USE)])
    if (use === null) await client.set(USE, 'cache', 'NX').catch(() => undefined) // full, or a replica: it can be read all the same
    if (use === null || use === 'cache') return
    throw new ProvError('config_invalid', `this database of Redis is used as the ${use.slice(0, 20)} of prov`, {
      location,
      hint: 'give the cache a database of its own: redis://HOST/2',
    })
  }

  return { client, ready: connect(), why: () => last }
}
