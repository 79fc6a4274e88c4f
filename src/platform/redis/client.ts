/** What each connection of prov's to a Redis has in common: nothing waits in a queue, nothing is sent twice, and no answer is without end. */
import { isIP } from 'node:net'
import type { Redis } from 'ioredis'
import { ProvError } from '../../errors.ts'

/** Which Redis, and how it is spoken to. */
export interface RedisServer {
  readonly host: string
  readonly port: number
  readonly database: number
  /** Empty: Redis' own default. */
  readonly username: string
  readonly password?: string | undefined
  readonly isTls: boolean
  /** PEM certificates that the server's has to be signed by. */
  readonly ca?: string | undefined
}

const CONNECT_MS = 5_000

/** @example new ioredis.Redis({ ...redisOptions(server), commandTimeout: 10_000, retryStrategy: () => null }) */
export function redisOptions({ host, port, database, username, password, isTls, ca }: RedisServer) {
  return {
    host,
    port,
    db: database,
    ...(username === '' ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // RFC 6066 3: a server is asked for by a name, never by an address.
    ...(isTls
      ? { tls: { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) } }
      : {}),
    lazyConnect: true,
    protocol: 2 as const,
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS,
  }
}

/**
 * Ends the connection when more comes in than was asked for. With each new request the count starts anew.
 *
 * @example boundAnswers(client, 64 * 1024 * 1024, (error) => { last = error })
 */
export function boundAnswers(client: Redis, most: number, tell: (error: Error) => void): void {
  client.on('connect', () => {
    let bytes = 0
    const { stream } = client
    stream.on('data', (part: Uint8Array) => {
      bytes += part.length
      if (bytes <= most) return
      tell(new ProvError('response_too_large', `Redis answered more than ${most} bytes at once`))
      stream.destroy()
    })
    const { write } = stream
    stream.write = ((...args: Parameters<typeof write>) => {
      bytes = 0
      return Reflect.apply(write, stream, args)
    }) as typeof write
  })
}

/** True for what the client says once a connection has ended: why it ended was said before. */
export function isBroken(thrown: unknown): boolean {
  return thrown instanceof Error && /Connection is closed|Stream isn't writeable|max retries/i.test(thrown.message)
}
