/** gRPC goes by the proxy of the environment, as every other client; and past it, where NO_PROXY says so. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openFirestore } from '../../../backends/docdb/firestore/store.ts'
import { grpcRoute } from '../../../backends/shared/grpc.ts'
import { scratch } from '../../support/scratch.ts'

/** A proxy that says no, and what it was asked for. */
async function refusing(): Promise<{ readonly address: string; readonly lines: string[] }> {
  const lines: string[] = []
  const server = createServer((_, response) => response.writeHead(502).end())
  server.on('connect', (request, socket) => {
    lines.push(`${request.url} ${request.headers['proxy-authorization'] ?? '-'}`)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, lines }
}

/** A key of a service account that nobody has. */
function keyFile(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const file = join(scratch(), 'key.json')
  const key = {
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'k',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'nobody@p.iam.gserviceaccount.com',
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
  }
  writeFileSync(file, JSON.stringify(key))
  return file
}

const contextOf = (env: Readonly<Record<string, string>>) => ({
  env,
  now: Date.now,
  random: (size: number) => new Uint8Array(size),
  debug: () => {},
})

test('Firestore', async () => {
  const proxy = await refusing()
  const database = 'projects/p/databases/(default)'
  const target = {
    engine: 'firestore',
    database,
    collection: `${database}/documents/c`,
    keepsName: false,
    emulator: undefined,
    keyFile: keyFile(),
    requestMs: 3000,
  } as const
  const store = openFirestore(target as never, contextOf({ HTTPS_PROXY: `user:pass@${proxy.address}` }))
  onTestFinished(() => store.close())
  const end = await store.get(['k'], { signal: new AbortController().signal }).catch((thrown: unknown) => thrown)
  expect(end).toMatchObject({ code: expect.stringMatching(/^(?:unreachable|timed_out)$/) })
  const login = `Basic ${Buffer.from('user:pass').toString('base64')}`
  expect(proxy.lines).toContain(`firestore.googleapis.com:443 ${login}`)
})

test('the way that gRPC takes', async () => {
  const straight = { servicePath: 'pubsub.googleapis.com', port: 443, 'grpc.enable_http_proxy': 0 }
  const way = (env: Readonly<Record<string, string>>) => grpcRoute('pubsub.googleapis.com', { env })
  expect(await way({})).toEqual(straight)
  expect(await way({ HTTPS_PROXY: 'p.example:3128', NO_PROXY: 'googleapis.com' })).toEqual(straight)
  expect(await way({ https_proxy: 'p.example:3128' })).toEqual({
    ...straight,
    servicePath: 'p.example',
    port: 3128,
    'grpc.http_connect_target': 'dns:pubsub.googleapis.com:443',
    'grpc.default_authority': 'pubsub.googleapis.com',
  })
  for (const HTTPS_PROXY of ['https://p.example', 'socks5://p.example']) {
    await expect(way({ HTTPS_PROXY })).rejects.toMatchObject({ code: 'config_invalid' })
  }
})
