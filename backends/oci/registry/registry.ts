/** The port over registries of the distribution specification. */
import type { CallOptions } from '../../../src/backend/backend.ts'
import { ProvError } from '../../../src/errors.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import { boundedMap } from '../../../src/platform/async/bounded-map.ts'
import { checkTarget } from '../../../src/platform/http/client.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { failure, type Where } from '../failure.ts'
import { MAX_MANIFEST_BYTES, MAX_TAGS, type Manifest, type Registry } from '../port.ts'
import { createSession, type FindCredentials, type Session, type SessionRequest } from './auth.ts'
import { findBase } from './base.ts'
import { apiHost } from './hosts.ts'
import { type RegistryHttpOptions, registryHttp } from './http.ts'
import { type LibraryClient, type LibrarySend, loadLibrary, type MakeClient } from './library.ts'
import { mediaTypeOf, NO_REFERRERS, referrersOf } from './referrer-pages.ts'
import { nextPage, tagsOf } from './tag-list.ts'
import { written } from './written.ts'

const SMALL_ANSWER = 64 * 1024
const LIST_BYTES = 4 * 1024 * 1024
const TAGS_A_PAGE = 1000

export interface RemoteOptions extends RegistryHttpOptions {
  readonly credentials: FindCredentials
  readonly userAgent: string
}

interface Call extends CallOptions {
  readonly operation: string
  readonly ref: string
  readonly actions: SessionRequest['actions']
  readonly repeat: SessionRequest['repeat']
  readonly maxBytes: number
  readonly expects?: readonly number[]
}

/** Hosts with a login of their own. */
const MAX_HOSTS = 64

/**
 * A {@link Registry} over HTTP. Connections, logins and the library are made on first use.
 *
 * @example (await remoteRegistry(options).getManifest('ghcr.io/acme/app', 'sha256-….sig', { signal }))?.digest
 */
