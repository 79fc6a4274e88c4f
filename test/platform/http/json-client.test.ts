import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { jsonApi } from '../../../src/platform/http/json-client.ts'

async function answering(status: number, body = '') {
  const server = createServer((_, response) => response.writeHead(status, { 'retry-after': '60' }).end(body))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const context = { env: {}, now: Date.now, random: (size: number) => new Uint8Array(size), debug: () => {} }
  const api = jsonApi({ backend: 'a-service', base: `http://${host}`, requestMs: 20_000 }, context)
  onTestFinished(() => api.close())
  const call = { method: 'GET', path: '/x', operation: 'look', location: 'there' } as const
  return { host, ask: () => api.call({ ...call, signal: new AbortController().signal }) }
}

test.each([
  [401, 'denied'],
  [404, 'target_unwritable'],
  [409, 'conflict'],
  [413, 'entry_too_large'],
  [429, 'throttled'],
  [501, 'not_supported'],
  [503, 'server_error'],
  [418, 'response_invalid'],
] as const)('%i is %s, said of the host that answered, in the words of this service', async (status, code) => {
  const { host, ask } = await answering(status, '{"error":{"status":"A_WORD"}}')
  const said = code === 'denied' ? '' : ': A_WORD'
  await expect(ask()).rejects.toMatchObject({
    code,
    backend: 'a-service',
    operation: 'look',
    location: 'there',
    message: `${host} answered ${status}${said}`,
    retryAfterMs: 60_000,
  })
})
