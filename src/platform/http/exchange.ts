/** One HTTP exchange: bounded in time and size, guarded against forbidden addresses. Judges no status. */
import { lookup as resolve } from 'node:dns'
import { type Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { LookupFunction, Socket } from 'node:net'
import { type ErrorCode, type ErrorDetails, ProvError } from '../../errors.ts'
import { isForbidden } from './addresses.ts'
import { isTlsFailure, networkReason, quote } from './network-error.ts'

/** What was attempted and where, for messages: `get`, `https://r.example/x`. */
export interface Where {
  readonly backend?: string | undefined
  readonly operation: string
  readonly location: string
}

/** Any method of HTTP, in capitals. */
export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS' | (string & {})

export interface Exchange {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | undefined
  /** Largest answer that is read, in bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly where: Where
  /** The user's own credentials name the host: metadata services are allowed, which some log in by. */
  readonly unguarded?: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Where the answer came from, after redirects. */
  readonly url: URL
}

export interface HttpResponse extends HttpAnswer {
  readonly body: Uint8Array
}

/** `heals`: trying again can help. `sent`: the server may have acted on the request. */
export interface Loss {
  readonly error: ProvError
  readonly heals: boolean
  readonly sent: boolean
  readonly response?: never
}

export type ExchangeResult<T extends HttpAnswer> = { readonly response: T; readonly error?: never } | Loss

export interface Route {
  readonly agent: Agent
  /** The proxy that the agent goes through, which resolves names itself. */
  readonly proxy: URL | undefined
}

export interface ExchangeOptions {
  readonly connectMs: number
  /** From the first byte sent to the last byte read; of a stream, to its headers. */
  readonly requestMs: number
  /** The way to the URL; rejects with what makes it impassable. */
  route(): Promise<Route>
  /** What to do about a certificate that is not trusted. */
  tlsHint(): string
}

/** Takes over the answer once its headers are there; `settle` ends the exchange, and the connection where it is a loss. */
export type Receive<T extends HttpAnswer> = (
  message: IncomingMessage,
  answer: HttpAnswer,
  settle: (outcome: ExchangeResult<T>) => void,
) => void

/**
 * Sends one request and reads the whole answer. What went wrong is in the outcome, as `unreachable`,
 * `timed_out`, `response_too_large`, `response_invalid`, `host_refused` or `aborted`; only what `route` rejects with is thrown.
 *
 * @example const { response, error } = await exchange({ method: 'GET', url, headers: {}, maxBytes: 4096, signal, where }, options)
 */
export async function exchange(job: Exchange, options: ExchangeOptions): Promise<ExchangeResult<HttpResponse>> {
  return open(job, options, (message, answer, settle) => {
    const chunks: Buffer[] = []
    let size = 0
    if (job.method !== 'HEAD' && announced(message) > job.maxBytes) return settle(tooLarge(job))
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > job.maxBytes) settle(tooLarge(job))
      else chunks.push(chunk)
    })
    message.on('error', () => settle(brokenOff(job)))
    message.on('end', () => {
      const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
      settle({ response: { ...answer, body } })
    })
  })
}

/**
 * Sends one request and hands the answer to `receive`. Time runs until it settles.
 *
 * @example await open(job, options, (message, answer, settle) => settle({ response: answer }))
 */
