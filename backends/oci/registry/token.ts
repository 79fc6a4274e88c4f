/** Tokens of a registry's token service (distribution/spec auth: token and oauth). */

import type { ProvError } from '../../../src/errors.ts'
import { isForbidden, isLoopback } from '../../../src/platform/http/addresses.ts'
import type { Http } from '../../../src/platform/http/client.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { retryAfterMs } from '../../../src/platform/http/retry-after.ts'
import { failure, quote, type Where } from '../failure.ts'

export interface TokenRequest {
  /** Where the service is, as {@link realmUrl} admits it. */
  readonly url: URL
  readonly service: string | undefined
  readonly scopes: readonly string[]
  /** Who asks; undefined: nobody in particular. */
  readonly login?: { readonly username: string; readonly password: string } | undefined
  /** Goes in the place of a password. */
  readonly identityToken?: string | undefined
  readonly signal: AbortSignal
  readonly where: Where
}

const TOKEN_BYTES = 256 * 1024
/** What a service answers to a POST that it does not know (Google's 404, Artifactory's 401), as containerd reads it. */
const NO_POST: readonly number[] = [401, 404, 405, 501]

/**
 * A token. An identity token goes by POST (OAuth), and where the service has none, by GET with Basic, as go-containerregistry and
 * containerd do. Throws `denied`, which names the service, for every refusal, also for its 404: that says nothing of what the registry
 * holds.
 *
 * @param basic the value of the Authorization header, of which the caller keeps the secret out of what is shown
 *
 * @example const token = await fetchToken(http, request, basic, Date.now)
 */
export async function fetchToken(
  http: Http,
  request: TokenRequest,
  basic: (username: string, password: string) => string,
  now: () => number,
): Promise<string> {
  const { url, service, scopes, login, identityToken, signal, where } = request
  const refusal = (answer: HttpResponse): ProvError => refused(answer, where, now())
  const common = { maxBytes: TOKEN_BYTES, signal, where, repeat: 'safe', refusal } as const

  async function post(secret: string): Promise<HttpResponse> {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'prov', scope: scopes.join(' ') })
    if (service !== undefined) form.set('service', service)
    form.set('refresh_token', secret)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
    const body = Buffer.from(form.toString())
    return http.send({ ...common, method: 'POST', url, headers, body, secretBody: true })
  }

  async function get(as: TokenRequest['login']): Promise<HttpResponse> {
    const query = new URL(url)
    if (service !== undefined) query.searchParams.set('service', service)
    for (const scope of scopes) query.searchParams.append('scope', scope)
    const authorization = as === undefined ? {} : { authorization: basic(as.username, as.password) }
    return http.send({
      ...common,
      method: 'GET',
      url: query,
      headers: { accept: 'application/json', ...authorization },
    })
  }

  let answer = identityToken === undefined ? await get(login) : await post(identityToken)
  if (identityToken !== undefined && NO_POST.includes(answer.status)) {
    const { username = '<token>', password = '' } = login ?? {}
    answer = await get({ username, password: password === '' ? identityToken : password })
  }
  if (answer.status >= 300) throw refusal(answer)
  const token = readToken(answer.body)
  if (token === undefined) throw failure('denied', `the token service ${answer.url.host} gave no token`, where)
  return token
}

/** What a token service says may hold what it was sent: only the status is told. */
function refused({ status, headers, url }: HttpResponse, where: Where, now: number): ProvError {
  const code = status === 429 ? 'throttled' : status === 408 ? 'timed_out' : status >= 500 ? 'server_error' : 'denied'
  const hint =
    status === 401 || status === 403
      ? 'log in with `docker login`, or name a docker config with DOCKER_CONFIG'
      : undefined
  return failure(code, `the token service ${url.host} answered ${status}`, where, {
    hint,
    retryAfterMs: retryAfterMs(headers['retry-after'], now),
  })
}

/**
 * The token service that a registry names. It may be on another host (Docker Hub's is) and gets the credentials for this registry there,
 * as from containerd and crane; but over https only, unless the registry itself is reached without and the service is on its host.
 * Throws `response_invalid` and `host_refused`.
 *
 * @example realmUrl('https://auth.docker.io/token', new URL('https://registry-1.docker.io'), where)
 */
export function realmUrl(realm: string, base: URL, where: Where): URL {
  const url = URL.parse(realm)
  if (url === null) throw failure('response_invalid', 'the registry names no token service', where)
  const sameHost = url.hostname === base.hostname
  const loopback = isLoopback(url.hostname)
  const isPlain = url.protocol === 'http:' && base.protocol === 'http:' && (sameHost || loopback)
  const isSecure = url.protocol === 'https:' || isPlain
  if (!isSecure || url.username !== '' || isForbidden(url.hostname) || (loopback && !isLoopback(base.hostname))) {
    throw failure('host_refused', `the registry names a token service that prov refuses: ${quote(url.origin)}`, where, {
      hint: 'credentials are sent over https only, and never to link-local or, from another host, loopback addresses',
    })
  }
  return url
}

function readToken(body: Uint8Array): string | undefined {
  try {
    const json = JSON.parse(Buffer.from(body).toString()) as {
      readonly token?: unknown
      readonly access_token?: unknown
    } | null
    const token = [json?.token, json?.access_token].find((value) => typeof value === 'string' && value !== '')
    return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined
  } catch {
    return undefined
  }
}
