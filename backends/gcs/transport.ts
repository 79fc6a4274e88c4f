/**
 * The HTTP under Google's client. Its own can be neither stopped nor bounded in time or size, tries again by itself, and looks for a metadata
 * server; so its requests come here. Authorisation stays the client's.
 */
import type { Storage } from '@google-cloud/storage'
import type { Http } from '../../src/platform/http/client.ts'
import type { HttpResponse } from '../../src/platform/http/exchange.ts'
import { parseBounded } from '../../src/platform/text/bounded-json.ts'
import { isRecord } from '../../src/platform/text/guards.ts'
import { MAX_OBJECT_BYTES } from '../objects/store.ts'
import { lossIn } from '../shared/google-transport.ts'
import { NAME } from './settings.ts'

type Requester = Storage['makeAuthenticatedRequest']
type Request = Parameters<Requester>[0]

/** What a request of the client's carries for us: put there by an interceptor. */
export interface Carried {
  readonly signal: AbortSignal
}

/** An answer that is no success. */
export class Answered extends Error {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array

  constructor(status: number, headers: Headers, body: Uint8Array) {
    super(`answered ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}

/** Nothing was sent: credentials are missing, or were not accepted. Not for a network that fails meanwhile. */
export class NoCredentials extends Error {}

/** A successful answer, as the client's callbacks get it. */
export interface Response {
  readonly statusCode: number
  readonly headers: Headers
}

export interface TransportOptions {
  readonly anonymous: boolean
  readonly http: Pick<Http, 'once'>
  random(size: number): Uint8Array
}

/**
 * Replaces how `storage` sends its requests. Errors reach its callers as they are thrown here: {@link Answered},
 * {@link NoCredentials}, and ProvErrors where there is no answer.
 *
 * @example replaceTransport(storage, { anonymous: true, http: singleTry(context, 60_000), random: context.random })
 */
export function replaceTransport(storage: Storage, { anonymous, http, random }: TransportOptions): void {
  const never = new AbortController().signal
  const own = storage.makeAuthenticatedRequest
  async function authorization(url: string): Promise<string | undefined> {
    if (anonymous) return undefined
    try {
      return (await own.authClient.getRequestHeaders(url)).get('authorization') ?? undefined
    } catch (cause) {
      throw lossIn(cause) ?? (isNetwork(cause) ? cause : undefined) ?? new NoCredentials('no credentials', { cause })
    }
  }

  async function send(
    request: Request & Partial<Carried>,
  ): Promise<{ readonly body: unknown; readonly response: Response }> {
    const url = urlOf(request)
    const headers = new Headers(headersOf(request))
    const token = await authorization(url)
    if (token !== undefined) headers.set('authorization', token)
    const body = await bodyOf(request, headers, random)
    const answer = await http.once({
      method: request.method ?? 'GET',
      url: new URL(url),
      headers: Object.fromEntries(headers),
      body: typeof body === 'string' ? Buffer.from(body) : body,
      maxBytes: MAX_OBJECT_BYTES,
      signal: request.signal ?? never,
      where: { backend: NAME, operation: 'ask', location: new URL(url).host },
    })
    const given = headersIn(answer)
    const bytes = answer.body
    if (answer.status < 200 || answer.status > 299) throw new Answered(answer.status, given, bytes)
    const isMedia = isRecord(request.qs) && request.qs['alt'] === 'media'
    const isJson = !isMedia && /^application\/json\b/.test(given.get('content-type') ?? '')
    const response = { statusCode: answer.status, headers: given }
    return { body: isJson ? parseBounded(Buffer.from(bytes).toString()) : bytes, response }
  }

  const requester = (request: Request, callback?: unknown): void => {
    if (typeof callback !== 'function') throw new Error('this transport gives no streams')
    send(request).then(
      ({ body, response }) => callback(null, body, response),
      (error: unknown) => callback(error),
    )
  }
  const { getCredentials, authClient } = own
  storage.makeAuthenticatedRequest = Object.assign(requester, { getCredentials, authClient }) as unknown as Requester
}

function isNetwork(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  return /^(?:E(?:CONN|AI_|TIMEDOUT|NOTFOUND|PIPE|HOST|NET)|UND_ERR)/.test(code)
}

function urlOf(request: Request): string {
  const url = new URL(request.uri)
  for (const [name, value] of Object.entries(isRecord(request.qs) ? request.qs : {})) {
    if (value !== undefined && !/^(?:autoPaginate|autoPaginateVal|objectMode)$/.test(name)) {
      url.searchParams.set(name, String(value))
    }
  }
  return url.href
}

function headersOf({ headers }: Request): Record<string, string> {
  const all = headers instanceof Headers ? Object.fromEntries(headers) : isRecord(headers) ? headers : {}
  return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])))
}

/** JSON, or a description and an object (multipart/related), as the API takes uploads. */
async function bodyOf(
  request: Request,
  headers: Headers,
  random: (size: number) => Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
  const { multipart, json } = request
  if (isRecord(json)) {
    headers.set('content-type', 'application/json')
    return JSON.stringify(json)
  }
  if (!Array.isArray(multipart)) return undefined
  const boundary = Buffer.from(random(24)).toString('hex')
  headers.set('content-type', `multipart/related; boundary=${boundary}`)
  const chunks: Uint8Array[] = []
  for (const part of multipart) {
    const { 'Content-Type': type } = part as typeof part & { readonly 'Content-Type'?: string }
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Type: ${type ?? 'application/octet-stream'}\r\n\r\n`))
    if (typeof part.body === 'string') chunks.push(Buffer.from(part.body))
    else for await (const chunk of part.body) chunks.push(chunk)
    chunks.push(Buffer.from('\r\n'))
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return new Uint8Array(Buffer.concat(chunks))
}

function headersIn({ headers }: HttpResponse): Headers {
  const given = new Headers()
  for (const [name, value] of Object.entries(headers)) for (const one of [value ?? []].flat()) given.append(name, one)
  return given
}
