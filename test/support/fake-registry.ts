/** Small HTTP servers for what no real registry does on command. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Fake {
  /** HOST:PORT. */
  readonly host: string
  /** What was asked, oldest first: `GET /v2/…`, with its Authorization header. */
  readonly seen: { readonly line: string; readonly authorization: string | undefined; readonly body: string }[]
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** Serves until the test ends. @example const fake = await serve((request, response) => response.end('{}')) */
export async function serve(answer: Answer, listen = '127.0.0.1'): Promise<Fake> {
  const seen: Fake['seen'] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      seen.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization, body })
      answer(request, response, body)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, listen, done))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** Answers with a status, headers and a body. */
export function reply(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): void {
  response.writeHead(status, headers)
  response.end(body)
}
