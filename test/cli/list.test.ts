/** `prov list` before a store that does not answer. */
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { provHere } from '../support/in-process.ts'

test('--timeout ends the wait for one request, and no place is said to be empty', { timeout: 40_000 }, async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const set = ['--set', `storage.oci.repository=127.0.0.1:${port}/acme/copies`, '--set', 'storage.retries=0']
  // Without the flag a request may take 60 s, longer than this test.
  const { code, stdout } = await provHere(['list', '--storage', 'oci', ...set, '--timeout', '1', '--json'])
  expect(code).toBe(6)
  expect(JSON.parse(stdout)).toMatchObject({ exit: 6, error: { code: 'timed_out', backend: 'oci' } })
})
