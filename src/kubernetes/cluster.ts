/** A Kubernetes API server as prov uses it: JSON in, JSON out, retries within a budget, nothing contacted before the first call. */
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProvError } from '../errors.ts'
import { exchange } from './exchange.ts'
import { type AccessSource, findAccess } from './find.ts'
import type { KubeAccess } from './kubeconfig.ts'
import { type Login, type LoginSource, openLogin, pemOf } from './login.ts'
import { type KubeAnswer, refusal, type Where } from './status.ts'

export interface ClusterOptions extends AccessSource {
  /** Longest time of one request, in milliseconds. */
  readonly timeoutMs: number
  now(): number
  random(size: number): Uint8Array
  debug(line: string): void
}

export interface KubeCall {
  readonly method: 'GET' | 'PATCH'
  /** Path and query, e.g. `/apis/tekton.dev/v1/namespaces/ci/taskruns/build-7x`. */
  readonly path: string
  readonly accept?: string
  /** A merge patch; it must say the resourceVersion that it is meant for, so that sending it twice does no harm. */
  readonly patch?: object
  /** Default 16 MiB. */
  readonly maxBytes?: number
  readonly where: Where
  readonly signal: AbortSignal
}

export interface Cluster {
  /** What the configuration says; nothing is contacted. Throws `config_invalid`. */
  access(): Promise<Pick<KubeAccess, 'server' | 'namespace' | 'context'>>
  /**
   * The JSON object of a successful answer. Other statuses throw what {@link refusal} makes of them, `throttled` and what may heal
   * after some tries; a server that cannot be spoken to, what {@link exchange} throws.
   */
  call(call: KubeCall): Promise<Readonly<Record<string, unknown>>>
  close(): void
}

const MAX_BYTES = 16 * 1024 * 1024
const ATTEMPTS = 3
const BASE_DELAY_MS = 200
/** A wait that the server asks for is honoured up to this; a longer one is the caller's to decide. */
const MAX_WAIT_MS = 5_000

interface Wired {
  readonly access: KubeAccess
  readonly ca: string | undefined
  readonly login: LoginSource
}

