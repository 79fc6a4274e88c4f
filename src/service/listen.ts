/** The few pages of a worker: /metrics, /healthz and /readyz over plain HTTP, for the machine or the cluster that it runs in. */
import { createServer, type Server } from 'node:http'
import { ProvError } from '../errors.ts'
import { fileErrorCode } from '../platform/fs/files.ts'

export interface Page {
  readonly status: number
  readonly type?: string
  readonly body: string
}

export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>

export interface Listening {
  /** HOST:PORT, the port as it was given out. */
  readonly address: string
  close(): Promise<void>
}

const REQUEST_MS = 10_000
/** Whoever opens a connection and says nothing must not keep a probe out for long. */
const HEADERS_MS = 3000
const MAX_HEADER_BYTES = 8192

/**
 * Serves these pages to GET and HEAD. Throws `usage` for what is not HOST:PORT, and `config_invalid` where it cannot listen.
 *
 * @example const pages = await listenAt('127.0.0.1:9090', { '/healthz': () => ({ status: 200, body: 'ok\n' }) })
 */
export async function listenAt(address: string, pages: Pages): Promise<Listening> {
  const [host, port] = hostAndPort(address)
  const server = createServer(
    {
      requestTimeout: REQUEST_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 5000,
    },
    (request, response) => {
      request.resume()
      const path = (request.url ?? '').split('?', 1)[0] ?? ''
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      const answer = async (): Promise<Page> => {
        if (page === undefined) return { status: 404, body: 'not found\n' }
        if (!isRead) return { status: 405, body: 'only GET\n' }
        return page()
      }
      answer()
        .catch(() => ({ status: 500, body: 'failed\n' }))
        .then(({ status, body, type = 'text/plain; charset=utf-8' }: Page) => {
          response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
          response.end(request.method === 'HEAD' ? undefined : body)
        })
    },
  )
  server.maxConnections = 100
  await begun(server, host, port)
  return {
    address: boundAddress(server, host),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Throws `usage` for what is not HOST:PORT. @example hostAndPort('[::1]:8443') // ['::1', 8443] */
export function hostAndPort(address: string): readonly [string, number] {
  const [, six, four, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})$/.exec(address) ?? []
  const [host, port] = [six ?? four, Number(digits)]
  if (host !== undefined && port <= 65_535) return [host, port]
  throw new ProvError('usage', 'an address to listen at is HOST:PORT', { hint: 'for example 127.0.0.1:9090' })
}

function begun(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, host, port)))
    server.listen(port, host, () => resolve())
  })
}

/** What keeps a service from listening. @example throw cannotListen(error, '0.0.0.0', 8443) */
export function cannotListen(cause: unknown, host: string, port: number): ProvError {
  const code = fileErrorCode(cause)
  const why =
    code === 'EADDRINUSE'
      ? 'the port is in use'
      : code === 'EACCES'
        ? 'permission denied'
        : 'the address is not one of this machine'
  return new ProvError('config_invalid', `cannot listen at ${host}:${port}: ${why}`, { cause })
}

/** HOST:PORT of a server that listens, the port as it was given out. @example boundAddress(server, '127.0.0.1') // '127.0.0.1:41234' */
export function boundAddress(server: Pick<Server, 'address'>, host: string): string {
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
