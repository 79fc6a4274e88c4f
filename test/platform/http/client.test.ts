import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ProvError } from '../../../src/errors.ts'
import { createHttp, type Http, type HttpOptions, type HttpRequest } from '../../../src/platform/http/client.ts'
import { retryAfterMs } from '../../../src/platform/http/retry-after.ts'

interface Seen {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function serve(listener: RequestListener): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
    listener(request, response)
  })
  server.on('connect', (request, socket) => {
    seen.push({ line: `CONNECT ${request.url}`, headers: request.headers, body: '' })
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

function client(options: Partial<HttpOptions> = {}): Http {
  const http = createHttp({
    env: {},
    connectMs: 2000,
    requestMs: 20_000,
    attempts: 3,
    budget: 20,
    baseDelayMs: 1,
    maxDelayMs: 2000,
    refusal: ({ status, url, headers }, where) =>
      new ProvError(status === 429 ? 'throttled' : 'server_error', `${url.host} answered ${status}`, {
        ...where,
        retryAfterMs: retryAfterMs(headers['retry-after'], Date.now()),
      }),
    now: Date.now,
    random: (size) => new Uint8Array(size),
    debug: () => {},
    ...options,
  })
  onTestFinished(() => http.close())
  return http
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url: new URL(url),
    headers: {},
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    where: { operation: 'test', location: url },
    repeat: 'safe',
    ...more,
  }
}

async function failsWith(code: string, call: Promise<unknown>): Promise<ProvError> {
  const end = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(end).toBeInstanceOf(ProvError)
  expect(end).toMatchObject({ code })
  return end as ProvError
}

test.each(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])(
  '%s reaches the server with headers and body',
  async (method) => {
    const { port, seen } = await serve((_, response) => response.end('yes'))
    const body = method === 'GET' || method === 'HEAD' ? undefined : Buffer.from('a body')
    const headers = { 'x-one': 'a', 'impersonate-group': ['g1', 'g2'] }
    const answer = await client().send(get(`http://127.0.0.1:${port}/p?q=1`, { method, headers, body }))
    expect(Buffer.from(answer.body).toString()).toBe(method === 'HEAD' ? '' : 'yes')
    expect(seen[0]).toMatchObject({ line: `${method} /p?q=1`, body: body === undefined ? '' : 'a body' })
    expect(seen[0]?.headers).toMatchObject({ 'x-one': 'a', 'impersonate-group': 'g1, g2' })
  },
)

test('a redirect to another host gets nothing that could be a credential; on one host all goes on', async () => {
  const other = await serve((_, response) => response.end('there'))
  const { port, seen } = await serve((request, response) => {
    const location = request.url === '/away' ? `http://127.0.0.1:${other.port}/x` : '/near'
    if (request.url === '/near') response.end('here')
    else response.writeHead(307, { location }).end()
  })
  const headers = {
    authorization: 'Bearer s3cret',
    cookie: 's3cret',
    'x-api-key': 's3cret',
    'x-amz-security-token': 's3cret',
    'proxy-authorization': 's3cret',
    accept: 'text/plain',
  }
  await client().send(get(`http://127.0.0.1:${port}/away`, { headers }))
  expect(JSON.stringify(other.seen)).not.toContain('s3cret')
  expect(other.seen[0]?.headers.accept).toBe('text/plain')
  await client().send(get(`http://127.0.0.1:${port}/same`, { headers }))
  expect(seen.at(-1)).toMatchObject({ line: 'GET /near', headers: { authorization: 'Bearer s3cret' } })
  const body = Buffer.from('refresh_token=s3cret')
  const post = get(`http://127.0.0.1:${port}/away`, { method: 'POST', body, secretBody: true })
  await failsWith('host_refused', client().send(post))
  expect(other.seen).toHaveLength(1)
})

test('no redirect is followed where none is wanted', async () => {
  const { port, seen } = await serve((_, response) => response.writeHead(302, { location: '/x' }).end())
  expect((await client({ maxRedirects: 0 }).send(get(`http://127.0.0.1:${port}/`))).status).toBe(302)
  expect((await client().once(get(`http://127.0.0.1:${port}/`))).status).toBe(302)
  expect(seen).toHaveLength(2)
})

test('what is sent again: safe requests, and unsent ones where the server has not acted', async () => {
  for (const [status, repeat, times] of [
    [500, 'safe', 3],
    [500, 'unsent', 1],
    [503, 'unsent', 3],
    [429, 'unsent', 3],
    [408, 'unsent', 3],
    [501, 'safe', 1],
    [404, 'safe', 1],
  ] as const) {
    const { port, seen } = await serve((_, response) => response.writeHead(status).end())
    await client()
      .send(get(`http://127.0.0.1:${port}/`, { repeat }))
      .catch(() => undefined)
    expect([status, repeat, seen.length]).toEqual([status, repeat, times])
    expect((await client().once(get(`http://127.0.0.1:${port}/`))).status).toBe(status)
  }
})

