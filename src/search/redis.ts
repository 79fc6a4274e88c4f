/** A connection to the Redis that holds an index, checked before it is used: evicting nothing, writable, scripts allowed. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ProvError } from '../errors.ts'
import { boundAnswers, isBroken, type RedisServer, redisOptions } from '../platform/redis/client.ts'
import { type RedisWords, redisFailure } from '../platform/redis/failure.ts'
import { serverOf, shownRedis, USE } from '../platform/redis/url.ts'
import { SCRIPTS, type ScriptName } from './scripts.ts'

export interface IndexPlace {
  /** `redis://[USER@]HOST[:PORT][/DATABASE]`, or `rediss://…`; without a password. */
  readonly url: string
  readonly password?: string | undefined
  /** PEM certificates that the server's has to be signed by. */
  readonly ca?: string | undefined
  /** Tells several indexes in one database apart. */
  readonly namespace: string
  /** Longest time for one request, in milliseconds. */
  readonly timeoutMs?: number
}

/** A reply is text, a whole number, nothing, or a list of these. */
export type Reply = string | number | null | readonly Reply[]

export interface RedisConnection {
  /** Of every key: `prov:{namespace}:`. */
  readonly prefix: string
  /** For messages: never holds a password. */
  readonly location: string
  call(command: string, ...args: readonly (string | number)[]): Promise<Reply>
  /** Sent together; the answers in the same order. Throws for the first that failed. */
  together(commands: readonly (readonly [string, ...(string | number)[]])[]): Promise<readonly Reply[]>
  script(name: ScriptName, args: readonly (string | number)[]): Promise<Reply>
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Whoever only searches needs no right to write. */
  readonly readOnly: boolean
}

const ANSWER_MS = 10_000
const LONGEST_PAUSE_MS = 5_000
/** No answer of an index that prov wrote is so long; one that is longer ends the connection. */
const MOST_BYTES = 64 * 1024 * 1024
const OLDEST: readonly [number, number] = [6, 2]

/** What the scripts answer, and what to do about a reply. */
const WORDS: RedisWords = {
  replies: {
    LEASE: ['conflict', 'another reconcile has taken over'],
    GENERATION: ['conflict', 'what was being rebuilt has gone from Redis: it was removed, or Redis lost its data'],
    WRONGTYPE: ['response_invalid', 'a key of the index holds something else'],
  },
  hints: {
    NOAUTH:
      'write the password into a file, and name that with --set index.password-file=FILE, or set PROV_INDEX_PASSWORD',
    WRONGPASS: 'see index.password-file and PROV_INDEX_PASSWORD, and the user in index.url',
    OOM: 'give Redis more memory: prov counts on about 2 KB an entry',
    READONLY: 'name the primary server in index.url',
    LEASE: 'run the same command again once the other has ended',
    GENERATION: 'run prov reconcile --rebuild again',
  },
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
const DIGESTS = { live: sha1(SCRIPTS.live), find: sha1(SCRIPTS.find), switch: sha1(SCRIPTS.switch) }

/**
 * Connects and checks. Throws `usage` for a URL that is none, `config_invalid` for a Redis that would lose or refuse what an index needs, and
 * what keeps it from being reached.
 *
 * @example const redis = await connectRedis({ url: 'redis://cache:6379/1', namespace: 'prov' }, { readOnly: false })
 */
export async function connectRedis(place: IndexPlace, { readOnly }: ConnectOptions): Promise<RedisConnection> {
  const { database } = partsOf(place.url)
  const location = shownIndex(place.url)
  const { default: ioredis } = await import('ioredis')
  let isOpen = false
  let last: Error | undefined
  const client = new ioredis.Redis({
    ...redisOptions({ ...partsOf(place.url), password: place.password, ca: place.ca }),
    commandTimeout: place.timeoutMs ?? ANSWER_MS,
    retryStrategy: (times) => (isOpen ? Math.min(100 * 2 ** times, LONGEST_PAUSE_MS) : null),
  })
  // Whoever calls is told by the call; without a listener Node would end.
  client.on('error', (error: Error) => {
    last = error
  })
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw redisFailure(isBroken(thrown) ? (last ?? thrown) : thrown, location, WORDS)
    }
  }
  boundAnswers(client, MOST_BYTES, (error) => {
    last = error
  })
  const raw = connectionOver(client, `prov:{${place.namespace}}:`, location, failing)
  try {
    await failing(() => client.connect())
    await failing(() => client.select(database))
    await refuseServer(raw, { readOnly, location })
    isOpen = true
    last = undefined
    // A server that was replaced, or set up anew, is checked again before anything is written to it.
    let isChecked: Promise<void> | undefined = Promise.resolve()
    client.on('close', () => {
      isChecked = undefined
    })
    const checked = async (): Promise<void> => {
      isChecked ??= refuseServer(raw, { readOnly, location }).catch((thrown: unknown) => {
        isChecked = undefined
        // Of a server that ran well before, this heals once somebody sets it right.
        if (!(thrown instanceof ProvError) || thrown.code !== 'config_invalid') throw thrown
        throw new ProvError('server_error', thrown.message, { location, hint: thrown.hint, cause: thrown })
      })
      await isChecked
    }
    return {
      ...raw,
      call: async (...command) => checked().then(() => raw.call(...command)),
      together: async (commands) => checked().then(() => raw.together(commands)),
      script: async (name, args) => checked().then(() => raw.script(name, args)),
    }
  } catch (thrown) {
    client.disconnect()
    throw thrown
  }
}

