/** HTTP as registries need it: agents, retries within a budget, redirects followed by hand. Knows no credentials. */
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProvError } from '../../src/errors.ts'
import { type Exchange, exchange, type HttpResponse, type Outcome } from './exchange.ts'
import { failure, quote } from './failure.ts'
import { isForbidden, isLoopback } from './registry/hosts.ts'
import { refusal } from './status.ts'

export interface HttpOptions {
  readonly connectMs: number
  readonly requestMs: number
  /** Tries of one request, the first included. */
  readonly attempts: number
  /** Retries that may be spent in a row over all requests; each success earns a tenth back. */
  readonly budget: number
  readonly baseDelayMs: number
  /** A wait that the server asks for is honoured up to this; a longer one ends the request. */
  readonly maxDelayMs: number
  /** Certificates are not verified. */
  readonly insecure: boolean
  /** PEM file with further certificate authorities. */
  readonly caFile: string | undefined
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms are read from here; loopback is never proxied. */
  readonly env: Readonly<Record<string, string | undefined>>
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}

export interface HttpRequest extends Exchange {
  /**
   * `safe`: repeating does no harm. `unsent`: repeated only when the server cannot have acted on it, for writes whose
   * premise may be stale by then (a tag).
   */
  readonly repeat: 'safe' | 'unsent'
}

export interface Http {
  /**
   * The final answer, whatever its status below 500 and other than 429; those, when they do not heal, are thrown as
   * `server_error`, `throttled`. Also throws what {@link exchange} names.
   */
  send(request: HttpRequest): Promise<HttpResponse>
  close(): void
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
const MAX_REDIRECTS = 5

/** @example const http = createHttp(options); await http.send(request) */
export function createHttp(options: HttpOptions): Http {
  const agents = createAgents(options)
  let budget = options.budget

  async function attempt(request: HttpRequest): Promise<Outcome> {
    const { agent, proxied } = await agents.pick(request.url)
    const { connectMs, requestMs } = options
    const outcome = await exchange(request, { agent, proxied, connectMs, requestMs })
    options.debug(
      `${request.method} ${request.url.origin}${request.url.pathname} ${outcome.error?.code ?? outcome.response?.status}`,
    )
    const { response } = outcome
    if (response === undefined || (response.status < 500 && response.status !== 429)) return outcome
    // 429 and 503 are said before anything is done; after any other 5xx nobody knows.
    const sent = response.status !== 429 && response.status !== 503
    return { error: refusal(response, request.where, options.now()), heals: response.status !== 501, sent }
  }

  async function resend(request: HttpRequest): Promise<HttpResponse> {
    for (let tries = 1; ; tries++) {
      const outcome = await attempt(request)
      if (outcome.response !== undefined) {
        budget = Math.min(options.budget, budget + 0.1)
        return outcome.response
      }
      const { error, heals, sent } = outcome
      const limit = error.code === 'timed_out' ? Math.min(2, options.attempts) : options.attempts
      const again = heals && tries < limit && budget >= 1 && (request.repeat === 'safe' || !sent)
      const wait = again ? delay(error, tries, options) : undefined
      if (wait === undefined) throw error
      budget -= 1
      await sleep(wait, undefined, { signal: request.signal }).catch(() => {
        throw failure('aborted', 'stopped while waiting to try again', request.where, { cause: error })
      })
    }
  }

  async function follow(request: HttpRequest): Promise<HttpResponse> {
    let hop = request
    for (let count = 0; ; count++) {
      const response = await resend(hop)
      const target = response.headers.location
      if (!REDIRECTS.includes(response.status) || target === undefined) return response
      if (count === MAX_REDIRECTS)
        throw failure('response_invalid', `more than ${MAX_REDIRECTS} redirects`, request.where)
      hop = redirected(hop, response.status, target)
    }
  }

  return { send: follow, close: agents.close }
}

/** Full jitter, so that writers that collided do not collide again; undefined when the server asks for too long a wait. */
function delay(error: ProvError, tries: number, options: HttpOptions): number | undefined {
  const share = (options.random(1)[0] ?? 0) / 255
  const backoff = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (tries - 1)) * (0.5 + share / 2)
  const asked = error.retryAfterMs
  if (asked === undefined) return backoff
  return asked > options.maxDelayMs ? undefined : Math.max(asked, backoff)
}

