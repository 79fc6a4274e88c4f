/**
 * oci-registry-client with its HTTP taken out and ours put in. The library knows the paths and the verbs of the
 * registry API; every request it makes goes through one function of ours, so its lack of timeouts, limits, retries, digest
 * checks and its ways of handing credentials around do not matter.
 */
import type { HttpResponse, Method } from '../../../src/platform/http/exchange.ts'

import { parseBounded } from '../../../src/platform/text/bounded-json.ts'

/** What the library asks its HTTP client for (its docker-json-client.d.ts). */
export interface LibraryRequest {
  readonly method: Method
  /** A path, or an absolute URL. */
  readonly path: string
  readonly headers?: { forEach(each: (value: string, name: string) => void): void }
  readonly body?: Uint8Array
}

export type LibrarySend = (request: LibraryRequest) => Promise<HttpResponse>

export interface LibraryRepo {
  readonly host: string
  /** Path of the repository, unencoded. */
  readonly path: string
}

interface LibraryResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  dockerBody(): Promise<Uint8Array>
}

export interface LibraryClient {
  getManifest(options: { readonly ref: string }): Promise<{ readonly resp: LibraryResponse }>
  putManifest(options: {
    readonly ref: string
    readonly manifestData: Uint8Array
    readonly mediaType: string
  }): Promise<{ readonly digest: string | null }>
  deleteManifest(options: { readonly ref: string }): Promise<void>
  _headOrGetBlob(method: 'HEAD' | 'GET', digest: string): Promise<readonly LibraryResponse[]>
}

type LibraryConstructor = new (options: {
  readonly repo: {
    readonly index: { readonly name: string; readonly official: boolean; readonly scheme: 'http' | 'https' }
    readonly official: boolean
    readonly remoteName: string
    readonly localName: string
    readonly canonicalName: string
  }
  readonly acceptOCIManifests: boolean
  readonly acceptManifestLists: boolean
}) => LibraryClient

export type MakeClient = (repo: LibraryRepo, send: LibrarySend) => LibraryClient

/**
 * Loads the library, on first use only: it costs as much start-up as all of prov.
 *
 * @example (await loadLibrary())(repo, send).getManifest({ ref: 'v1' })
 */
export async function loadLibrary(): Promise<MakeClient> {
  // CommonJS: its exports are the default, under Node.js and in the bundle alike.
  const { default: library } = (await import('oci-registry-client')) as unknown as {
    readonly default: { readonly RegistryClientV2: LibraryConstructor }
  }

  class Client extends library.RegistryClientV2 {
    readonly #send: LibrarySend

    // The repository object is made here because the library's own parser refuses legal names, such as host:5000/a/b.
    constructor({ host, path }: LibraryRepo, send: LibrarySend) {
      const name = `${host}/${path}`
      // Where it really goes is our session's business.
      const index = { name: host, official: false, scheme: 'https' as const }
      const repo = { index, official: false, remoteName: path, localName: name, canonicalName: name }
      super({ repo, acceptOCIManifests: true, acceptManifestLists: true })
      this.#send = send
    }

    /** The library takes its HTTP client from here. */
    get _api() {
      return { accept: '', request: async (request: LibraryRequest) => response(await this.#send(request)) }
    }

    /** Authorisation is our session's: the library never holds a password or a token. */
    async login(): Promise<void> {}

    async _getToken(): Promise<string> {
      throw new TypeError('tokens are not the library’s business')
    }
  }
  return (repo, send) => new Client(repo, send)
}

function response({ status, headers, body }: HttpResponse) {
  return {
    status,
    headers: { get: (name: string) => single(headers[name.toLowerCase()]) },
    body: { destroy: () => undefined },
    dockerBody: async () => body,
    dockerJson: async () => lenientJson(body),
  }
}

function single(value: string | readonly string[] | undefined): string | null {
  return typeof value === 'string' ? value : (value?.[0] ?? null)
}

/** The library looks into JSON only to refuse Docker's schema 1; whether a manifest is one is the layout's question. */
function lenientJson(body: Uint8Array): object {
  try {
    const json: unknown = parseBounded(Buffer.from(body).toString())
    return typeof json === 'object' && json !== null ? { ...json, schemaVersion: 2 } : {}
  } catch {
    return {}
  }
}
