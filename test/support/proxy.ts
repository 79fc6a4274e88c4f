/**
 * An HTTP proxy in front of a registry on loopback that counts requests and breaks some of them. Clients are given its
 * endpoint as the registry; their Host header goes through unchanged, so upload Locations point back to the proxy.
 */
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  /** 1 for the first request since the proxy was started or reset. */
  readonly index: number
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What happens to one request. Without an action it is passed on and answered. */
export type Action =
  /** The connection ends: `before` the registry saw the request, or `after` it has answered. `first` runs just before. */
  | { readonly cut: 'before' | 'after'; readonly first?: () => void | Promise<void> }
  /** Answered by the proxy; the registry sees nothing. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Never answered; the registry sees nothing. */
  | { readonly hang: true }
  /** Passed on after so many milliseconds. */
  | { readonly delayMs: number }
  /** The registry's answer with another body. */
  | { readonly tamper: (body: Buffer) => Buffer }

export type Rule = (seen: Seen) => Action | undefined

export interface Proxy extends AsyncDisposable {
  /** HOST:PORT, as in an image reference. */
  readonly endpoint: string
  /** Every request so far. */
  readonly seen: readonly Seen[]
  /** Replaces the rule; undefined passes everything on. */
  use(rule: Rule | undefined): void
  /** Forgets the requests seen: the next one has index 1. */
  reset(): void
  close(): Promise<void>
}

/** @example proxy.use(cutBefore(3)) */
export const cutBefore =
  (n: number, first?: () => void | Promise<void>): Rule =>
  ({ index }) =>
    index === n ? { cut: 'before', ...(first === undefined ? {} : { first }) } : undefined

/** @example proxy.use(cutAfter(3, () => { child.kill('SIGKILL') })) */
export const cutAfter =
  (n: number, first?: () => void | Promise<void>): Rule =>
  ({ index }) =>
    index === n ? { cut: 'after', ...(first === undefined ? {} : { first }) } : undefined

export const isManifestPut = ({ method, path }: Seen): boolean => method === 'PUT' && path.includes('/manifests/')

/**
 * Delays a third of the manifest PUTs by up to `upToMs`; `random` gives numbers from 0 to below 1.
 *
 * @example proxy.use(lateManifests(400, Math.random))
 */
export const lateManifests =
  (upToMs: number, random: () => number): Rule =>
  (seen) =>
    isManifestPut(seen) && random() < 1 / 3 ? { delayMs: Math.ceil(random() * upToMs) } : undefined

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)))
}

async function forward(agent: Agent, target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const [hostname, port] = target.split(':')
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { ...withoutHops(incoming.headers), 'content-length': body.length }
  const outgoing = request({ agent, hostname, port, method: incoming.method, path: incoming.url, headers }, resolve)
  outgoing.on('error', reject)
  outgoing.end(body)
  const answer = await promise
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bodyOf(answer) }
}

function reply(response: ServerResponse, method: string, { status, headers, body }: Answer): void {
  const length = method === 'HEAD' ? headers['content-length'] : body.length
  const all = {
    ...withoutHops(headers),
    ...(length === undefined || status === 204 ? {} : { 'content-length': length }),
  }
  response.writeHead(status, all).end(method === 'HEAD' ? undefined : body)
}

/**
 * Starts a proxy before `target` (HOST:PORT) on a port of its own.
 *
 * @example
 * await using proxy = await startProxy(registry('distribution'))
 * proxy.use(({ method }) => (method === 'PUT' ? { status: 429, headers: { 'retry-after': '1' } } : undefined))
 */
export async function startProxy(target: string, initial?: Rule): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true })
  const seen: Seen[] = []
  let rule = initial

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = incoming
    const one: Seen = { index: seen.length + 1, method, path: url, headers }
    seen.push(one)
    const action = rule?.(one)
    const body = await bodyOf(incoming)
    const cut = async (first?: () => void | Promise<void>): Promise<void> => {
      await first?.()
      incoming.socket.destroy()
    }
    if (action !== undefined && 'hang' in action) return
    if (action !== undefined && 'cut' in action && action.cut === 'before') return cut(action.first)
    if (action !== undefined && 'status' in action) {
      const said = Buffer.from(action.body ?? '')
      return reply(response, method, { status: action.status, headers: { ...action.headers }, body: said })
    }
    if (action !== undefined && 'delayMs' in action) await new Promise((wake) => setTimeout(wake, action.delayMs))
    const answer = await forward(agent, target, incoming, body)
    if (action !== undefined && 'cut' in action) return cut(action.first)
    reply(
      response,
      method,
      action !== undefined && 'tamper' in action ? { ...answer, body: action.tamper(answer.body) } : answer,
    )
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const close = async (): Promise<void> => {
    agent.destroy()
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    use(next) {
      rule = next
    },
    reset() {
      seen.length = 0
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
