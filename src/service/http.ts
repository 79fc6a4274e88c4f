/**
 * HTTP of a service: routes as data over fastify, which is loaded when a service starts. What every route has is decided here: bounds, closed
 * queries, who is asking, what an answer to a refused request looks like. No answer holds a stack trace or text of another library.
 */
import type { Server as PlainServer } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ProvError } from '../errors.ts'
import { isLoopback } from '../platform/http/addresses.ts'
import { addressOf, clientsOf, contextOf, noteBirths, type TlsMaterial } from './connections.ts'
import { boundAddress, cannotListen, hostAndPort } from './listen.ts'
import { type Answer, type Caller, plainRefusal, type Refusal, type Route } from './route.ts'

/** One request that was answered: for logs and metrics. */
export interface Served {
  readonly method: string
  /** The route's own path: what was asked for may hold a secret. */
  readonly route: string
  readonly status: number
  readonly ms: number
}

export interface HttpOptions {
  /** HOST:PORT. */
  readonly address: string
  readonly routes: readonly Route[]
  readonly tls?: TlsMaterial
  /** Requests at one time; more are answered 503. */
  readonly most: number
  served(one: Served): void
  /** A defect: what was thrown out of an answer. */
  failed(thrown: unknown, route: string): void
}

export interface HttpService {
  /** HOST:PORT, the port as it was given out. */
  readonly address: string
  /** Requests under way. */
  readonly open: number
  /** The certificates that count from now on. Throws what Node.js throws for a pair that does not fit. */
  renew(tls: TlsMaterial): void
  /** From now on each answer ends its connection. */
  drain(): void
  /** Listens no more, and ends once every request is answered. */
  close(): Promise<void>
  /** Ends the connections that are left. */
  abandon(): void
}

const MAX_BODY_BYTES = 1024 * 1024
const REQUEST_MS = 10_000
/** Whoever opens a connection and says nothing must not keep others out for long. */
const HEADERS_MS = 3000
const MAX_HEADER_BYTES = 16_384
const MAX_CONNECTIONS = 4096
/** A stream whose reader takes nothing for so long is over: what lives says so every few seconds. */
const STUCK_MS = 120_000
/** As nginx calls it: nobody was there to take the answer. */
const CLIENT_GONE = 499
const BUSY: Refusal = {
  status: 503,
  code: 'throttled',
  message: 'too many requests at one time; ask again',
  headers: { 'retry-after': '1' },
}
const ODD_QUERY: Refusal = {
  status: 400,
  code: 'usage',
  message: 'the query has a member that this path does not take; a credential goes into the header Authorization',
}

/**
 * Listens. Throws `usage` for what is not HOST:PORT, `config_invalid` where it cannot listen, and what Node.js throws for certificates.
 *
 * @example const http = await openHttp({ address: '127.0.0.1:8080', routes, most: 1000, served, failed })
 */
export async function openHttp(options: HttpOptions): Promise<HttpService> {
  const [host, port] = hostAndPort(options.address)
  const { default: fastify } = await import('fastify')
  const bounds = {
    headersTimeout: HEADERS_MS,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  const { tls } = options
  const app = fastify({
    ...(tls === undefined
      ? { http: bounds }
      : { https: { ...bounds, handshakeTimeout: HEADERS_MS, ...contextOf(tls), ...clientsOf(tls) } }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: 30_000,
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 2000 },
    // The schemas are prov's own, and tested: compiling the schema of schemas would take as long as everything else at the start.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        validateSchema: false,
        meta: false,
      },
    },
    clientErrorHandler(_, socket) {
      // Before its handshake has ended nothing can be said to it, and an answer would wait for that for ever.
      if (tls !== undefined && !state.born.has(socket)) return void socket.destroy()
      if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      // Whoever goes on sending is not listened to.
      socket.destroySoon()
    },
  }) as unknown as FastifyInstance
  const state: State = { open: 0, isDraining: false, generation: 0, born: new WeakMap(), options }
  app.removeContentTypeParser('text/plain')
  guard(app, state)
  for (const route of options.routes) add(app, route, state)
  const server = app.server as PlainServer | SecureServer
  server.maxConnections = MAX_CONNECTIONS
  noteBirths(server, state.born, () => state.generation)
  try {
    await app.listen({ host: await addressOf(host, tls !== undefined), port })
  } catch (error) {
    await app.close()
    throw error instanceof ProvError ? error : cannotListen(error, host, port)
  }
  let current = tls
  return {
    address: boundAddress(server, host),
    get open() {
      return state.open
    },
    renew(next) {
      if ('setSecureContext' in server) server.setSecureContext(contextOf(next))
      // Who was let in by another authority has to come again.
      if (next.clientCa !== current?.clientCa) {
        state.generation++
        server.closeIdleConnections()
      }
      current = next
    },
    drain() {
      state.isDraining = true
    },
    close: () => app.close(),
    abandon: () => server.closeAllConnections(),
  }
}

