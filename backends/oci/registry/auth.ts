/** Authorisation towards one registry: anonymous, Basic, Bearer (distribution/spec auth: token and oauth). */

import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import type { Http, HttpRequest } from '../../../src/platform/http/client.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { failure, type Where } from '../failure.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { absenceOf, cameFrom } from './own-absence.ts'
import { refusal } from './status.ts'
import { fetchToken, realmUrl } from './token.ts'

export type Credentials =
  | {
      readonly username: string
      readonly password: string
      readonly identityToken?: never
      readonly registryToken?: never
    }
  /** Goes to the token service in the place of a password; the name is that of the entry, where it has one. */
  | {
      readonly identityToken: string
      readonly username?: string
      readonly password?: string
      readonly registryToken?: never
    }
  /** Goes to the registry itself, as Bearer. */
  | { readonly registryToken: string; readonly identityToken?: never }

export interface CredentialQuery {
  /** Host as references spell it, e.g. `index.docker.io`, `localhost:5000`. */
  readonly host: string
  readonly repository: string
  readonly signal: AbortSignal
}

export type FindCredentials = (query: CredentialQuery) => Promise<Credentials | undefined>

const READS: readonly string[] = ['GET', 'HEAD']
/** Scopes whose tokens are kept, two a repository: another one is asked for again. */
const MAX_SCOPES = 128
/** A login has up to four: token, password, identity token and header. */
const MAX_SECRETS = 4 * MAX_SCOPES

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
  /** Statuses from 300 on that the caller understands. */
  readonly expects?: readonly number[]
}

export interface Session {
  /**
   * The final answer below 300 or of `expects`. Others are thrown, see {@link refusal}; as `absent` only what the registry itself says of
   * the very thing that was asked for, see {@link absenceOf}.
   */
  send(request: SessionRequest): Promise<HttpResponse>
}

/**
 * Logs in when the registry asks for it, once a scope, and again when a token has expired. Secrets are in no error.
 *
 * @example const session = createSession({ host: 'ghcr.io', base, http, credentials, now: Date.now })
 */
export function createSession(options: SessionOptions): Session {
  const { base, http } = options
  const secrets = boundedMap<string, true>(MAX_SECRETS)
  /** Authorization header, or its making, by scope; `*` for Basic, which has none. */
  const granted = boundedMap<string, Promise<string>>(MAX_SCOPES)

  const redact = (text: string) => [...secrets.keys()].reduce((clean, secret) => clean.replaceAll(secret, '***'), text)

  async function send(request: SessionRequest): Promise<HttpResponse> {
    const url = new URL(request.target, base)
    const scope = `repository:${request.repository}:${request.actions}`
    const own = url.origin === base.origin
    const given = own ? await current(scope) : undefined
    const told = (answer: HttpResponse, where: Where) => refusal(answer, where, options.now(), redact)
    const job = { ...request, url, refusal: told }
    let response = await http.send(authorised(job, given))
    if (response.status === 401 && own && response.url.origin === base.origin) {
      const header = await login(response, request, scope, given)
      response = await http.send(authorised(job, header))
      if (response.status === 401) granted.clear()
    }
    const { where, signal, expects = [] } = request
    if (response.status < 300) {
      // A registry answers 200 to whoever reads (distribution-spec, pull); 204 and the like hold nothing of what is there.
      if (READS.includes(request.method) && response.status !== 200) throw withoutContent(response, where)
      return response
    }
    const asked = { asked: url, base, http, signal, where }
    const isExpected = expects.includes(response.status) && cameFrom(response, asked)
    if (isExpected) return response
    throw (await absenceOf(response, asked)) ?? refusal(response, where, options.now(), redact)
  }

  async function current(scope: string): Promise<string | undefined> {
    const header = await (granted.get(scope) ?? granted.get('*'))?.catch(() => undefined)
    // What is sent is kept out of what is shown, however long ago it was granted.
    if (header !== undefined) keepSecret(header.slice(header.indexOf(' ') + 1))
    return header
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
    for (const secret of found === undefined ? [] : secretsOf(found)) keepSecret(secret)
    return found
  }

  async function basicHeader(request: SessionRequest): Promise<string> {
    const found = await find(request)
    if (found?.registryToken !== undefined) return `Bearer ${found.registryToken}`
    if (found === undefined || found.identityToken !== undefined) throw noCredentials(options.host, request.where)
    return basic(found.username, found.password)
  }

  async function bearerHeader(challenge: Challenge, request: SessionRequest, scope: string): Promise<string> {
    const { realm = '', service, scope: asked } = challenge.parameters
    const where = { operation: 'get a token', location: options.host }
    const url = realmUrl(realm, base, where)
    const scopes = asked === undefined || covers(scope, asked) ? [scope] : [scope, asked]
    const found = await find(request)
    if (found?.registryToken !== undefined) return `Bearer ${found.registryToken}`
    const { identityToken } = found ?? {}
    const login =
      found?.username === undefined ? undefined : { username: found.username, password: found.password ?? '' }
    const { signal } = request
    const token = await fetchToken(
      http,
      { url, service, scopes, login, identityToken, signal, where },
      basic,
      options.now,
    )
    keepSecret(token)
    return `Bearer ${token}`
  }

  function basic(username: string, password: string): string {
    const encoded = Buffer.from(`${username}:${password}`).toString('base64')
    keepSecret(encoded)
    return `Basic ${encoded}`
  }

  function keepSecret(text: string): void {
    if (text !== '') secrets.set(text, true)
  }

  return { send }
}

function authorised(request: HttpRequest, authorization: string | undefined): HttpRequest {
  return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } }
}

function withoutContent({ status, url }: HttpResponse, where: Where) {
  return failure('response_invalid', `${url.host} answered ${status} in place of what was asked for`, where)
}

function noCredentials(host: string, where: Where) {
  return failure('denied', `the registry asks for credentials, and none are configured for ${host}`, where, {
    hint: `log in with \`docker login ${host}\`; a catch-all credsStore is asked only about hosts in storage.oci.hosts or storage.oci.repository`,
  })
}

/** `repository:a:pull,push` covers `repository:a:pull`. */
function covers(scope: string, asked: string): boolean {
  const [type, name, actions = ''] = scope.split(':')
  const [askedType, askedName, askedActions = ''] = asked.split(':')
  return (
    type === askedType && name === askedName && askedActions.split(',').every((a) => actions.split(',').includes(a))
  )
}

function secretsOf(found: Credentials): readonly string[] {
  if (found.registryToken !== undefined) return [found.registryToken]
  return [found.identityToken, found.password].filter((secret) => secret !== undefined)
}