function connectionOver(
  client: Redis,
  prefix: string,
  location: string,
  failing: <T>(work: () => Promise<T>) => Promise<T>,
): RedisConnection {
  const call = (command: string, ...args: readonly (string | number)[]): Promise<Reply> =>
    failing(async () => (await client.call(command, ...args)) as Reply)
  return {
    prefix,
    location,
    call,
    together: (commands) =>
      failing(async () => {
        if (commands.length === 0) return []
        const batch = client.pipeline()
        for (const [command, ...args] of commands) batch.call(command, ...args)
        const answers = (await batch.exec()) ?? []
        return answers.map(([error, reply]) => {
          if (error !== null) throw error
          return reply as Reply
        })
      }),
    script: async (name, args) => {
      try {
        return await failing(async () => (await client.evalsha(DIGESTS[name], 1, prefix, ...args)) as Reply)
      } catch (thrown) {
        if (!(thrown instanceof ProvError) || !/NOSCRIPT/.test(String(thrown.cause))) throw thrown
        return await failing(async () => (await client.eval(SCRIPTS[name], 1, prefix, ...args)) as Reply)
      }
    },
    close: async () => client.disconnect(),
  }
}

async function refuseServer(
  redis: RedisConnection,
  { readOnly, location }: ConnectOptions & { readonly location: string },
): Promise<void> {
  const refuse = (message: string, hint: string): never => {
    throw new ProvError('config_invalid', message, { location, hint })
  }
  const info = String(await redis.call('INFO'))
  const lines = info.split(/\r?\n/)
  const said = (name: string): string => lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1) ?? ''
  const version = said('redis_version')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (version === '') {
    throw new ProvError('response_invalid', 'what answers there does not say that it is Redis', { location })
  }
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new ProvError('not_supported', `Redis ${version} is too old: ${OLDEST.join('.')} or newer is needed`, {
      location,
    })
  }
  if (said('loading') === '1') throw new ProvError('throttled', 'Redis is still loading its data', { location })
  const policy = said('maxmemory_policy')
  if (policy !== 'noeviction') {
    const what = `maxmemory-policy of this Redis is ${policy || 'not known'}: a full server would drop parts of the index without a word`
    refuse(what, 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf')
  }
  if (!readOnly && said('role') === 'slave' && said('slave_read_only') !== '0') {
    refuse('this Redis is a replica, which takes no writes', 'name the primary server in index.url')
  }
  await scriptsAllowed(redis, location)
  const use = await redis.call('GET', USE)
  if (use !== null && use !== 'index') {
    const what = `this database of Redis is used as a ${String(use).slice(0, 20)}: what is dropped there could be a part of the index`
    refuse(what, 'give the index a database of its own: redis://HOST/1')
  }
}

async function scriptsAllowed(redis: RedisConnection, location: string): Promise<void> {
  try {
    await redis.call('EVAL', 'return 1', 0)
    await redis.call('EVALSHA', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', 0)
  } catch (thrown) {
    if (!(thrown instanceof ProvError) || /NOSCRIPT/.test(String(thrown.cause))) return
    if (thrown.code !== 'denied' && !/unknown command/i.test(String(thrown.cause))) throw thrown
    throw new ProvError('config_invalid', 'this Redis does not let this user run scripts', {
      location,
      hint: 'ACL SETUSER USER +eval +evalsha',
      cause: thrown,
    })
  }
}

function partsOf(url: string): RedisServer {
  const server = serverOf(url)
  if (server !== undefined) return server
  throw new ProvError('usage', 'an index is redis://[USER@]HOST[:PORT][/DATABASE], or rediss:// with TLS')
}

/**
 * As it may be shown: without a password.
 *
 * @example shownIndex('redis://prov:secret@cache/1') // 'redis://prov@cache/1'
 */
export function shownIndex(url: string): string {
  return shownRedis(url) ?? 'the index'
}