export function remoteRegistry(options: RemoteOptions): Registry {
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

  const read = (operation: string, ref: string, maxBytes: number, signal: AbortSignal): Call => {
    return { operation, ref, signal, actions: 'pull', repeat: 'safe', maxBytes }
  }

  return {
    conditional: false,

    async getManifest(repo, ref, { signal }) {
      const call = read('get manifest', ref, MAX_MANIFEST_BYTES, signal)
      return orAbsent(async () => {
        const { resp } = await (await client(repo, call)).getManifest({ ref })
        const bytes = await resp.dockerBody()
        const type = resp.headers.get('content-type')
        if (/^\s*(?:text\/html|application\/xhtml)/i.test(type ?? '')) throw webPage(whereOf(repo, call), repo)
        const digest = digestOf(bytes)
        const claimed = ref.includes(':') ? ref : resp.headers.get('docker-content-digest')
        if (claimed?.startsWith('sha256:') && claimed !== digest) throw mismatch(whereOf(repo, call), claimed)
        return { bytes, mediaType: mediaTypeOf(type), digest } satisfies Manifest
      })
    },

    async putManifest(repo, ref, bytes, mediaType, { signal }) {
      const repeat = ref.includes(':') ? 'safe' : 'unsent'
      const call: Call = {
        operation: 'put manifest',
        ref,
        signal,
        actions: 'pull,push',
        repeat,
        maxBytes: SMALL_ANSWER,
      }
      const { random } = options
      return written(whereOf(repo, call), { signal, repeat, random }, async () => {
        const answer = await (await client(repo, call)).putManifest({ ref, manifestData: bytes, mediaType })
        const digest = digestOf(bytes)
        if (answer.digest?.startsWith('sha256:') && answer.digest !== digest)
          throw mismatch(whereOf(repo, call), digest)
        return digest
      })
    },

    async getBlob(repo, digest, maxBytes, { signal }) {
      const call = read('get blob', digest, maxBytes, signal)
      return orAbsent(async () => {
        const answers = await (await client(repo, call))._headOrGetBlob('GET', digest)
        const bytes = (await answers.at(-1)?.dockerBody()) ?? new Uint8Array()
        if (digestOf(bytes) !== digest) throw mismatch(whereOf(repo, call), digest)
        return bytes
      })
    },

    async hasBlob(repo, digest, { signal }) {
      const call = read('head blob', digest, SMALL_ANSWER, signal)
      const found = await orAbsent(async () => (await client(repo, call))._headOrGetBlob('HEAD', digest))
      return found !== undefined
    },

    // Not the library's upload: it hides why a registry refused, and needs a stream where bytes are at hand.
    async putBlob(repo, bytes, { signal }) {
      const digest = digestOf(bytes)
      const call: Call = {
        operation: 'put blob',
        ref: digest,
        signal,
        actions: 'pull,push',
        repeat: 'safe',
        maxBytes: SMALL_ANSWER,
      }
      const where = whereOf(repo, call)
      const send = sender(repo, call)
      return written(where, { signal, repeat: 'safe', random: options.random }, async () => {
        const begun = await send({ method: 'POST', path: `/v2/${split(repo).path}/blobs/uploads/` })
        if (begun.status === 201) return digest
        const target = uploadUrl(begun, where)
        target.searchParams.set('digest', digest)
        const headers = new Map([['content-type', 'application/octet-stream']])
        const done = await send({ method: 'PUT', path: target.href, headers, body: bytes })
        const claimed = done.headers['docker-content-digest']
        if (typeof claimed === 'string' && claimed.startsWith('sha256:') && claimed !== digest)
          throw mismatch(where, digest)
        return digest
      })
    },

    async deleteManifest(repo, ref, { signal }) {
      const call: Call = {
        operation: 'delete manifest',
        ref,
        signal,
        actions: 'pull,push',
        repeat: 'unsent',
        maxBytes: SMALL_ANSWER,
      }
      await orAbsent(async () => (await client(repo, call)).deleteManifest({ ref }))
    },

    async *listTags(repo, { signal }) {
      const call = read('list tags', 'tags', LIST_BYTES, signal)
      const send = sender(repo, call)
      let path: string | undefined = `/v2/${split(repo).path}/tags/list?n=${TAGS_A_PAGE}`
      let [count, pages] = [0, 0]
      for (let last = ''; path !== undefined; ) {
        const page: string = path
        // An honest registry fills its pages, or has few of them.
        if (count > MAX_TAGS || ++pages > 100 + count / 10) {
          throw failure('limit_exceeded', 'the list of tags does not come to an end', whereOf(repo, call))
        }
        const ask = () => send({ method: 'GET', path: page, headers: new Map([['accept', 'application/json']]) })
        // No repository, no tags; but of a list that has begun no page may be missing.
        const answer = last === '' ? await orAbsent(ask) : await ask().catch(rest(whereOf(repo, call)))
        if (answer === undefined) return
        const tags = tagsOf(answer, whereOf(repo, call))
        count += tags.length
        yield* tags
        path = nextPage(answer)
        // A registry that sends us round in a circle must not keep us for ever.
        if (tags.at(-1) === undefined || tags.at(-1) === last) return
        last = tags.at(-1) ?? ''
      }
    },

    listReferrers(repo, digest, { signal }) {
      const call = { ...read('list referrers', digest, LIST_BYTES, signal), expects: NO_REFERRERS }
      return referrersOf(sender(repo, call), `/v2/${split(repo).path}/referrers/${digest}`, whereOf(repo, call))
    },

    ask(repo, { method, path, actions }, { signal }) {
      const operation = `${method} ${path.split('?')[0]}`
      const call: Call = { operation, ref: '', signal, actions, repeat: 'unsent', maxBytes: LIST_BYTES }
      return sender(repo, call)({ method, path })
    },

    close: http.close,
  }
}

function split(repo: string): { readonly host: string; readonly path: string } {
  const slash = repo.indexOf('/')
  return { host: repo.slice(0, slash), path: repo.slice(slash + 1) }
}

function whereOf(repo: string, { operation, ref }: Pick<Call, 'operation' | 'ref'>): Where {
  return { operation, location: `${repo}${ref.includes(':') ? '@' : ':'}${ref}` }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`
}

function mismatch(where: Where, digest: string): ProvError {
  return failure('digest_mismatch', `the registry's bytes do not have the digest ${digest.slice(0, 80)}`, where)
}

/** A login page or a proxy's own: no registry serves a manifest as one, so nothing is known of what is there. */
function webPage(where: Where, repo: string): ProvError {
  return failure('response_invalid', `${split(repo).host} answered a web page in place of a manifest`, where)
}

async function orAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof ProvError && error.code === 'absent') return undefined
    throw error
  }
}

/** A later page that is absent is a failure of the registry. */
function rest(where: Where): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ProvError) || error.code !== 'absent') throw error
    throw failure('server_error', `a page of the list of tags is missing: ${error.message}`, where, { cause: error })
  }
}

function uploadUrl(begun: HttpResponse, where: Where): URL {
  const { location } = begun.headers
  if (location === undefined || !URL.canParse(location, begun.url.href)) {
    throw failure('response_invalid', 'the registry named no place to upload to', where)
  }
  const target = new URL(location, begun.url)
  checkTarget(begun.url, target, where)
  return target
}
