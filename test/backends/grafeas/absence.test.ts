/** Only Grafeas' own 404 of a note means that it has no occurrences; and the clock is asked by the same way as everything else. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/grafeas/backend.ts'
import { clockAt } from '../../../backends/shared/clock.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { calm, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleImage, sampleRun } from '../../conformance/samples.ts'

async function answering(status: number, type: string, body: string) {
  const lines: string[] = []
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`)
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, lines }
}

const contextOf = (settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) => ({
  setting: (key: string) => settings[key],
  env,
  now: Date.now,
  random: (size: number) => new Uint8Array(size),
  debug: () => {},
})

function reading(host: string) {
  const settings = { 'storage.grafeas.projectid': 'p', 'storage.grafeas.endpoint': `http://${host}` }
  const backend = open(contextOf(settings))
  onTestFinished(() => backend.close())
  const image = sampleImage('registry.example/acme/app', 'app')
  const slot = backend.slots(aboutOf('dsse', sampleRun('build-1', image), image))[0] as Slot
  return look(backend, slot)
}

test.each(['{"error":{"code":404,"status":"NOT_FOUND","message":"m"}}', '{"code":5,"message":"m","details":[]}'])(
  'absent: %s',
  async (body) => {
    const { host } = await answering(404, 'application/json', body)
    expect(await reading(host)).toEqual([])
  },
)

test.each([
  ['text/html', '<html>default backend - 404</html>'],
  ['text/plain', '404 page not found'],
  ['application/json', '{"message":"no Route matched"}'],
  ['application/json', ''],
])('not absent: %s %s', async (type, body) => {
  const { host } = await answering(404, type, body)
  const error = await expectCode(() => reading(host), 'response_invalid')
  expect(error.message).toContain(host)
})

test('the time is asked for through the proxy, and never of a metadata address', async () => {
  const proxy = await answering(200, 'text/plain', '')
  const context = contextOf({}, { HTTP_PROXY: proxy.host })
  const { signal } = calm()
  expect(await clockAt('http://service.example.invalid/', context, signal)).toMatchObject({ outcome: 'ok' })
  expect(proxy.lines).toEqual(['HEAD http://service.example.invalid/'])
  expect(await clockAt('http://169.254.169.254/', context, signal)).toMatchObject({ outcome: 'skipped' })
  expect(proxy.lines).toHaveLength(1)
})
