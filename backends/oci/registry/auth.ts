/** Authorisation towards one registry: anonymous, Basic, Bearer (distribution/spec auth: token and oauth). */

import type { HttpResponse } from '../exchange.ts'
import { failure, quote, type Where } from '../failure.ts'
import type { Http, HttpRequest } from '../http.ts'
import { refusal } from '../status.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { isForbidden, isLoopback } from './hosts.ts'

export type Credentials =
  | { readonly username: string; readonly password: string; readonly identityToken?: never }
  | { readonly identityToken: string }

export interface CredentialQuery {
  /** Host as references spell it, e.g. `index.docker.io`, `localhost:5000`. */
  readonly host: string
  readonly repository: string
  readonly signal: AbortSignal
}

export type FindCredentials = (query: CredentialQuery) => Promise<Credentials | undefined>

export interface SessionOptions {
  readonly host: string
  /** Where the API is; credentials are sent to this origin and to no other. */
  readonly base: URL
  readonly http: Http
  readonly credentials: FindCredentials
  now(): number
}

export interface SessionRequest extends Omit<HttpRequest, 'url'> {
  /** Path below the base, or an absolute URL the registry gave. */
  readonly target: string
  readonly repository: string
  readonly actions: 'pull' | 'pull,push'
}

export interface Session {
  /** The final answer below 400. Others are thrown, see {@link refusal}; 404 as `absent`. */
  send(request: SessionRequest): Promise<HttpResponse>
}

const TOKEN_BYTES = 256 * 1024

/**
 * Logs in when the registry asks for it, once a scope, and again when a token has expired. Secrets are in no error.
 *
 * @example const session = createSession({ host: 'ghcr.io', base, http, credentials, now: Date.now })
 */