export async function open<T extends HttpAnswer>(
  job: Exchange,
  options: ExchangeOptions,
  receive: Receive<T>,
): Promise<ExchangeResult<T>> {
  const { signal } = job
  const guarded = job.unguarded !== true
  if (guarded && isForbidden(job.url.hostname)) return lost(hostRefused(job), false, false)
  const { agent, proxy } = await options.route()
  const send = job.url.protocol === 'https:' ? (await import('node:https')).request : request
  return new Promise((done) => {
    let sent = false
    let call: ClientRequest | undefined
    const timers: NodeJS.Timeout[] = []
    const finish = (outcome: ExchangeResult<T>): void => {
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      done(outcome)
      if (outcome.error !== undefined) call?.destroy()
    }
    const onAbort = (): void =>
      finish(lost(failure(job, 'aborted', `stopped before ${job.url.host} had answered`), false, sent))
    const expire = (ms: number, message: string): NodeJS.Timeout => {
      const timer = setTimeout(() => finish(lost(failure(job, 'timed_out', message), true, sent)), ms)
      timers.push(timer)
      return timer
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    expire(options.requestMs, `${job.url.host} gave no complete answer within ${options.requestMs} ms`)
    const current = send(job.url, {
      method: job.method,
      headers: headersOf(job),
      agent,
      ...(guarded && proxy === undefined ? { lookup: guardedLookup } : {}),
    })
    call = current
    current.on('socket', (socket) => {
      if (isConnected(current, socket)) return
      const timer = expire(options.connectMs, `no connection to ${job.url.host} within ${options.connectMs} ms`)
      const connected = (): void => clearTimeout(timer)
      socket.once(job.url.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
    })
    current.on('finish', () => {
      sent = true
    })
    current.on('error', (cause: NodeJS.ErrnoException) =>
      finish(transportLoss(cause, current, sent, job, { proxy, tlsHint: options.tlsHint })),
    )
    current.on('response', (message) => {
      receive(message, { status: message.statusCode ?? 0, headers: message.headers, url: job.url }, finish)
    })
    current.end(job.body)
  })
}

/** @example throw failure(job, 'timed_out', 'no complete answer in time') */
export function failure(
  { where }: Pick<Exchange, 'where'>,
  code: ErrorCode,
  message: string,
  more: ErrorDetails = {},
): ProvError {
  return new ProvError(code, message, { ...where, ...more })
}

/** @example if (announced(message) > maxBytes) return settle(tooLarge(job)) */
export function announced(message: IncomingMessage): number {
  return Number(message.headers['content-length'] ?? 0)
}

export function tooLarge(job: Exchange): Loss {
  const message = `the answer of ${job.url.host} is over ${job.maxBytes} bytes`
  return lost(failure(job, 'response_too_large', message), false, true)
}

export function brokenOff(job: Exchange): Loss {
  const message = `the connection to ${job.url.host} broke off in the middle of the answer`
  return lost(failure(job, 'unreachable', message), true, true)
}

function lost(error: ProvError, heals: boolean, sent: boolean): Loss {
  return { error, heals, sent }
}

function hostRefused(job: Exchange): ProvError {
  const hint = 'link-local and metadata addresses are never contacted'
  return failure(job, 'host_refused', `${quote(job.url.hostname)} is an address that prov refuses`, { hint })
}

function headersOf({ headers, body }: Exchange): Record<string, string | string[]> {
  const length = body === undefined ? {} : { 'content-length': String(body.length) }
  const plain = Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]])
  return { 'accept-encoding': 'identity', ...Object.fromEntries(plain), ...length }
}

function isConnected(call: ClientRequest, socket: Socket & { readonly secureConnecting?: boolean }): boolean {
  return call.reusedSocket || (!socket.connecting && socket.secureConnecting !== true)
}

/** A name may resolve to a forbidden address only now, so it is checked where the address is used. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, options, (error, address, family) => {
    const all = typeof address === 'string' ? [address] : (address ?? []).map((item) => item.address)
    if (error === null && all.some(isForbidden)) {
      callback(Object.assign(new Error('forbidden address'), { code: 'PROV_FORBIDDEN' }), address, family)
    } else callback(error, address, family)
  })
}

/** Nothing was sent when it failed so. */
const BEFORE: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_PROXY_TUNNEL']

function transportLoss(
  cause: NodeJS.ErrnoException,
  call: ClientRequest,
  sent: boolean,
  job: Exchange,
  { proxy, tlsHint }: Pick<Route, 'proxy'> & Pick<ExchangeOptions, 'tlsHint'>,
): Loss {
  const code = cause.code ?? ''
  const { host } = job.url
  if (code === 'PROV_FORBIDDEN') return lost(hostRefused(job), false, false)
  if (code.startsWith('HPE_')) {
    return lost(failure(job, 'response_invalid', `what ${host} answers is not HTTP (${code})`), false, sent)
  }
  if (call.reusedSocket && code === 'ECONNRESET') {
    // The server closed an idle connection just as it was used again: it has not seen the request.
    return lost(failure(job, 'unreachable', `${host} closed the connection`), true, false)
  }
  const tls = isTlsFailure(cause)
  const reason = networkReason(cause) ?? quote(code === '' ? cause.message : `the connection failed (${code})`)
  const via = proxy === undefined ? '' : ` through the proxy ${proxy.host}`
  const message = `${host} could not be reached${via}: ${reason}`
  const error = failure(job, 'unreachable', message, tls ? { hint: tlsHint() } : {})
  return lost(error, !tls && code !== 'ENOTFOUND', sent && !BEFORE.includes(code) && !tls)
}
