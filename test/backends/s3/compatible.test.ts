/** Services that speak S3 and are not AWS: what they lack is said, with what helps; and what stands before them is no absence. */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/s3/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { calm, expectCode, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const entry = sampleEntry('raw', run, image)
const AWS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

async function listening(listener: RequestListener): Promise<{ readonly port: number; readonly lines: string[] }> {
  const lines: string[] = []
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  server.on('connect', (request, socket) => {
    lines.push(`CONNECT ${request.url}`)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, lines }
}

type Habit = 'no checksums' | 'no conditions' | 'neither'

/** As little of S3 as is needed, without one thing or another. */
async function odd(habit: Habit) {
  const objects = new Map<string, Buffer>()
  return listening(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { pathname } = new URL(request.url ?? '', 'http://x')
    const { headers, method } = request
    const fail = (status: number, code: string) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)
    const checked = Object.keys(headers).some((name) => /^x-amz-(?:checksum|sdk-checksum)/.test(name))
    const conditional = headers['if-none-match'] !== undefined || headers['if-match'] !== undefined
    if (method === 'PUT' && checked && habit !== 'no conditions') return fail(400, 'InvalidRequest')
    if (method === 'PUT' && conditional && habit !== 'no checksums') return fail(501, 'NotImplemented')
    if (method === 'PUT' && headers['if-none-match'] && objects.has(pathname)) return fail(412, 'PreconditionFailed')
    if (method === 'PUT') {
      objects.set(pathname, Buffer.concat(chunks))
      return response.writeHead(200, { etag: `"${objects.size}-${Math.random()}"` }).end()
    }
    if (method === 'DELETE') {
      objects.delete(pathname)
      return response.writeHead(204).end()
    }
    return fail(404, 'NoSuchKey')
  })
}

const backendAt = (endpoint: string, env: Readonly<Record<string, string>> = {}) => {
  const backend = open(testContext({ 'storage.s3.bucket': 'b', 'storage.s3.endpoint': endpoint }, { ...AWS, ...env }))
  onTestFinished(() => backend.close())
  return { backend, slot: backend.slots(aboutOf('raw', run, image))[0] as Slot }
}

test('a service that refuses checksums: the hint names the variable, and with it the copy is written', async () => {
  const { port } = await odd('no checksums')
  const { backend, slot } = backendAt(`http://127.0.0.1:${port}`)
  const error = await expectCode(() => backend.put(slot, entry, calm()), 'response_invalid')
  expect(error.hint).toContain('AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED')
  const other = backendAt(`http://127.0.0.1:${port}`, { AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED' })
  await other.backend.put(slot, entry, calm()).catch((thrown: unknown) => {
    expect(String(thrown)).not.toContain('InvalidRequest')
  })
})

test('501 is not_supported, which no retry heals, and says what may be missing', async () => {
  const { port } = await odd('no conditions')
  const { backend, slot } = backendAt(`http://127.0.0.1:${port}`)
  const error = await expectCode(() => backend.put(slot, entry, calm()), 'not_supported')
  expect(error.retryable).toBe(false)
  expect(error.hint).toMatch(/conditional writes.*AWS_REQUEST_CHECKSUM_CALCULATION/)
})

test.each([
  ['no checksums', /refuses checksums/, /conditional/],
  ['no conditions', /knows no conditional writes/, /checksums/],
  ['neither', /refuses checksums.*knows no conditional writes/, /^$/],
] as const)('doctor says which is missing: %s', async (habit, says, not) => {
  const { port, lines } = await odd(habit)
  const { backend } = backendAt(`http://127.0.0.1:${port}`)
  const { checks = [] } =
    (await backend.diagnose?.({
      ...calm(),
      readOnly: false,
      artifacts: [],
      madeUpImage: () => sampleImage('r.example/a', 'x'),
    })) ?? {}
  const check = checks.find((one) => one.check === 'conditional-write')
  expect(check).toMatchObject({ outcome: 'failed', error: { code: 'not_supported' } })
  expect(check?.error?.message).toMatch(says)
  expect(check?.error?.message).not.toMatch(not)
  expect(lines.at(-1)).toMatch(/^DELETE .*\.ability/)
})

test.each([
  ['text/html', '<html><body>default backend - 404</body></html>'],
  ['text/plain', 'default backend - 404'],
  ['application/json', '{"message":"no Route matched with those values"}'],
  ['application/xml', ''],
])('a 404 of what stands before the service is no absence: %s', async (type, body) => {
  const { port } = await listening((_, response) => response.writeHead(404, { 'content-type': type }).end(body))
  const { backend, slot } = backendAt(`http://127.0.0.1:${port}`)
  const error = await expectCode(() => look(backend, slot), 'response_invalid')
  expect(error.message).toContain('404')
})

test('the proxy of the environment is used, and NO_PROXY heeded', async () => {
  const proxy = await listening((_, response) => response.writeHead(502).end())
  const env = { HTTPS_PROXY: `127.0.0.1:${proxy.port}`, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
  const { backend, slot } = backendAt('https://s3.example.invalid', env)
  const error = await expectCode(() => look(backend, slot), 'unreachable')
  expect(proxy.lines).toContain('CONNECT s3.example.invalid:443')
  expect(error.message).toContain('s3.example.invalid')
  const unused = await listening((_, response) => response.writeHead(502).end())
  const except = { HTTPS_PROXY: `http://127.0.0.1:${unused.port}`, NO_PROXY: 'example.invalid' }
  await expectCode(() => look(backendAt('https://s3.example.invalid', except).backend, slot), 'unreachable')
  expect(unused.lines).toEqual([])
})

test('a closed port is named, and said in words', async () => {
  const { port } = await listening((_, response) => response.end())
  const closed = await new Promise<number>((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const free = (server.address() as AddressInfo).port
      server.close(() => done(free))
    })
  })
  connect(port, '127.0.0.1').destroy()
  const { backend, slot } = backendAt(`http://127.0.0.1:${closed}`)
  const error = await expectCode(() => look(backend, slot), 'unreachable')
  expect(error.message).toBe(`127.0.0.1:${closed} could not be reached: connection refused`)
})
