/** Only the service's own 404 about the object is absence; and requests go by the proxy of the environment. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/gcs/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function at(endpoint: string, env: Readonly<Record<string, string>> = {}) {
  const context = testContext({ 'storage.gcs.bucket': 'b', 'storage.gcs.endpoint': endpoint })
  const backend = open({ ...context, env })
  onTestFinished(() => backend.close())
  return { backend, slot: backend.slots(aboutOf('raw', run, image))[0] as Slot }
}

test.each([
  ['text/html; charset=UTF-8', 'No such object: b/taskrun'],
  ['application/json', '{"error":{"code":404,"message":"No such object: b/x","errors":[{"reason":"notFound"}]}}'],
])('absent, as Google says it: %s', async (type, body) => {
  const host = await listening((_, response) => response.writeHead(404, { 'content-type': type }).end(body))
  const { backend, slot } = at(`http://${host}`)
  expect(await look(backend, slot)).toEqual([])
})

test.each([
  ['text/html', '<html>default backend - 404</html>'],
  ['text/plain', 'default backend - 404'],
  ['text/plain', '404 page not found'],
  ['application/json', '{"message":"no Route matched with those values"}'],
  ['application/json', ''],
])('not absent: %s %s', async (type, body) => {
  const host = await listening((_, response) => response.writeHead(404, { 'content-type': type }).end(body))
  const { backend, slot } = at(`http://${host}`)
  await expectCode(() => look(backend, slot), 'response_invalid')
})

test('plain http goes through the proxy too, unless NO_PROXY names the network', async () => {
  const seen: string[] = []
  const proxy = await listening((request, response) => {
    seen.push(`${request.method} ${request.url?.split('?')[0]}`)
    response.writeHead(404, { 'content-type': 'text/html' }).end('No such object: b/x')
  })
  const through = at('http://gcs.example.invalid', { HTTP_PROXY: proxy })
  expect(await look(through.backend, through.slot)).toEqual([])
  expect(seen[0]).toMatch(/^GET http:\/\/gcs\.example\.invalid\/storage\/v1\/b\/b\/o\//)
  seen.length = 0
  const around = at('http://gcs.example.invalid', { HTTP_PROXY: proxy, NO_PROXY: '.invalid' })
  await expectCode(() => look(around.backend, around.slot), 'unreachable')
  expect(seen).toEqual([])
})
