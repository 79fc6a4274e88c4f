/**
 * The HTTP client under everything of prov that speaks HTTP: proxies, trusted certificates, deadlines, bounds, tries again within a budget,
 * redirects followed by hand. It knows no credentials, and lets none that a request carries go to another host.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProvError } from '../../errors.ts'
import { jittered } from '../async/jitter.ts'
import { isForbidden, isLoopback } from './addresses.ts'
import { type AgentsOptions, createAgents, type TlsOptions } from './agents.ts'
import {
  type Exchange,
  type ExchangeOptions,
  type ExchangeResult,
  exchange,
  failure,
  type HttpAnswer,
  type HttpResponse,
  open,
  type Route,
} from './exchange.ts'
import { quote } from './network-error.ts'
import type { Pace } from './pace.ts'
import { retryAfterMs } from './retry-after.ts'
import { certificateHint } from './roots.ts'
import { type HttpStream, pieces, type StreamLimits } from './stream.ts'

export interface HttpOptions extends AgentsOptions {
  readonly connectMs: number
  readonly requestMs: number
  /** Tries of one request, the first included. */
  readonly attempts: number
  /** Retries that may be spent in a row over all requests; each success earns a tenth back. */
  readonly budget: number
  readonly baseDelayMs: number
  /** A wait that the server asks for is honoured up to this; a longer one ends the request. */
  readonly maxDelayMs: number
  /** Redirects that are followed. Default 5; with 0 a redirect is an answer like any other. */
  readonly maxRedirects?: number
  /** Certificates, where a request says nothing else. Called for every https request, so it should remember. */
  readonly tls?: (() => Promise<TlsOptions>) | undefined
  /** Of a process that asks for long; absent: each request is sent at once. */
  readonly pace?: Pace | undefined
  /** What else to do about a certificate that is not trusted, beside {@link certificateHint}. */
  readonly tlsHint?: string | undefined
  /** The error that an answer of 408, 429 or 5xx is, when it does not heal. */
  refusal(answer: HttpResponse, where: Exchange['where']): ProvError
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}

export interface HttpRequest extends Exchange {
  /**
   * `safe`: repeating does no harm. `unsent`: repeated only when the server cannot have acted on it, for writes whose
   * premise may be stale by then.
   */
  readonly repeat: 'safe' | 'unsent'
  /** The body holds a secret: a redirect to another host is refused. */
  readonly secretBody?: boolean
  /** Replaces {@link HttpOptions.refusal}. */
  readonly refusal?: HttpOptions['refusal']
  readonly tls?: TlsOptions | undefined
}

export interface Http {
  /**
   * The final answer, whatever its status; but 408, 429 and 5xx other than 501, when they do not heal, are thrown as what `refusal`
   * makes of them. Also throws what {@link exchange} names, `config_invalid` for a proxy that cannot be used, and `response_invalid`
   * and `host_refused` for redirects that are not followed.
   */
  send(request: HttpRequest): Promise<HttpResponse>
  /** The same, with the body as a stream once the headers are there: `requestMs` ends with them. */
  stream(request: HttpRequest, limits: StreamLimits): Promise<HttpStream>
  /** One try, no redirect followed, and any status is an answer. */
  once(request: Exchange): Promise<HttpResponse>
  close(): void
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
/** What another host may see of a request that was not meant for it. */
const HARMLESS: readonly string[] = ['accept', 'accept-encoding', 'content-type', 'range', 'user-agent']

/** One way to send a request: whole or as a stream. */
type Send<T extends HttpAnswer> = (request: Exchange, options: ExchangeOptions) => Promise<ExchangeResult<T>>

/** @example const http = createHttp(options); await http.send(request) */
export function createHttp(options: HttpOptions): Http {
  const agents = createAgents(options)
  const tlsHint = (): string => [options.tlsHint, certificateHint(options.env)].filter(Boolean).join('; ')
  let budget = options.budget

  async function bare<T extends HttpAnswer>(
    request: Omit<HttpRequest, 'repeat'>,
    send: Send<T>,
  ): Promise<ExchangeResult<T>> {
    const { url, where } = request
    const { connectMs, requestMs } = options
    const route = async (): Promise<Route> => {
      const tls = url.protocol === 'https:' ? (request.tls ?? (await options.tls?.())) : undefined
      return agents.route(url, tls ?? {}, where)
    }
    await options.pace?.turn(url.host, request.signal)
    const outcome = await send(request, { route, connectMs, requestMs, tlsHint })
    const rest = outcome.response === undefined ? undefined : restOf(outcome.response, options.now())
    if (rest !== undefined) options.pace?.asked(url.host, rest)
    options.debug(`${request.method} ${url.origin}${url.pathname} ${outcome.error?.code ?? outcome.response?.status}`)
    return outcome
  }

  async function attempt<T extends HttpAnswer>(request: HttpRequest, send: Send<T>): Promise<ExchangeResult<T>> {
    const outcome = await bare(request, send)
    const { response } = outcome
    if (response === undefined || !mayHeal(response.status)) return outcome
    // 408, 429 and 503 are said before anything is done; after any other 5xx nobody knows.
    const sent = ![408, 429, 503].includes(response.status)
    const body = 'body' in response && response.body instanceof Uint8Array ? response.body : new Uint8Array()
    const error = (request.refusal ?? options.refusal)({ ...response, body }, request.where)
    return { error, heals: error.retryable, sent }
  }

  async function resend<T extends HttpAnswer>(request: HttpRequest, send: Send<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const outcome = await attempt(request, send)
      if (outcome.error === undefined) {
        budget = Math.min(options.budget, budget + 0.1)
        return outcome.response
      }
      const { error, heals, sent } = outcome
      const limit = error.code === 'timed_out' ? Math.min(2, options.attempts) : options.attempts
      const again = heals && tries < limit && budget >= 1 && (request.repeat === 'safe' || !sent)
      const wait = again ? delay(error, tries, options) : undefined
      if (wait === undefined) throw error
      budget -= 1
      const seconds = (wait / 1000).toFixed(1)
      options.debug(
        `${new Date().toISOString().slice(11, 19)} try ${tries} failed: ${error.code}: ${error.message}; next try in ${seconds} s`,
      )
      await sleep(wait, undefined, { signal: request.signal }).catch(() => {
        throw failure(request, 'aborted', `stopped while waiting to try again after: ${error.message}`, {
          cause: error,
        })
      })
    }
  }

