/** A Kubernetes API server as prov uses it: JSON in, JSON out, retries within a budget, nothing contacted before the first call. */
import { ProvError } from '../errors.ts'
import { isLoopback } from '../platform/http/addresses.ts'
import { createHttp, type Http } from '../platform/http/client.ts'
import { isRecord } from '../platform/text/guards.ts'
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
   * after some tries; a server that cannot be spoken to, what {@link Http.send} throws.
   */
  call(call: KubeCall): Promise<Readonly<Record<string, unknown>>>
  close(): void
}

const MAX_BYTES = 16 * 1024 * 1024
const ATTEMPTS = 3
const BASE_DELAY_MS = 200
/** A wait that the server asks for is honoured up to this; a longer one is the caller's to decide. */
const MAX_WAIT_MS = 5_000
/** Tries that may be spent again in a row, over all calls. */
const BUDGET = 100
const TLS_HINT = 'check certificate-authority and the client certificate in the kubeconfig'

interface Wired {
  readonly access: KubeAccess
  readonly ca: string | undefined
  readonly login: LoginSource
  readonly http: Http
}

/** @example const cluster = openCluster({ kubeconfig, env, timeoutMs: 60_000, now, random, debug }) */
export function openCluster(options: ClusterOptions): Cluster {
  let found: Promise<KubeAccess> | undefined
  let wired: Promise<Wired> | undefined
  const access = (): Promise<KubeAccess> => {
    found ??= findAccess(options)
    return found
  }

  async function wire(): Promise<Wired> {
    const known = await access()
    const ca = await pemOf(known.ca)
    const { env, timeoutMs, now, random, debug } = options
    const http = createHttp({
      env,
      proxyUrl: known.proxyUrl,
      connectMs: timeoutMs,
      requestMs: timeoutMs,
      attempts: ATTEMPTS,
      budget: BUDGET,
      baseDelayMs: BASE_DELAY_MS,
      maxDelayMs: MAX_WAIT_MS,
      maxRedirects: 0,
      tlsHint: TLS_HINT,
      refusal: (answer, where) => refusal(answer, where, now()),
      now: () => now(),
      random: (size) => random(size),
      // Answers alone: what was not answered is told by its error.
      debug: (line) => / \d+$/.test(line) && debug(line),
    })
    return { access: known, ca, http, login: openLogin(known, { env, now: () => now(), caPem: ca }) }
  }

  async function attempt(call: KubeCall, { access: known, ca, login: source, http }: Wired): Promise<KubeAnswer> {
    const login = await source.next(call.signal)
    const url = new URL(`${known.server}${call.path}`)
    refuseToTell(url, login, call.where)
    const { certificate, key } = login
    return http.send({
      method: call.method,
      url,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': 'prov',
        ...(call.patch === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
        ...login.headers,
      },
      body: call.patch === undefined ? undefined : Buffer.from(JSON.stringify(call.patch)),
      maxBytes: call.maxBytes ?? MAX_BYTES,
      where: call.where,
      signal: call.signal,
      repeat: 'safe',
      tls: {
        insecure: known.insecure,
        authorities: ca === undefined ? undefined : { pem: ca, beside: false },
        certificate: certificate === undefined || key === undefined ? undefined : { pem: certificate, key },
        serverName: known.serverName,
      },
    })
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
    call: once,
    close() {
      wired?.then(({ http }) => http.close()).catch(() => undefined)
      wired = undefined
    },
  }
}

function objectIn({ body }: KubeAnswer, where: Where): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (isRecord(value)) return value
  } catch {} // said below
  throw new ProvError('response_invalid', 'the answer of the cluster is not a JSON object', where)
}

/** Credentials go over TLS, or to this very machine (kubectl proxy). */
function refuseToTell(url: URL, { headers, certificate }: Login, where: Where): void {
  const secrets = certificate !== undefined || 'authorization' in headers
  if (url.protocol === 'https:' || !secrets || isLoopback(url.hostname)) return
  throw new ProvError('config_invalid', 'the kubeconfig would send credentials without TLS', where)
}
