/**
 * The state API of a Dapr sidecar, as docs.dapr.io/reference/api/state_api has it: GET (200 with the JSON that was kept, 204 for none), POST of a
 * list (204), DELETE (204), 400 for a store that is not configured; `ttlInSeconds` in the metadata of an item. No time but the one that is given.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface DaprState extends AsyncDisposable {
  /** `http://HOST:PORT`. */
  readonly base: string
  /** Every request so far: `GET /v1.0/state/…`. */
  readonly seen: readonly string[]
  readonly values: Map<string, { readonly json: string; readonly until: number }>
  /** Every request is answered so; undefined: as it should be. */
  fail?: { readonly status?: number; readonly delayMs?: number; readonly body?: string } | undefined
}

const STORE = 'verdicts'

/** @example await using dapr = await startDaprState(Date.now); dapr.fail = { status: 500 } */
export async function startDaprState(now: () => number, token?: string): Promise<DaprState> {
  const seen: string[] = []
  const values: DaprState['values'] = new Map()
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    void answer(request, response)
  })
  const state: DaprState = {
    get base() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    seen,
    values,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const { fail } = state
    if (fail?.delayMs !== undefined) await new Promise((later) => setTimeout(later, fail.delayMs).unref())
    if (fail !== undefined) return void response.writeHead(fail.status ?? 200).end(fail.body)
    if (token !== undefined && request.headers['dapr-api-token'] !== token) return void response.writeHead(401).end()
    const [, store, key] = /^\/v1\.0\/state\/([^/]+)(?:\/([^/]+))?$/.exec(request.url ?? '') ?? []
    if (store !== STORE) {
      return void response.writeHead(400).end('{"errorCode":"ERR_STATE_STORE_NOT_FOUND","message":"not found"}')
    }
    if (request.method === 'POST') {
      for (const item of JSON.parse(body) as readonly Item[]) keep(item)
      return void response.writeHead(204).end()
    }
    const name = decodeURIComponent(key ?? '')
    if (request.method === 'DELETE') {
      values.delete(name)
      return void response.writeHead(204).end()
    }
    const found = values.get(name)
    if (found === undefined || found.until <= now()) return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'application/json', etag: '"1"' }).end(found.json)
  }

  function keep({ key, value, metadata }: Item): void {
    const seconds = Number(metadata?.ttlInSeconds ?? 0)
    values.set(key, {
      json: JSON.stringify(value),
      until: seconds > 0 ? now() + seconds * 1000 : Number.POSITIVE_INFINITY,
    })
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return state
}

interface Item {
  readonly key: string
  readonly value: unknown
  readonly metadata?: { readonly ttlInSeconds?: string }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