export function createSession(options: SessionOptions): Session {
  const { base, http } = options
  const secrets = new Set<string>()
  /** Authorization header, or its making, by scope; `*` for Basic, which has none. */
  const granted = new Map<string, Promise<string>>()

  const redact = (text: string) => [...secrets].reduce((clean, secret) => clean.replaceAll(secret, '***'), text)

  async function send(request: SessionRequest): Promise<HttpResponse> {
    const url = new URL(request.target, base)
    const scope = `repository:${request.repository}:${request.actions}`
    const own = url.origin === base.origin
    const given = own ? await current(scope) : undefined
    let response = await http.send(authorised({ ...request, url }, given))
    if (response.status === 401 && own && response.url.origin === base.origin) {
      const header = await login(response, request, scope, given)
      response = await http.send(authorised({ ...request, url }, header))
      if (response.status === 401) granted.clear()
    }
    if (response.status >= 300) throw refusal(response, request.where, options.now(), redact)
    return response
  }

  async function current(scope: string): Promise<string | undefined> {
    return (granted.get(scope) ?? granted.get('*'))?.catch(() => undefined)
  }

  /** One login a scope at a time: many calls at once share it, and one that was aborted does not spoil the others'. */
  async function login(
    response: HttpResponse,
    request: SessionRequest,
    scope: string,
    spent: string | undefined,
  ): Promise<string> {
    const challenges = parseChallenges(response.headers['www-authenticate'] ?? '')
    const challenge = challenges.find((c) => c.scheme === 'bearer') ?? challenges.find((c) => c.scheme === 'basic')
    if (challenge === undefined) throw refusal(response, request.where, options.now(), redact)
    const key = challenge.scheme === 'basic' ? '*' : scope
    const held = granted.get(key)
    if (held !== undefined) {
      const header = await held.catch(() => undefined)
      if (header !== undefined && header !== spent) return header
      if (granted.get(key) !== held) return login(response, request, scope, spent)
    }
    const fresh = challenge.scheme === 'basic' ? basicHeader(request) : bearerHeader(challenge, request, scope)
    granted.set(key, fresh)
    fresh.catch(() => granted.get(key) === fresh && granted.delete(key))
    return fresh
  }

  async function find(request: SessionRequest): Promise<Credentials | undefined> {
    const { repository, signal } = request
    const found = await options.credentials({ host: options.host, repository, signal })
    if (found !== undefined) keepSecret('identityToken' in found ? found.identityToken : found.password)
    return found
  }

  async function basicHeader(request: SessionRequest): Promise<string> {
    const found = await find(request)
    if (found === undefined || found.identityToken !== undefined) throw noCredentials(options.host, request.where)
    return basic(found.username, found.password)
  }

  async function bearerHeader(challenge: Challenge, request: SessionRequest, scope: string): Promise<string> {
    const { realm = '', service, scope: asked } = challenge.parameters
    const where = { operation: 'get a token', location: options.host }
    const url = realmUrl(realm, base, where)
    const scopes = asked === undefined || covers(scope, asked) ? [scope] : [scope, asked]
    const found = await find(request)
    const token = await fetchToken(url, service, scopes, found, request.signal, where)
    if (token === undefined) throw failure('denied', 'the registry gave no token', where)
    keepSecret(token)
    return `Bearer ${token}`
  }

  async function fetchToken(
    url: URL,
    service: string | undefined,
    scopes: readonly string[],
    found: Credentials | undefined,
    signal: AbortSignal,
    where: Where,
  ): Promise<string | undefined> {
    const common = { maxBytes: TOKEN_BYTES, signal, where, repeat: 'safe' as const }
    let response: HttpResponse
    if (found?.identityToken !== undefined) {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'prov', scope: scopes.join(' ') })
      if (service !== undefined) form.set('service', service)
      form.set('refresh_token', found.identityToken)
      const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
      response = await http.send({ ...common, method: 'POST', url, headers, body: Buffer.from(form.toString()) })
    } else {
      const query = new URL(url)
      if (service !== undefined) query.searchParams.set('service', service)
      for (const scope of scopes) query.searchParams.append('scope', scope)
      const authorization = found === undefined ? {} : { authorization: basic(found.username, found.password) }
      response = await http.send({
        ...common,
        method: 'GET',
        url: query,
        headers: { accept: 'application/json', ...authorization },
      })
    }
    // What a token service says may hold what it was sent: only the status is told.
    if (response.status >= 300) throw refusal({ ...response, body: Buffer.alloc(0) }, where, options.now())
    return readToken(response.body)
  }

  function basic(username: string, password: string): string {
    const encoded = Buffer.from(`${username}:${password}`).toString('base64')
    keepSecret(encoded)
    return `Basic ${encoded}`
  }

  function keepSecret(text: string): void {
    if (text !== '') secrets.add(text)
  }

  return { send }
}

function authorised(request: HttpRequest, authorization: string | undefined): HttpRequest {
  return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } }
}

function noCredentials(host: string, where: Where) {
  return failure('denied', `the registry asks for credentials, and none are configured for ${host}`, where, {
    hint: `log in with \`docker login ${host}\`; a catch-all credsStore is asked only about hosts in storage.oci.hosts or storage.oci.repository`,
  })
}

/**
 * The token service that a registry names. It may be on another host (Docker Hub's is), but credentials go there only over
 * https, or where the registry itself is reached without.
 */
function realmUrl(realm: string, base: URL, where: Where): URL {
  if (!URL.canParse(realm)) throw failure('response_invalid', 'the registry names no token service', where)
  const url = new URL(realm)
  const sameHost = url.hostname === base.hostname
  const loopback = isLoopback(url.hostname)
  const secure =
    url.protocol === 'https:' || (url.protocol === 'http:' && base.protocol === 'http:' && (sameHost || loopback))
  if (!secure || url.username !== '' || isForbidden(url.hostname) || (loopback && !isLoopback(base.hostname))) {
    throw failure('host_refused', `the registry names a token service that prov refuses: ${quote(url.origin)}`, where, {
      hint: 'credentials are sent over https only, and never to link-local or, from another host, loopback addresses',
    })
  }
  return url
}

/** `repository:a:pull,push` covers `repository:a:pull`. */
function covers(scope: string, asked: string): boolean {
  const [type, name, actions = ''] = scope.split(':')
  const [askedType, askedName, askedActions = ''] = asked.split(':')
  return (
    type === askedType && name === askedName && askedActions.split(',').every((a) => actions.split(',').includes(a))
  )
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
