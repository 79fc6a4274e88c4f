/** A few verbs of an API server over plain HTTP, in memory: for trouble that a real one does not make on demand. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | object
}

export type Rule = (seen: Seen) => Answer | 'hang' | 'cut' | undefined | Promise<Answer | undefined>

export interface FakeApi {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly seen: readonly Seen[]
  /** Objects by path, changed in place by tests as another client would. */
  readonly objects: Map<string, KubeObject>
  /** Asked before every request; undefined lets it through. */
  use(rule: Rule | undefined): void
}

export interface KubeObject {
  readonly [key: string]: unknown
  readonly metadata: {
    readonly uid: string
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly [key: string]: unknown
  }
}

/** The body of an error, as apimachinery makes it. */
export function status(code: number, reason: string, more: object = {}): Answer {
  return { status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, ...more } }
}

/** One that ends with the test. @example const api = await fakeApi(); api.objects.set(path, object) */
export async function fakeApi(): Promise<FakeApi> {
  const objects = new Map<string, KubeObject>()
  const seen: Seen[] = []
  let rule: Rule | undefined
  const server = createServer(async (request, response) => {
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: await text(request),
    }
    seen.push(one)
    const ruled = await rule?.(one)
    if (ruled === 'hang') return
    if (ruled === 'cut') return void request.socket.destroy()
    reply(response, ruled ?? serve(objects, one))
  })
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, seen, objects, use: (next) => (rule = next) }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function reply(response: ServerResponse, { status: code, headers, body = '' }: Answer): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

function serve(objects: Map<string, KubeObject>, { method, path, body }: Seen): Answer {
  const [name = '', query = ''] = path.split('?')
  const found = objects.get(name)
  if (method === 'GET' && found === undefined && /runs$/.test(name))
    return listed(objects, name, new URLSearchParams(query))
  if (found === undefined) return status(404, 'NotFound', { details: { name } })
  if (method === 'GET') return { status: 200, body: found }
  const { metadata } = JSON.parse(body) as { metadata: KubeObject['metadata'] }
  if (metadata.resourceVersion !== found.metadata.resourceVersion) return status(409, 'Conflict')
  if (metadata.uid !== found.metadata.uid)
    return status(422, 'Invalid', { details: { causes: [{ field: 'metadata.uid' }] } })
  const annotations = Object.fromEntries(
    Object.entries({ ...found.metadata.annotations, ...metadata.annotations }).filter(([, value]) => value !== null),
  )
  const changed = { ...found, metadata: { ...found.metadata, annotations, resourceVersion: next(found) } }
  objects.set(name, changed)
  return { status: 200, body: changed }
}

/** The version after this one. */
export function next(object: KubeObject): string {
  return String(Number(object.metadata.resourceVersion) + 1)
}

function listed(objects: Map<string, KubeObject>, path: string, query: URLSearchParams): Answer {
  const plural = path.slice(path.lastIndexOf('/'))
  const within = path.slice(0, -plural.length)
  const all = [...objects].filter(([name]) => name.startsWith(within) && name.includes(`${plural}/`))
  const from = Number(query.get('continue') ?? 0)
  const to = from + Number(query.get('limit') ?? all.length)
  const rest = to < all.length ? { continue: String(to) } : {}
  const items = all.slice(from, to).map(([, object]) => object)
  return {
    status: 200,
    body: { kind: 'List', apiVersion: 'v1', metadata: rest, items: items.length === 0 ? null : items },
  }
}
