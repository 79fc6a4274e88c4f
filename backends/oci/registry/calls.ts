/** Requests to registries: one login a host, and the library's client over it. All are made on first use. */
import type { CallOptions } from '../../../src/backend/backend.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import type { Where } from '../failure.ts'
import { createSession, type FindCredentials, type Session, type SessionRequest } from './auth.ts'
import { findBase } from './base.ts'
import { apiHost } from './hosts.ts'
import { type RegistryHttpOptions, registryHttp } from './http.ts'
import { type LibraryClient, type LibrarySend, loadLibrary, type MakeClient } from './library.ts'

export interface RemoteOptions extends RegistryHttpOptions {
  readonly credentials: FindCredentials
  readonly userAgent: string
}

/** What is asked, and how; the same for all requests that it takes. */
export interface Call extends CallOptions {
  readonly operation: string
  readonly ref: string
  readonly actions: SessionRequest['actions']
  readonly repeat: SessionRequest['repeat']
  readonly maxBytes: number
  readonly expects?: readonly number[]
}

/** Hosts with a login of their own. */
const MAX_HOSTS = 64

export interface RegistryCalls {
  /** Sends as the library wants it sent, and what the library has no call for. */
  sender(repo: string, call: Call): LibrarySend
  client(repo: string, call: Call): Promise<LibraryClient>
  close(): void
}

/** @example await callsOver(options).sender('ghcr.io/acme/app', call)({ method: 'GET', path: '/v2/acme/app/tags/list' }) */
export function callsOver(options: RemoteOptions): RegistryCalls {
  const http = registryHttp(options)
  const sessions = boundedMap<string, Promise<Session>>(MAX_HOSTS)
  let library: Promise<MakeClient> | undefined

  async function sessionOf(host: string, call: Call, where: Where): Promise<Session> {
    const known = sessions.get(host)
    if (known !== undefined) return known
    const { credentials, now } = options
    const made = findBase(host, {
      http,
      signal: call.signal,
      where,
      ...options,
      tls: options.caFile !== undefined,
    }).then((base) => createSession({ host, base, http, credentials, now }))
    sessions.set(host, made)
    made.catch(() => sessions.delete(host))
    return made
  }

  function sender(repo: string, call: Call): LibrarySend {
    const { host, path } = split(repo)
    const where = whereOf(repo, call)
    return async ({ method, path: target, headers, body }) => {
      const sent: Record<string, string> = { 'user-agent': options.userAgent }
      headers?.forEach((value, name) => {
        sent[name] = value
      })
      const { actions, repeat, maxBytes, signal, expects } = call
      const request = {
        method,
        target,
        headers: sent,
        body,
        repository: path,
        actions,
        repeat,
        maxBytes,
        signal,
        where,
        ...(expects === undefined ? {} : { expects }),
      }
      return (await sessionOf(host, call, where)).send(request)
    }
  }

  async function client(repo: string, call: Call): Promise<LibraryClient> {
    library ??= loadLibrary()
    const { host, path } = split(repo)
    return (await library)({ host: apiHost(host), path }, sender(repo, call))
  }

  return { sender, client, close: http.close }
}

/** Host and path of a repository. */
export function split(repo: string): { readonly host: string; readonly path: string } {
  const slash = repo.indexOf('/')
  return { host: repo.slice(0, slash), path: repo.slice(slash + 1) }
}

/** What every error of the call says. */
export function whereOf(repo: string, { operation, ref }: Pick<Call, 'operation' | 'ref'>): Where {
  return { operation, location: `${repo}${ref.includes(':') ? '@' : ':'}${ref}` }
}
