/** Google Pub/Sub. Lazily imported: the client is paid for only where it is used. */
import { type ClientConfig, PubSub } from '@google-cloud/pubsub'
import { GoogleAuth, PassThroughClient } from 'google-auth-library'
import { type ErrorCode, ProvError } from '../../src/errors.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { connectionFailure, networkCode, shortMessage } from '../../src/platform/http/network-error.ts'
import { googleTransport } from '../shared/google-transport.ts'
import { grpcRoute } from '../shared/grpc.ts'
import { unavailable } from '../shared/grpc-failure.ts'
import type { Broker } from './connection.ts'
import { googleMessage } from './layout.ts'
import type { GoogleTarget } from './settings.ts'

/** Numbers of https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'config_invalid', // INVALID_ARGUMENT: no name of a topic; limits are checked before
  4: 'timed_out', // DEADLINE_EXCEEDED
  5: 'target_unwritable', // NOT_FOUND: no such topic
  7: 'denied', // PERMISSION_DENIED
  8: 'throttled', // RESOURCE_EXHAUSTED
  14: 'unreachable', // UNAVAILABLE
  16: 'denied', // UNAUTHENTICATED
}

/**
 * The client connects on the first call. With an emulator no credentials are looked for, so that no metadata server is asked.
 *
 * @example const id = await (await openGoogle(target, context)).publish(entry)
 */
export async function openGoogle(target: GoogleTarget, context: HttpContext): Promise<Broker> {
  const { project, topic, emulator, requestMs } = target
  const how = emulator === undefined ? await proxied(context) : plain(emulator)
  const client = new PubSub({ projectId: project, ...how })
  // One try within the time, one message a request: the core tries again within a budget, and a receipt wants an answer of its own.
  const retry = { retryCodes: [], backoffSettings: backoff(requestMs) }
  const sender = client.topic(topic, { batching: { maxMessages: 1 }, gaxOpts: { timeout: requestMs, retry } })
  return {
    async publish(entry) {
      const { body, attributes } = googleMessage(entry)
      try {
        return await sender.publishMessage({ data: Buffer.from(body), attributes })
      } catch (thrown) {
        throw failure(thrown)
      }
    },
    async hasTopic() {
      try {
        const [there] = await sender.exists()
        return there
      } catch (thrown) {
        throw failure(thrown)
      }
    },
    close: () => client.close(),
  }
}

/** An emulator wants no credentials: without a client of its own the library would look for some on the network, for seconds. */
function plain(emulator: string): ClientConfig {
  const auth = new GoogleAuth({ authClient: new PassThroughClient() })
  return { apiEndpoint: emulator, emulatorMode: true, auth, 'grpc.enable_http_proxy': 0 } as unknown as ClientConfig // the library brings an older GoogleAuth
}

async function proxied(context: HttpContext): Promise<ClientConfig> {
  const route = await grpcRoute('pubsub.googleapis.com', context)
  return { ...route, clientOptions: googleTransport(context, 'pubsub') } as unknown as ClientConfig
}

function backoff(ms: number) {
  return {
    initialRetryDelayMillis: 100,
    retryDelayMultiplier: 1,
    maxRetryDelayMillis: 100,
    initialRpcTimeoutMillis: ms,
    rpcTimeoutMultiplier: 1,
    maxRpcTimeoutMillis: ms,
    totalTimeoutMillis: ms,
  }
}

/** @example failure(Object.assign(new Error('5 NOT_FOUND: …'), { code: 5 })) // target_unwritable */
export function failure(thrown: unknown): unknown {
  if (thrown instanceof ProvError || !(thrown instanceof Error)) return thrown
  const status = 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined
  const network = networkCode(thrown)
  if (network !== undefined) return new ProvError(network, connectionFailure('Pub/Sub', thrown), { cause: thrown })
  if (status === undefined) {
    if (!/credential|metadata|token|key ?file/i.test(thrown.message)) return thrown
    const hint = 'set GOOGLE_APPLICATION_CREDENTIALS'
    return new ProvError('denied', "no credentials for Pub/Sub: Google's default ones cannot be loaded", { hint })
  }
  const code = CODES[status] ?? 'server_error'
  const hint = code === 'target_unwritable' ? 'create the topic' : undefined
  const said = `Pub/Sub answered ${shortMessage(thrown.message)}`
  const message = code === 'unreachable' ? unavailable('Pub/Sub', thrown.message) : said
  return new ProvError(code, message, { cause: thrown, hint })
}