/** @example const cluster = openCluster({ kubeconfig, env, timeoutMs: 60_000, now, random, debug }) */
export function openCluster(options: ClusterOptions): Cluster {
  const agents = new Map<string, Agent>()
  let found: Promise<KubeAccess> | undefined
  let wired: Promise<Wired> | undefined
  const access = (): Promise<KubeAccess> => {
    found ??= findAccess(options)
    return found
  }

  async function wire(): Promise<Wired> {
    const known = await access()
    const ca = await pemOf(known.ca)
    return { access: known, ca, login: openLogin(known, { env: options.env, now: options.now, caPem: ca }) }
  }

  async function agentFor({ access: { server, ...tls }, ca }: Wired, login: Login): Promise<Agent> {
    const { certificate: cert, key } = login
    const id = cert ?? ''
    const made = agents.get(id)
    if (made !== undefined) return made
    const proxyEnv = proxies(new URL(server), tls.proxyUrl, options.env)
    const common = { keepAlive: true, maxSockets: 16, ...(proxyEnv === undefined ? {} : { proxyEnv }) }
    const agent = server.startsWith('http:')
      ? new Agent(common)
      : await secureAgent({
          ...common,
          rejectUnauthorized: !tls.insecure,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert, key }),
          ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
        })
    // Of several requests that found none, the first one's counts.
    const first = agents.get(id)
    if (first !== undefined) return first
    agents.set(id, agent)
    return agent
  }

  async function attempt(call: KubeCall, now: Wired): Promise<KubeAnswer> {
    const login = await now.login.next(call.signal)
    const url = new URL(`${now.access.server}${call.path}`)
    refuseToTell(url, login, call.where)
    const agent = await agentFor(now, login)
    const answer = await exchange({
      method: call.method,
      url,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': 'prov',
        ...(call.patch === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
        ...login.headers,
      },
      body: call.patch === undefined ? undefined : Buffer.from(JSON.stringify(call.patch)),
      agent,
      timeoutMs: options.timeoutMs,
      maxBytes: call.maxBytes ?? MAX_BYTES,
      where: call.where,
      signal: call.signal,
    })
    options.debug(`${call.method} ${url.origin}${url.pathname} ${answer.status}`)
    return answer
  }

  async function once(call: KubeCall): Promise<Readonly<Record<string, unknown>>> {
    wired ??= wire()
    const now = await wired
    let answer = await attempt(call, now)
    if (answer.status === 401 && now.login.refused()) answer = await attempt(call, now)
    if (answer.status < 200 || answer.status > 299) throw refusal(answer, call.where, options.now())
    return objectIn(answer, call.where)
  }

  return {
    access,
    async call(call) {
      for (let tries = 1; ; tries++) {
        try {
          return await once(call)
        } catch (error) {
          if (!(error instanceof ProvError)) throw error
          const wait = waitAfter(error, tries, options.random)
          if (wait === undefined) throw error
          await sleep(wait, undefined, { signal: call.signal }).catch(() => {
            throw new ProvError('aborted', `stopped while waiting to try again after: ${error.message}`, call.where)
          })
        }
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

/** undefined: trying again is pointless, or up to the caller. */
function waitAfter(error: ProvError, tries: number, random: (size: number) => Uint8Array): number | undefined {
  const limit = { throttled: ATTEMPTS, server_error: ATTEMPTS, unreachable: ATTEMPTS, timed_out: 2 }
  const most = Object.hasOwn(limit, error.code) ? limit[error.code as keyof typeof limit] : 0
  const asked = error.retryAfterMs ?? 0
  // A certificate that is not believed, or a name that is not known, will not be so in a second either.
  if (tries >= most || asked > MAX_WAIT_MS || /CERT|TLS|SSL|UNABLE_TO|ENOTFOUND/.test(error.message)) return undefined
  const share = (random(1)[0] ?? 0) / 255
  return Math.max(asked, BASE_DELAY_MS * 2 ** (tries - 1) * (0.5 + share / 2))
}

function objectIn({ body }: KubeAnswer, where: Where): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {} // said below
  throw new ProvError('response_invalid', 'the cluster answered no JSON object', where)
}

async function secureAgent(options: import('node:https').AgentOptions): Promise<Agent> {
  const [{ Agent: SecureAgent }, { createSecureContext }] = await Promise.all([
    import('node:https'),
    import('node:tls'),
  ])
  try {
    const { ca, cert, key } = options
    createSecureContext({ ca, cert, key })
  } catch {
    // The library's words may quote what it was given: not even kept as a cause.
    throw new ProvError('config_invalid', 'the certificates or the key of the kubeconfig are not usable', {
      hint: 'compare them with what kubectl uses',
    })
  }
  return new SecureAgent(options)
}

/** Credentials go over TLS, or to this very machine (kubectl proxy). */
function refuseToTell(url: URL, { headers, certificate }: Login, where: Where): void {
  const secrets = certificate !== undefined || 'authorization' in headers
  if (url.protocol === 'https:' || !secrets || isLoopback(url.hostname)) return
  throw new ProvError('config_invalid', 'the kubeconfig would send credentials without TLS', where)
}

/** For the agent, which follows the usual variables; undefined: straight. Loopback is never proxied. */
function proxies(
  server: URL,
  proxyUrl: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> | undefined {
  if (isLoopback(server.hostname)) return undefined
  const ownProxy = proxyUrl === undefined ? undefined : { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl }
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']
  const chosen = ownProxy ?? Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
  for (const [name, value = ''] of Object.entries(chosen)) {
    if (name.toLowerCase() === 'no_proxy' || (/^https?:\/\//i.test(value) && URL.canParse(value))) continue
    // Node ignores a proxy that it does not understand, and would go round it.
    throw new ProvError('config_invalid', 'the proxy to the cluster is no http URL', { operation: 'connect' })
  }
  return Object.keys(chosen).length === 0 ? undefined : chosen
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
