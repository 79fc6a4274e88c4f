/** The HTTP under the clients of AWS's SDK: prov's own, so that proxies, certificates and bounds are those of every other client. */
import { Readable } from 'node:stream'
import { ProvError } from '../../src/errors.ts'
import type { HttpContext } from '../../src/platform/http/context.ts'
import { singleTry } from '../../src/platform/http/single.ts'

/** What the SDK hands to a request handler (smithy's HttpRequest), as far as it is needed. */
export interface AwsRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface AwsHttpOptions {
  readonly requestMs: number
  /** Largest answer, in bytes. */
  readonly maxBytes: number
  /** Name of the backend, for errors. */
  readonly backend: string
}

/**
 * A `requestHandler` for clients of the SDK. Errors reach the SDK's callers as ProvErrors; statuses are the SDK's to judge.
 *
 * @example new S3Client({ requestHandler: awsHttp({ requestMs: 60_000, maxBytes: 1e6, backend: 's3' }, context) })
 */
export function awsHttp({ requestMs, maxBytes, backend }: AwsHttpOptions, context: HttpContext) {
  const http = singleTry(context, requestMs)
  const never = new AbortController().signal
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: AwsRequest, options: { readonly abortSignal?: unknown } = {}) {
      const { abortSignal } = options
      const url = urlOf(request)
      const answer = await http.once({
        method: request.method,
        url,
        headers: headersOf(request.headers),
        body: await bytesOf(request.body),
        maxBytes,
        signal: abortSignal instanceof AbortSignal ? abortSignal : never,
        where: { backend, operation: request.method, location: url.host },
      })
      const headers = Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      )
      return {
        response: {
          statusCode: answer.status,
          headers,
          body: Readable.from([Buffer.from(answer.body)], { objectMode: false }),
        },
      }
    },
    destroy: () => http.close(),
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  }
}

/** Path and query are encoded already, and were signed so. */
function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): URL {
  const parts = Object.keys(query)
    .sort()
    .flatMap((name) => {
      const value = query[name]
      const key = encoded(name)
      if (value === null || value === undefined) return [key]
      return [value].flat().map((item) => `${key}=${encoded(item)}`)
    })
  const at = port === undefined ? '' : `:${port}`
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  const text = `${protocol}//${host}${at}${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`
  const url = URL.parse(text)
  if (url === null) throw new ProvError('config_invalid', 'the endpoint is not a URL', { location: hostname })
  return url
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The length is set from the body; nobody waits for leave to send it. */
function headersOf(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const left = ['content-length', 'expect', 'host']
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.includes(name.toLowerCase())))
}

async function bytesOf(body: unknown): Promise<Uint8Array | undefined> {
  if (body === undefined || body === null) return undefined
  if (body instanceof Uint8Array) return body
  if (typeof body === 'string') return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) chunks.push(Buffer.from(chunk as string))
  return Buffer.concat(chunks)
}