test('a stream comes piece by piece, bounded in length and in silence, and ends with the call', async () => {
  const release: (() => void)[] = []
  const { port, seen } = await serve((request, response) => {
    response.writeHead(200)
    response.write('one')
    if (request.url === '/whole') response.end('two')
    if (request.url === '/large') response.end(Buffer.alloc(5000))
    if (request.url === '/cut') setTimeout(() => response.destroy(), 20)
    if (request.url === '/waits') release.push(() => response.end('two'))
  })
  const at = (path: string, more: Partial<HttpRequest> = {}) =>
    client().stream(get(`http://127.0.0.1:${port}${path}`, { maxBytes: 1000, ...more }), { idleMs: 150 })
  const read = async (body: AsyncIterable<Uint8Array>) => {
    let text = ''
    for await (const piece of body) text += Buffer.from(piece)
    return text
  }
  expect(await read((await at('/whole')).body)).toBe('onetwo')
  await failsWith('response_too_large', read((await at('/large')).body))
  await failsWith('unreachable', read((await at('/cut')).body))
  const silent = await failsWith('timed_out', read((await at('/silent')).body))
  expect(silent.message).toContain(`127.0.0.1:${port}`)
  const stop = new AbortController()
  const { body } = await at('/silent', { signal: stop.signal })
  setTimeout(() => stop.abort(), 20)
  await failsWith('aborted', read(body))
  // The first piece is there before the answer ends.
  const { body: slow } = await client().stream(get(`http://127.0.0.1:${port}/waits`), { idleMs: 20_000 })
  const pieces = slow[Symbol.asyncIterator]()
  expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('one')
  release[0]?.()
  expect(Buffer.from((await pieces.next()).value ?? []).toString()).toBe('two')
  expect(seen).toHaveLength(6)
})

test('a stream is asked for again until there are headers', async () => {
  let count = 0
  const { port, seen } = await serve((_, response) => {
    if (++count < 3) response.writeHead(503).end('busy')
    else response.end('now')
  })
  const { status } = await client().stream(get(`http://127.0.0.1:${port}/`), { idleMs: 1000 })
  expect([status, seen.length]).toEqual([200, 3])
})

test('failures name the host and say in words what happened', async () => {
  const server = createTcp().listen(0, '127.0.0.1')
  await new Promise((ready) => server.once('listening', ready))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  const once = client({ attempts: 1 })
  const refused = await failsWith('unreachable', once.send(get(`http://127.0.0.1:${port}/`)))
  expect(refused.message).toBe(`127.0.0.1:${port} could not be reached: connection refused`)
  const unknown = await failsWith('unreachable', once.send(get('http://no-such-host.invalid:5000/')))
  expect(unknown.message).toMatch(
    /^no-such-host\.invalid:5000 could not be reached: (?:no host has that name|the name server did not answer)$/,
  )
  const hanging = await serve(() => {})
  const late = await failsWith(
    'timed_out',
    client({ attempts: 1, requestMs: 100 }).send(get(`http://127.0.0.1:${hanging.port}/`)),
  )
  expect(late.message).toContain(`127.0.0.1:${hanging.port}`)
})

test('a proxy without a scheme is used, names what it stands before, and is never gone round', async () => {
  const proxy = await serve((_, response) => response.end('by proxy'))
  const env = { HTTP_PROXY: `127.0.0.1:${proxy.port}`, HTTPS_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: '10.0.0.0/8' }
  const http = client({ env, attempts: 1, connectMs: 300 })
  expect(Buffer.from((await http.send(get('http://r.invalid/x'))).body).toString()).toBe('by proxy')
  const error = await failsWith('unreachable', http.send(get('https://r.invalid/x')))
  expect(error.message).toContain('r.invalid')
  expect(error.message).toContain(`127.0.0.1:${proxy.port}`)
  expect(proxy.seen.map(({ line }) => line)).toEqual(['GET http://r.invalid/x', 'CONNECT r.invalid:443'])
  const socks = client({ env: { ALL_PROXY: 'socks5://u:pl4nted@127.0.0.1:1' } })
  const refused = await failsWith('config_invalid', socks.send(get('https://r.invalid/')))
  expect(`${refused.message} ${refused.hint}`).toMatch(/ALL_PROXY.*socks5/)
  expect(refused.message).not.toContain('pl4nted')
})

test.each([
  'http://169.254.169.254/',
  'http://2852039166/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://metadata.google.internal/',
])('never contacted, and no proxy is asked for it either: %s', async (url) => {
  const proxy = await serve((_, response) => response.end())
  const http = client({ env: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` } })
  await failsWith('host_refused', http.send(get(url)))
  expect(proxy.seen).toEqual([])
})