function redirected(request: HttpRequest, status: number, target: string): HttpRequest {
  const { url, where } = request
  if (!URL.canParse(target, url.href)) throw failure('response_invalid', 'a redirect to no URL', where)
  const next = new URL(target, url)
  checkTarget(url, next, where)
  const plainRead = request.method === 'GET' || request.method === 'HEAD'
  if (!plainRead && status !== 307 && status !== 308) {
    throw failure('response_invalid', `a write was answered with redirect ${status}`, where)
  }
  const headers = next.origin === url.origin ? request.headers : withoutCredentials(request.headers)
  return { ...request, url: next, headers }
}

/**
 * Where a server may send us: never from https to http, never to a forbidden address, and to the loopback interface only
 * from there. Throws `response_invalid` or `host_refused`.
 *
 * @example checkTarget(registryUrl, new URL(location), where)
 */
export function checkTarget(from: URL, to: URL, where: Exchange['where']): void {
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    throw failure('response_invalid', 'sent to a URL that is not http', where)
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw failure('response_invalid', 'sent from https to http', where)
  if (isForbidden(to.hostname) || (isLoopback(to.hostname) && !isLoopback(from.hostname))) {
    throw failure('host_refused', `the registry sent prov to ${quote(to.hostname)}, which it refuses`, where)
  }
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['authorization', 'cookie'].includes(name.toLowerCase())),
  )
}

interface Agents {
  pick(url: URL): Promise<{ readonly agent: Agent; readonly proxied: boolean }>
  close(): void
}

function createAgents(options: HttpOptions): Agents {
  const made = new Map<string, Promise<Agent>>()
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']
  const proxyEnv = Object.fromEntries(names.flatMap((name) => (options.env[name] ? [[name, options.env[name]]] : [])))
  const hasProxy = Object.keys(proxyEnv).some((name) => !name.toLowerCase().startsWith('no_'))

  async function make(secure: boolean, proxied: boolean): Promise<Agent> {
    if (proxied) checkProxies(proxyEnv)
    const common = { keepAlive: true, maxSockets: 64, ...(proxied ? { proxyEnv } : {}) }
    if (!secure) return new Agent(common)
    const [{ Agent: SecureAgent }, ca] = await Promise.all([import('node:https'), authorities(options.caFile)])
    return new SecureAgent({ ...common, ...ca, rejectUnauthorized: !options.insecure })
  }

  return {
    async pick(url) {
      const proxied = hasProxy && !isLoopback(url.hostname)
      const key = `${url.protocol}${proxied}`
      const agent = made.get(key) ?? make(url.protocol === 'https:', proxied)
      made.set(key, agent)
      return { agent: await agent, proxied }
    },
    close() {
      for (const agent of made.values()) agent.then((a) => a.destroy()).catch(() => undefined)
      made.clear()
    },
  }
}

/** Node ignores a proxy that it does not understand, and would go round it. The value may hold a password. */
function checkProxies(proxyEnv: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value = ''] of Object.entries(proxyEnv)) {
    if (name.toLowerCase() === 'no_proxy' || (/^https?:\/\//i.test(value) && URL.canParse(value))) continue
    throw failure('config_invalid', 'the proxy of the environment is no http URL', {
      operation: 'connect',
      location: name,
    })
  }
}

async function authorities(file: string | undefined): Promise<{ readonly ca?: string[] }> {
  if (file === undefined) return {}
  const where = { operation: 'read', location: file }
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw failure(
      'config_invalid',
      'the file of certificate authorities (storage.oci.ca-file) could not be read',
      where,
      { cause },
    )
  })
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw failure(
      'config_invalid',
      'the file of certificate authorities (storage.oci.ca-file) holds no PEM certificate',
      where,
    )
  }
  const { getCACertificates } = await import('node:tls')
  return { ca: [...getCACertificates('default'), pem] }
}
