/** The port over registries of the distribution specification. */
import type { ProvError } from '../../../src/errors.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import { checkTarget } from '../../../src/platform/http/client.ts'
import type { HttpResponse } from '../../../src/platform/http/exchange.ts'
import { failure, quote, type Where } from '../failure.ts'
import { MAX_MANIFEST_BYTES, type Manifest, type Registry } from '../port.ts'
import { type Call, callsOver, type RemoteOptions, split, whereOf } from './calls.ts'
import { orAbsent } from './own-absence.ts'
import { mediaTypeOf, NO_REFERRERS, referrersOf } from './referrer-pages.ts'
import { tagsIn } from './tag-pages.ts'
import { written } from './written.ts'

const SMALL_ANSWER = 64 * 1024
const LIST_BYTES = 4 * 1024 * 1024

/**
 * A {@link Registry} over HTTP. Connections, logins and the library are made on first use.
 *
 * @example (await remoteRegistry(options).getManifest('ghcr.io/acme/app', 'sha256-….sig', { signal }))?.digest
 */
export function remoteRegistry(options: RemoteOptions): Registry {
  const { sender, client, close } = callsOver(options)

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
        if (claimed !== digest && (claimed?.startsWith('sha256:') || encodingOf(resp) !== undefined))
          throw wrongBytes(resp, whereOf(repo, call), claimed ?? digest)
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
        const answer = answers.at(-1)
        const bytes = (await answer?.dockerBody()) ?? new Uint8Array()
        if (digestOf(bytes) !== digest) throw wrongBytes(answer, whereOf(repo, call), digest)
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

    listTags(repo, { signal }) {
      const call = read('list tags', 'tags', LIST_BYTES, signal)
      return tagsIn(sender(repo, call), `/v2/${split(repo).path}/tags/list`, whereOf(repo, call))
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

    close,
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`
}

function mismatch(where: Where, digest: string): ProvError {
  return failure('digest_mismatch', `the registry's bytes do not have the digest ${digest.slice(0, 80)}`, where)
}

interface Answer {
  readonly headers: { get(name: string): string | null }
}

/** Every request asks for the bytes as they are; undefined: so they came. */
function encodingOf(answer: Answer | undefined): string | undefined {
  const encoding = quote(answer?.headers.get('content-encoding') ?? '')
  return /^(?:identity)?$/i.test(encoding) ? undefined : encoding
}

/** In another encoding they say nothing of what is there, and are no damage. */
function wrongBytes(answer: Answer | undefined, where: Where, digest: string): ProvError {
  const encoding = encodingOf(answer)
  if (encoding === undefined) return mismatch(where, digest)
  const message = `the registry answered in the encoding ${encoding}, which nobody asked for`
  return failure('response_invalid', message, where)
}

/** A login page or a proxy's own: no registry serves a manifest as one, so nothing is known of what is there. */
function webPage(where: Where, repo: string): ProvError {
  return failure('response_invalid', `${split(repo).host} answered a web page in place of a manifest`, where)
}

function uploadUrl(begun: HttpResponse, where: Where): URL {
  const { location } = begun.headers
  if (location === undefined || !URL.canParse(location, begun.url.href)) {
    throw failure('response_invalid', 'the registry gave no location for the upload', where)
  }
  const target = new URL(location, begun.url)
  checkTarget(begun.url, target, where)
  return target
}
