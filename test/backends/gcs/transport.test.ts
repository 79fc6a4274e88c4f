/** The HTTP put under Google's client: who is authorised, what is sent, and where it ends. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Storage } from '@google-cloud/storage'
import { expect, it, onTestFinished } from 'vitest'
import { Answered, NoCredentials, replaceTransport } from '../../../backends/gcs/transport.ts'

interface Seen {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server that answers everything with this, and tells what it saw. */
async function listening(status: number, body: string): Promise<{ readonly endpoint: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    seen.push({ url: request.url ?? '', headers: request.headers, body: text })
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function client(endpoint: string, anonymous: boolean, headersOf: () => Promise<Headers>): Storage {
  const storage = new Storage({ apiEndpoint: endpoint, retryOptions: { autoRetry: false, maxRetries: 0 } })
  Object.assign(storage.makeAuthenticatedRequest.authClient, { getRequestHeaders: headersOf })
  replaceTransport(storage, { anonymous, random: (size) => new Uint8Array(size).fill(7) })
  return storage
}

const token = async () => new Headers({ authorization: 'Bearer planted' })

it('sends the token of the application default credentials', async () => {
  const { endpoint, seen } = await listening(200, '{"generation":"7"}')
  await client(endpoint, false, token).bucket('b').file('a/é +?').getMetadata()
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer planted'])
  expect(seen[0]?.url).toMatch(/\/storage\/v1\/b\/b\/o\/a%2F%C3%A9%20%2B%3F(\?|$)/)
})

it('asks for no credentials where none are wanted', async () => {
  const { endpoint, seen } = await listening(200, '{"generation":"7"}')
  const never = (): never => {
    throw new Error('asked')
  }
  await client(endpoint, true, never).bucket('b').file('a').getMetadata()
  expect(seen[0]?.headers.authorization).toBeUndefined()
})

it('sends nothing without the credentials it needs', async () => {
  const { endpoint, seen } = await listening(200, '{}')
  const none = async (): Promise<never> => {
    throw new Error('Could not load the default credentials')
  }
  await expect(client(endpoint, false, none).bucket('b').file('a').getMetadata()).rejects.toBeInstanceOf(NoCredentials)
  expect(seen).toEqual([])
})

it('uploads an object as one request of two parts, byte for byte', async () => {
  const { endpoint, seen } = await listening(200, '{"generation":"7"}')
  const file = client(endpoint, true, token).bucket('b').file('a')
  await file.save(Buffer.from('--\r\nx'), {
    resumable: false,
    validation: false,
    metadata: { contentType: 'application/octet-stream' },
    preconditionOpts: { ifGenerationMatch: 0 },
  })
  expect(seen).toHaveLength(1)
  expect(seen[0]?.url).toMatch(/^\/upload\/storage\/v1\/b\/b\/o\?/)
  expect(seen[0]?.url).toContain('ifGenerationMatch=0')
  expect(seen[0]?.body).toMatch(/\r\n\r\n--\r\nx\r\n--[0-9a-f]+--\r\n$/)
  expect(file.metadata.generation).toBe('7')
})

it('follows no redirect', async () => {
  const { endpoint, seen } = await listening(307, '{}')
  const call = client(endpoint, false, token).bucket('b').file('a').getMetadata()
  await expect(call).rejects.toBeInstanceOf(Answered)
  expect(seen).toHaveLength(1)
})
