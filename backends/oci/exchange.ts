/** One HTTP exchange: bounded in time and size, guarded against forbidden addresses. Knows nothing of registries. */
import { lookup as resolve } from 'node:dns'
import { type Agent, type ClientRequest, type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import type { LookupFunction, Socket } from 'node:net'
import type { ProvError } from '../../src/errors.ts'
import { failure, quote, type Where } from './failure.ts'
import { isForbidden } from './registry/hosts.ts'

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'

export interface Exchange {
  readonly method: Method
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** Largest answer that is read, in bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly where: Where
}

export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** Where the answer came from, after redirects. */
  readonly url: URL
}

/** `heals`: trying again can help. `sent`: the server may have acted on the request. */
export type Outcome =
  | { readonly response: HttpResponse; readonly error?: never }
  | { readonly error: ProvError; readonly heals: boolean; readonly sent: boolean; readonly response?: never }

export interface ExchangeOptions {
  readonly connectMs: number
  /** From the first byte sent to the last byte read. */
  readonly requestMs: number
  readonly agent: Agent
  /** The agent goes through a proxy, which resolves names itself. */
  readonly proxied: boolean
}

/**
 * Sends one request and reads the whole answer. Never throws: what went wrong is in the outcome, as `unreachable`,
 * `timed_out`, `response_too_large`, `response_invalid`, `host_refused` or `aborted`. Statuses are not judged here.
 *
 * @example const { response, error } = await exchange({ method: 'GET', url, headers: {}, maxBytes: 4096, signal, where }, options)
 */
export async function exchange(job: Exchange, options: ExchangeOptions): Promise<Outcome> {
  const { signal, where } = job
  if (isForbidden(job.url.hostname)) return lost(hostRefused(job.url.hostname, where), false, false)
  const send = job.url.protocol === 'https:' ? (await import('node:https')).request : plainRequest
  return new Promise((done) => {
    let sent = false
    const timers: NodeJS.Timeout[] = []
    const finish = (outcome: Outcome) => {
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      done(outcome)
      if (outcome.error !== undefined) call?.destroy()
    }
    const onAbort = () =>
      finish(lost(failure('aborted', 'stopped before the registry had answered', where), false, sent))
    const expire = (ms: number, message: string) => {
      const timer = setTimeout(() => finish(lost(failure('timed_out', message, where), true, sent)), ms)
      timers.push(timer)
      return timer
    }

    let call: ClientRequest | undefined
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    expire(options.requestMs, `no complete answer within ${options.requestMs} ms`)
    const length = job.body === undefined ? {} : { 'content-length': String(job.body.length) }
    call = send(job.url, {
      method: job.method,
      headers: { 'accept-encoding': 'identity', ...job.headers, ...length },
      agent: options.agent,
      ...(options.proxied ? {} : { lookup: guardedLookup }),
    })
    const current = call
    current.on('socket', (socket) => {
      if (isConnected(current, socket)) return
      const timer = expire(options.connectMs, `no connection within ${options.connectMs} ms`)
      const connected = () => clearTimeout(timer)
      socket.once(job.url.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
    })
    current.on('finish', () => {
      sent = true
    })
    current.on('error', (cause: NodeJS.ErrnoException) => finish(transportFailure(cause, current, sent, job)))
    current.on('response', (message) => {
      const chunks: Buffer[] = []
      let size = 0
      const tooLarge = () =>
        finish(lost(failure('response_too_large', `the answer is over ${job.maxBytes} bytes`, where), false, true))
      if (job.method !== 'HEAD' && Number(message.headers['content-length'] ?? 0) > job.maxBytes) return tooLarge()
      message.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > job.maxBytes) tooLarge()
        else chunks.push(chunk)
      })
      message.on('error', () =>
        finish(lost(failure('unreachable', 'the connection broke off in mid-answer', where), true, true)),
      )
      message.on('end', () => {
        const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
        finish({ response: { status: message.statusCode ?? 0, headers: message.headers, body, url: job.url } })
      })
    })
    current.end(job.body)
  })
}

function lost(error: ProvError, heals: boolean, sent: boolean): Outcome {
  return { error, heals, sent }
}

function hostRefused(host: string, where: Where): ProvError {
  const hint = 'link-local and metadata addresses are never contacted'
  return failure('host_refused', `${quote(host)} is an address that prov refuses`, where, { hint })
}

function isConnected(call: ClientRequest, socket: Socket & { readonly secureConnecting?: boolean }): boolean {
  return call.reusedSocket || (!socket.connecting && socket.secureConnecting !== true)
}

/** A name may resolve to a forbidden address only at this very moment, so it is checked where the address is used. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, options, (error, address, family) => {
    const all = typeof address === 'string' ? [address] : (address ?? []).map((item) => item.address)
    if (error === null && all.some(isForbidden)) {
      callback(Object.assign(new Error('forbidden address'), { code: 'PROV_FORBIDDEN' }), address, family)
    } else callback(error, address, family)
  })
}

function transportFailure(cause: NodeJS.ErrnoException, call: ClientRequest, sent: boolean, job: Exchange): Outcome {
  const { where } = job
  const code = cause.code ?? ''
  if (code === 'PROV_FORBIDDEN') return lost(hostRefused(job.url.hostname, where), false, false)
  if (code.startsWith('HPE_'))
    return lost(failure('response_invalid', `the answer is no HTTP (${code})`, where), false, sent)
  if (call.reusedSocket && code === 'ECONNRESET') {
    // The server closed an idle connection just as it was used again: it has not seen the request.
    return lost(failure('unreachable', 'the connection was closed', where), true, false)
  }
  const refused = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
  const tls = /CERT|SELF_SIGNED|TLS|SSL|EPROTO|UNABLE_TO/.test(code)
  const hint = tls
    ? 'check the certificate authority (storage.oci.ca-file), or storage.oci.repository.insecure for a registry without TLS'
    : undefined
  const message = `the registry could not be reached: ${quote(code === '' ? cause.message : code)}`
  return lost(failure('unreachable', message, where, { hint }), !tls && code !== 'ENOTFOUND', sent && !refused && !tls)
}
