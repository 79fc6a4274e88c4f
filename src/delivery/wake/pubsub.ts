/**
 * Google Pub/Sub over its JSON API, through prov's own HTTP client: proxies, certificates and an end at once are those of every other request.
 * Lazily imported.
 */
import { Agent } from 'node:http'
import { GoogleAuth } from 'google-auth-library'
import { ProvError } from '../../errors.ts'
import type { HttpContext } from '../../platform/http/context.ts'
import { fetchThrough } from '../../platform/http/fetch.ts'
import { singleTry } from '../../platform/http/single.ts'
import { codeOfStatus } from '../../platform/http/status-code.ts'
import { isRecord } from '../../platform/text/guards.ts'
import type { Hint, ObjectHint, PubsubPlace, Teller, Transport } from './wake.ts'

/** An empty answer comes after a minute and a half at the service. */
const PULL_MS = 120_000
const SHORT_MS = 10_000
/** Messages of one answer; one alone, once an answer was too long: a message has 10 MB at most. */
const MOST_MESSAGES = 50
const MOST_BYTES = 16 * 1024 * 1024
/** Names of objects have so many at most, in bytes. */
const MOST_NAME = 1024
/** Between two answers, whatever they hold. */
const GAP_MS = 100

/** @example pubsubTransport(place, context).hints(signal) */
export function pubsubTransport({ resource, location }: PubsubPlace, context: HttpContext): Transport {
  return {
    name: 'pubsub',
    location,
    async *hints(signal): AsyncGenerator<Hint> {
      const service = serviceOf(resource, location, context)
      let most = MOST_MESSAGES
      try {
        // Says what keeps it from being read before anybody waits for long.
        await service.call('acknowledge', { ackIds: ['prov'] }, signal, [400])
        yield undefined
        while (!signal.aborted) {
          const messages = await service
            .call('pull', { maxMessages: most }, signal)
            .then(messagesIn, (thrown: unknown) => {
              if (!(thrown instanceof ProvError) || thrown.code !== 'response_too_large' || most === 1) throw thrown
              most = 1
              return undefined
            })
          const acknowledge = async (ackIds: readonly string[]): Promise<void> => {
            if (ackIds.length > 0) await service.call('acknowledge', { ackIds }, signal)
          }
          const { hints = [], others = [], objects = [] } = messages ?? {}
          await acknowledge([...hints, ...others])
          if (hints.length > 0) yield undefined
          for (const { ackId, ...object } of objects) yield { ...object, done: () => acknowledge([ackId]) }
          await new Promise((resolve) => setTimeout(resolve, GAP_MS))
        }
      } finally {
        service.close()
      }
    },
  }
}

/** Logs in at once. @example await pubsubTeller(place, context, signal).tell() */
export function pubsubTeller({ resource, location }: PubsubPlace, context: HttpContext, signal: AbortSignal): Teller {
  const service = serviceOf(resource, location, context)
  signal.addEventListener('abort', service.close, { once: true })
  void service.logIn().catch(() => undefined)
  return {
    location,
    tell: async () => {
      await service.call('publish', { messages: [{ attributes: { prov: 'hint' } }] }, signal)
    },
  }
}

function serviceOf(resource: string, location: string, context: HttpContext) {
  const emulator = context.env['PUBSUB_EMULATOR_HOST'] || undefined
  const base = emulator === undefined ? 'https://pubsub.googleapis.com' : `http://${emulator}`
  const [pulls, others] = [singleTry(context, PULL_MS), singleTry(context, SHORT_MS)]
  let auth: GoogleAuth | undefined
  /** An emulator wants no credentials. */
  const logIn = async (): Promise<Readonly<Record<string, string>>> => {
    if (emulator !== undefined) return {}
    const fetchImplementation = fetchThrough(context, { operation: 'log in' })
    // An agent keeps the library from choosing a proxy by rules of its own; the requests never get to it.
    const clientOptions = { transporterOptions: { fetchImplementation, agent: new Agent() } }
    const keyFile = context.env['GOOGLE_APPLICATION_CREDENTIALS'] || undefined
    auth ??= new GoogleAuth({
      scopes: ['https://www.googleapis.com/auth/pubsub'],
      clientOptions,
      ...(keyFile === undefined ? {} : { keyFile }),
    })
    try {
      return { authorization: (await auth.getRequestHeaders()).get('authorization') ?? '' }
    } catch (cause) {
      const hint = 'set GOOGLE_APPLICATION_CREDENTIALS'
      throw new ProvError('denied', "no credentials for Pub/Sub: Google's default ones cannot be used", { hint, cause })
    }
  }
  return {
    logIn,
    call: async (verb: string, body: unknown, signal: AbortSignal, expects: readonly number[] = []) => {
      const where = { operation: verb, location }
      const answer = await (verb === 'pull' ? pulls : others).once({
        method: 'POST',
        url: new URL(`${base}/v1/${resource}:${verb}`),
        headers: { 'content-type': 'application/json', ...(await logIn()) },
        body: Buffer.from(JSON.stringify(body)),
        maxBytes: MOST_BYTES,
        signal,
        where,
      })
      if (answer.status === 200 || expects.includes(answer.status)) return answer.body
      const code = codeOfStatus(answer.status, { 404: 'target_unwritable' })
      const message = code === 'target_unwritable' ? `${resource} does not exist` : `Pub/Sub answered ${answer.status}`
      throw new ProvError(code, message, where)
    },
    close: () => {
      pulls.close()
      others.close()
    },
  }
}

/** By what the messages of an answer are acknowledged. */
interface Messages {
  readonly hints: readonly string[]
  /** About an object that was not written: deleted, or only its metadata changed. */
  readonly others: readonly string[]
  readonly objects: readonly (Omit<ObjectHint, 'done'> & { readonly ackId: string })[]
}

/**
 * Of a message about an object the names and the time at which Pub/Sub took it in, of any other nothing at all. The attributes are those of
 * https://cloud.google.com/storage/docs/pubsub-notifications.
 */
function messagesIn(body: Uint8Array): Messages {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {}
  if (!isRecord(json)) throw new ProvError('response_invalid', 'Pub/Sub did not answer with JSON')
  const received = Array.isArray(json['receivedMessages']) ? json['receivedMessages'] : []
  const [hints, others, objects]: [string[], string[], Messages['objects'][number][]] = [[], [], []]
  for (const one of received) {
    if (!isRecord(one) || typeof one['ackId'] !== 'string') continue
    const ackId = one['ackId']
    const message = isRecord(one['message']) ? one['message'] : {}
    const {
      bucketId: bucket,
      objectId: object,
      eventType,
    } = isRecord(message['attributes']) ? message['attributes'] : {}
    const isNamed = typeof bucket === 'string' && typeof object === 'string'
    if (!isNamed) hints.push(ackId)
    else if (eventType !== 'OBJECT_FINALIZE' || object.length > MOST_NAME) others.push(ackId)
    else objects.push({ ackId, bucket, object, at: Date.parse(String(message['publishTime'])) || 0 })
  }
  return { hints, others, objects }
}
