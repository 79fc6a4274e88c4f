/**
 * Verdicts behind the state API of a Dapr sidecar, over HTTP (docs.dapr.io/reference/api/state_api): GET and DELETE of
 * `/v1.0/state/STORE/KEY`, POST of a list to `/v1.0/state/STORE`. A value is kept as JSON text, here base64 of its bytes.
 */
import { ProvError } from '../errors.ts'
import { createHttp } from '../platform/http/client.ts'
import type { HttpContext } from '../platform/http/context.ts'
import type { HttpResponse } from '../platform/http/exchange.ts'
import { codeOfStatus } from '../platform/http/status-code.ts'
import { MOST_VALUE_BYTES, type Provider } from './cache.ts'

export interface DaprPlace {
  /** `http://HOST:PORT`, without a slash at its end. */
  readonly base: string
  /** Name of the state store's component. */
  readonly store: string
  /** Longest time of one request, in milliseconds. */
  readonly budgetMs: number
}

/** Base64 and its quotes. */
const MOST_ANSWER_BYTES = Math.ceil(MOST_VALUE_BYTES / 3) * 4 + 1024

/** @example const provider = daprProvider({ base: 'http://127.0.0.1:3500', store: 'verdicts', budgetMs: 50 }, context) */
export function daprProvider({ base, store, budgetMs }: DaprPlace, context: HttpContext): Provider {
  const http = createHttp({
    connectMs: budgetMs,
    requestMs: budgetMs,
    attempts: 1,
    budget: 0,
    baseDelayMs: 0,
    maxDelayMs: 0,
    maxRedirects: 0,
    env: context.env,
    refusal: (answer) => refused(answer, base),
    now: () => context.now(),
    random: (size) => context.random(size),
    debug: (line) => context.debug(line),
  })
  const token = context.env['DAPR_API_TOKEN']
  const path = `${base}/v1.0/state/${store}`

  async function send(method: 'GET' | 'POST' | 'DELETE', url: string, signal: AbortSignal, body?: Uint8Array) {
    const answer = await http.once({
      method,
      url: new URL(url),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { 'dapr-api-token': token } : {}),
      },
      body,
      maxBytes: MOST_ANSWER_BYTES,
      signal,
      where: { operation: 'ask the cache', location: base },
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw refused(answer, base)
  }

  return {
    name: 'dapr',
    async get(key, signal) {
      const answer = await send('GET', `${path}/${encodeURIComponent(key)}`, signal)
      // 204, or nothing in it: there is no such key.
      return answer.status === 204 || answer.body.length === 0 ? undefined : bytesIn(answer.body)
    },
    async set(key, value, ttlMs, signal) {
      const seconds = Math.floor(ttlMs / 1000)
      if (seconds < 1) return // 0 means for ever
      const metadata = { ttlInSeconds: String(seconds) }
      const item = { key, value: Buffer.from(value).toString('base64'), metadata }
      await send('POST', path, signal, Buffer.from(JSON.stringify([item])))
    },
    async delete(key, signal) {
      await send('DELETE', `${path}/${encodeURIComponent(key)}`, signal)
    },
    close: async () => http.close(),
  }
}

/** What is not base64 in JSON was not written by prov: it is handed on as it is, and its seal will not hold. */
function bytesIn(body: Uint8Array): Uint8Array {
  try {
    const said: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof said === 'string') return Buffer.from(said, 'base64')
  } catch {}
  return body
}

function refused({ status }: HttpResponse, location: string): ProvError {
  const hint = status === 400 ? 'the state store is not configured in that sidecar, or its name is another' : undefined
  return new ProvError(codeOfStatus(status, {}), `the Dapr sidecar answered ${status}`, { location, hint })
}
