/**
 * Redis Streams. Each worker reads by itself from the end of the stream (XREAD from `$`), not as one of a group: a group gives a message to one
 * of several workers, who may not serve what is owed, and would want the right to write. Lazily imported.
 */
import { Redis } from 'ioredis'
import { ProvError } from '../../errors.ts'
import { pause } from '../../platform/io.ts'
import { boundAnswers, isBroken, redisOptions } from '../../platform/redis/client.ts'
import { redisFailure } from '../../platform/redis/failure.ts'
import type { Hint, RedisPlace, Teller, Transport } from './wake.ts'

/** So long a silent server is waited for before it is asked again. */
const BLOCK_MS = 5000
/** Between two messages that are read: the others in between are skipped. */
const GAP_MS = 100
/** A message that is longer ends the connection. */
const MOST_BYTES = 16 * 1024 * 1024
/** Messages that prov leaves in the stream, about. */
const KEPT = 1000

/** @example redisTransport(place).hints(signal) */
export function redisTransport(place: RedisPlace): Transport {
  const { stream, location } = place
  return {
    name: 'redis',
    location,
    async *hints(signal): AsyncGenerator<Hint> {
      const { client, failing, end } = connectTo(place, signal)
      try {
        await failing(() => client.connect())
        let isDue = true
        let gap = Promise.resolve()
        while (!signal.aborted) {
          const next = failing(() => client.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', stream, '$'))
          next.catch(() => undefined)
          // Only now, while the next one is waited for already: what came while nobody was reading is found by this very look.
          if (isDue) yield undefined
          isDue = (await next) !== null
          if (!isDue) continue
          await gap
          gap = pause(GAP_MS, signal).catch(() => undefined)
        }
      } finally {
        end()
      }
    },
  }
}

/** Connects at once; the connection ends with the signal. @example await redisTeller(place, signal).tell() */
export function redisTeller(place: RedisPlace, signal: AbortSignal): Teller {
  const { client, failing } = connectTo(place, signal)
  const connected = failing(() => client.connect())
  connected.catch(() => undefined)
  return {
    location: place.location,
    tell: async () => {
      await connected
      await failing(() => client.xadd(place.stream, 'MAXLEN', '~', KEPT, '*', 'prov', 'hint'))
    },
  }
}

function connectTo(place: RedisPlace, signal: AbortSignal) {
  const { location } = place
  let last: Error | undefined
  const client = new Redis({
    ...redisOptions(place),
    disconnectTimeout: 50,
    commandTimeout: 2 * BLOCK_MS,
    retryStrategy: () => null,
  })
  client.on('error', (error: Error) => {
    last = error
  })
  boundAnswers(client, MOST_BYTES, (error) => {
    last = error
  })
  const end = (): void => {
    signal.removeEventListener('abort', end)
    client.disconnect()
    // The client would wait for the server to say good-bye.
    client.stream?.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      const error = redisFailure(isBroken(thrown) ? (last ?? thrown) : thrown, location)
      if (!(error instanceof ProvError)) throw error
      const hint = error.code === 'denied' ? 'see wake.redis.password-file' : undefined
      throw new ProvError(error.code, error.message, { location, hint, cause: error })
    }
  }
  return { client, failing, end }
}
