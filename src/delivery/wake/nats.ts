/**
 * NATS JetStream. A durable consumer for each worker and what it serves, which is given the headers of messages only, and acknowledged by the server
 * as it gives them. The packages are not in prov's own bundle: who uses NATS installs them too.
 */
import { createHash } from 'node:crypto'
import { createConnection } from 'node:net'
import { type ErrorCode, ProvError } from '../../errors.ts'
import { connectionFailure, networkCode, shortMessage } from '../../platform/http/network-error.ts'
import { isOneFile } from '../../platform/one-file.ts'
import type { Hint, NatsPlace, Teller, Transport } from './wake.ts'

const CONNECT_MS = 5000
const TELL_MS = 200
/** Messages without their content that are held in memory at one time, at most. */
const HELD = 100
/** A consumer of a worker that is gone is removed by the server. */
const FORGOTTEN_NS = 3_600_000_000_000

type Client = typeof import('@nats-io/transport-node')

/** Throws `not_supported` where the packages are not installed. @example await natsTransport(place, 'machine-1/oci,gcs') */
export async function natsTransport(place: NatsPlace, reader: string): Promise<Transport> {
  const [client, { AckPolicy, DeliverPolicy, jetstream, jetstreamManager }] = await installed()
  const name = `prov-${createHash('sha256').update(reader).digest('hex').slice(0, 16)}`
  const { subject, location } = place
  return {
    name: 'nats',
    location,
    async *hints(signal): AsyncGenerator<Hint> {
      const { connection, end } = await connectTo(client, place, signal).catch((thrown: unknown) => {
        throw failure(thrown, place)
      })
      try {
        const manager = await jetstreamManager(connection)
        const stream = await manager.streams.find(subject)
        await manager.consumers.add(stream, {
          durable_name: name,
          filter_subject: subject,
          ack_policy: AckPolicy.None,
          deliver_policy: DeliverPolicy.New,
          headers_only: true,
          inactive_threshold: FORGOTTEN_NS,
        })
        const consumer = await jetstream(connection).consumers.get(stream, name)
        const messages = await consumer.consume({ max_messages: HELD, abort_on_missing_resource: true })
        // Some losses are told to the connection alone.
        void connection.closed().then(() => messages.stop())
        yield undefined
        for await (const _message of messages) yield undefined
        const why = await Promise.race([connection.closed(), new Promise((resolve) => setTimeout(resolve, 100))])
        if (why instanceof Error) throw why
      } catch (thrown) {
        throw failure(thrown, place)
      } finally {
        await end()
      }
    },
  }
}

/**
 * The connection ends with the signal. The client cannot be kept from waiting for a server, so it begins only with `tell`, and for so long at most.
 * Throws as {@link natsTransport} does.
 *
 * @example await (await natsTeller(place, signal)).tell()
 */
export async function natsTeller(place: NatsPlace, signal: AbortSignal): Promise<Teller> {
  const [client] = await installed()
  return {
    location: place.location,
    tell: async () => {
      const { connection } = await connectTo(client, place, signal, TELL_MS)
      connection.publish(place.subject)
      await connection.flush()
    },
  }
}

async function installed(): Promise<[Client, typeof import('@nats-io/jetstream')]> {
  try {
    return await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')])
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const packages = '@nats-io/transport-node @nats-io/jetstream'
    throw new ProvError('not_supported', 'the client of NATS is not installed beside prov', {
      hint: isOneFile()
        ? `this prov is one file; install the package instead: npm install prov ${packages}`
        : `npm install ${packages}`,
      cause,
    })
  }
}

async function connectTo({ connect }: Client, place: NatsPlace, signal: AbortSignal, timeout = CONNECT_MS) {
  const { host, port, username, password, isTls, ca } = place
  const user = username === '' ? {} : { user: username }
  const secret = password === undefined ? {} : username === '' ? { token: password } : { pass: password }
  await greeted(place, timeout, signal)
  const connection = await connect({
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    name: 'prov',
    timeout,
    reconnect: false,
    pingInterval: CONNECT_MS,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
    ...user,
    ...secret,
    ...(isTls || ca !== undefined ? { tls: ca === undefined ? {} : { ca } } : {}),
  })
  const end = async (): Promise<void> => {
    signal.removeEventListener('abort', onAbort)
    await connection.close()
  }
  const onAbort = (): void => void end().catch(() => undefined)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return { connection, end }
}

/** The client never gives up a server that takes the connection and is silent: whether this one greets is seen before. */
function greeted({ host, port, location }: NatsPlace, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port })
    const late = (): void => {
      socket.destroy(new ProvError('timed_out', 'NATS did not answer in time', { location }))
    }
    const timer = setTimeout(late, ms)
    signal.addEventListener('abort', late, { once: true })
    if (signal.aborted) late()
    socket.once('data', () => {
      resolve()
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', late)
      reject(new ProvError('unreachable', 'NATS ended the connection', { location }))
    })
  })
}

function failure(thrown: unknown, { subject, location }: NatsPlace): unknown {
  if (!(thrown instanceof Error) || thrown instanceof ProvError) return thrown
  const details = { location, cause: thrown }
  const code: ErrorCode | undefined = networkCode(thrown) ?? networkCode(thrown.cause)
  if (code !== undefined) return new ProvError(code, connectionFailure('NATS', thrown.cause ?? thrown), details)
  if (/no stream matches subject/i.test(thrown.message)) {
    const hint = `nats stream add prov --subjects=${subject}`
    return new ProvError('target_unwritable', `no stream of NATS takes the subject ${subject}`, { ...details, hint })
  }
  if (/authori[sz]ation|permissions? violation|authentication/i.test(thrown.message)) {
    return new ProvError('denied', `NATS: ${shortMessage(thrown.message)}`, details)
  }
  return new ProvError('server_error', `NATS: ${shortMessage(thrown.message)}`, details)
}