  async function follow<T extends HttpAnswer>(request: HttpRequest, send: Send<T>): Promise<T> {
    const { maxRedirects = 5 } = options
    let hop = request
    for (let count = 0; ; count++) {
      const response = await resend(hop, send)
      const target = response.headers.location
      if (maxRedirects === 0 || !REDIRECTS.includes(response.status) || target === undefined) return response
      if (count === maxRedirects) throw failure(request, 'response_invalid', `more than ${maxRedirects} redirects`)
      hop = redirected(hop, response.status, target)
    }
  }

  return {
    send: (request) => follow(request, exchange),
    stream: (request, limits) =>
      follow(request, (job, how) =>
        open(job, how, (message, answer, settle) => {
          if (REDIRECTS.includes(answer.status) || mayHeal(answer.status)) message.resume()
          settle({ response: { ...answer, body: pieces(message, job, limits) } })
        }),
      ),
    async once(request) {
      const outcome = await bare(request, exchange)
      if (outcome.error !== undefined) throw outcome.error
      return outcome.response
    },
    close: agents.close,
  }
}

/** How long the host asks to be left alone: a limit of its own, or a failure that it sees the end of. */
function restOf({ status, headers }: HttpAnswer, now: number): number | undefined {
  return status === 429 || status === 503 ? retryAfterMs(headers['retry-after'], now) : undefined
}

/** 501 is final: a server does not learn a method between two tries. */
function mayHeal(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501)
}

/** How long to wait before the next try; undefined when the server asks for too long a wait. */
function delay(error: ProvError, tries: number, options: HttpOptions): number | undefined {
  const backoff = jittered(Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (tries - 1)), options.random)
  const asked = error.retryAfterMs
  if (asked === undefined) return backoff
  return asked > options.maxDelayMs ? undefined : Math.max(asked, backoff)
}

function redirected(request: HttpRequest, status: number, target: string): HttpRequest {
  const { url } = request
  const next = URL.parse(target, url.href)
  if (next === null) throw failure(request, 'response_invalid', `${url.host} redirects to what is not a URL`)
  checkTarget(url, next, request.where)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isRead && status !== 307 && status !== 308) {
    throw failure(request, 'response_invalid', `${url.host} answered a write with redirect ${status}`)
  }
  if (next.origin === url.origin) return { ...request, url: next }
  if (request.secretBody === true) {
    throw failure(request, 'host_refused', `${url.host} redirects credentials to ${quote(next.host)}`, {
      hint: 'credentials are sent to the host that asked for them, and to no other',
    })
  }
  // A certificate of the client is a credential as well.
  const { tls, ...rest } = request
  return { ...rest, url: next, headers: withoutCredentials(request.headers) }
}

/**
 * Where a server may send us: never from https to http, never to a forbidden address, and to the loopback interface only
 * from there. Throws `response_invalid` or `host_refused`.
 *
 * @example checkTarget(asked, new URL(location), where)
 */
export function checkTarget(from: URL, to: URL, where: Exchange['where']): void {
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    throw failure({ where }, 'response_invalid', `${from.host} redirects to a URL that is not http`)
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw failure({ where }, 'response_invalid', `${from.host} redirects from https to http`)
  if (isForbidden(to.hostname) || (isLoopback(to.hostname) && !isLoopback(from.hostname))) {
    throw failure({ where }, 'host_refused', `${from.host} redirects to ${quote(to.hostname)}, which prov refuses`)
  }
}

function withoutCredentials(headers: Exchange['headers']): Exchange['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.includes(name.toLowerCase())))
}