interface State {
  open: number
  isDraining: boolean
  /** Counts changes of the clients' authorities. */
  generation: number
  /** In which generation a connection was made. */
  readonly born: WeakMap<object, number>
  readonly options: HttpOptions
}

/** What holds for every request, and how what goes wrong is told. */
function guard(app: FastifyInstance, state: State): void {
  const { options } = state
  app.addHook('onRequest', async (request, reply) => {
    state.open++
    reply.raw.once('close', () => {
      state.open--
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE
      options.served({ method: request.method, route: request.routeOptions.url ?? '', status, ms: reply.elapsedTime })
    })
    if (state.isDraining) reply.header('connection', 'close')
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity')
      return tell(reply, request, { status: 415, code: 'usage', message: 'a body is taken as it is, not compressed' })
    if (state.open > options.most) return tell(reply, request, BUSY)
  })
  app.setNotFoundHandler((request, reply) =>
    tell(reply, request, { status: 404, code: 'usage', message: 'there is nothing at this path' }),
  )
  app.setErrorHandler((thrown, request, reply) => {
    const status = statusOf(thrown)
    if (status >= 500) options.failed(thrown, request.routeOptions.url ?? '')
    const code = status >= 500 ? 'internal' : 'usage'
    return tell(reply, request, { status, code, message: SAYING[status] ?? 'the request could not be served' })
  })
}

/** fastify's own errors carry the status; whatever else is thrown is a defect. */
function statusOf(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null) return 500
  if ('validation' in thrown) return 400
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 500
  return status >= 400 && status < 600 ? status : 500
}

const SAYING: Readonly<Record<number, string>> = {
  400: 'the body is not the JSON that this path takes',
  413: 'the body is larger than 1 MB',
  415: 'the body has to be application/json',
}

interface Configured {
  readonly route?: Route
}

function tell(reply: FastifyReply, request: FastifyRequest, refusal: Refusal): FastifyReply {
  const { route } = request.routeOptions.config as Configured
  const answer = route?.refused?.(refusal) ?? plainRefusal(refusal)
  return send(reply, { status: refusal.status, ...answer, headers: { ...refusal.headers, ...answer.headers } })
}

function send(
  reply: FastifyReply,
  { status = 200, type = 'application/json; charset=utf-8', headers, body }: Answer,
): FastifyReply {
  reply
    .code(status)
    .header('content-type', type)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
  if (headers !== undefined) reply.headers({ ...headers })
  return reply.send(
    typeof body === 'string' || body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false }),
  )
}

function add(app: FastifyInstance, route: Route, state: State): void {
  const { method, path, body } = route
  app.route({
    method,
    url: path,
    config: { route } as never,
    ...(body === undefined ? {} : { schema: { body: withoutDialect(body) } }),
    // Before the body is read: nobody sends a megabyte to be refused then.
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      if (reply.sent) return
      const odd = queryOf(request, route) === undefined ? ODD_QUERY : route.allows(callerOf(request, state))
      if (odd !== undefined) return tell(reply, request, odd)
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const gone = new AbortController()
      const onClose = (): void => {
        if (!reply.raw.writableFinished) gone.abort()
      }
      reply.raw.once('close', onClose)
      const answer = await route.answer({
        caller: callerOf(request, state),
        params: request.params as Readonly<Record<string, string>>,
        query: queryOf(request, route) ?? new Map(),
        body: request.body,
        signal: gone.signal,
      })
      if (gone.signal.aborted) return reply.hijack()
      if (typeof answer.body === 'string' || answer.body instanceof Uint8Array) return send(reply, answer)
      // Nobody would read it to its end, and nobody's going would end it.
      if (request.method === 'HEAD') return send(reply, { ...answer, body: '' })
      reply.raw.setTimeout(STUCK_MS)
      return send(reply, answer)
    },
  })
}

/** fastify's validator knows an older dialect, of which the schemas of prov use nothing that differs. */
function withoutDialect({ $schema: _, ...schema }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return schema
}

/** The members of the query, or undefined where one is not known here. */
function queryOf(request: FastifyRequest, { query = [] }: Route): ReadonlyMap<string, readonly string[]> | undefined {
  const entries = Object.entries(request.query as Readonly<Record<string, string | readonly string[]>>)
  if (entries.some(([name]) => !query.includes(name))) return undefined
  return new Map(entries.map(([name, value]) => [name, [value].flat()]))
}

/** Worked out when a route asks: most ask for one of the three. */
function callerOf(request: FastifyRequest, { generation, born }: State): Caller {
  const socket = request.raw.socket as Partial<TLSSocket> & FastifyRequest['raw']['socket']
  return {
    get isLocal() {
      const host = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? ''
      return isLoopback(socket.remoteAddress?.replace(/^::ffff:/, '') ?? '') && isLoopback(host)
    },
    get hasCertificate() {
      return socket.encrypted === true && socket.authorized === true && born.get(socket) === generation
    },
    get authorization() {
      return request.headers.authorization
    },
  }
}
