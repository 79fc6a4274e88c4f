import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { OCI_MANIFEST_TYPE } from '../../../backends/oci/tags/layout.ts'
import { reply, serve } from '../../support/fake-registry.ts'
import { calm, collect, failsWith, remote } from '../../support/remote-registry.ts'

const TAG = 'sha256-00.sig'
const sha = (bytes: string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST_TYPE, config: {}, layers: [] })
const asManifest = { 'content-type': OCI_MANIFEST_TYPE }

test('a manifest comes back byte for byte, with digest and media type', async () => {
  const fake = await serve((_, response) => reply(response, 200, asManifest, MANIFEST))
  const found = await remote().getManifest(`${fake.host}/a/b`, TAG, calm())
  expect(Buffer.from(found?.bytes ?? []).toString()).toBe(MANIFEST)
  expect(found).toMatchObject({ mediaType: OCI_MANIFEST_TYPE, digest: sha(MANIFEST) })
  expect(fake.seen[0]?.line).toBe(`GET /v2/a/b/manifests/${TAG}`)
})

test.each([
  [401, 'denied'],
  [403, 'denied'],
  [429, 'throttled'],
  [500, 'server_error'],
  [503, 'server_error'],
  [413, 'entry_too_large'],
  [400, 'response_invalid'],
] as const)('status %i is %s, never absent', async (status, code) => {
  const body = JSON.stringify({
    errors: [{ code: 'NAME', message: `words of the registry${'\u0007'.repeat(3)} ${'x'.repeat(400)}` }],
  })
  const fake = await serve((_, response) => reply(response, status, {}, body))
  const error = await failsWith(code, remote().getManifest(`${fake.host}/a`, TAG, calm()))
  expect(error.message).toContain('words of the registry')
  expect(error.message).not.toMatch(/[^\x20-\x7e]/)
  expect(error.message.length).toBeLessThan(260)
})

test('401 with an empty body and without a challenge is denied', async () => {
  const fake = await serve((_, response) => reply(response, 401))
  await failsWith('denied', remote().getManifest(`${fake.host}/a`, TAG, calm()))
})

test('404 is absence for reads and a refusal for writes', async () => {
  const fake = await serve((_, response) => reply(response, 404))
  expect(await remote().getManifest(`${fake.host}/a`, TAG, calm())).toBeUndefined()
  expect(await remote().getBlob(`${fake.host}/a`, sha('x'), 100, calm())).toBeUndefined()
  expect(await remote().hasBlob(`${fake.host}/a`, sha('x'), calm())).toBe(false)
  await remote().deleteManifest(`${fake.host}/a`, TAG, calm())
  await failsWith('denied', remote().putBlob(`${fake.host}/a`, Buffer.from('x'), calm()))
})

test('retries what heals, and stops at what does not', async () => {
  let count = 0
  const healing = await serve((_, response) =>
    ++count < 3 ? reply(response, 503) : reply(response, 200, asManifest, MANIFEST),
  )
  expect(await remote().getManifest(`${healing.host}/a`, TAG, calm())).toBeDefined()
  expect(healing.seen).toHaveLength(3)
  const denied = await serve((_, response) => reply(response, 403))
  await failsWith('denied', remote().getManifest(`${denied.host}/a`, TAG, calm()))
  expect(denied.seen).toHaveLength(1)
})

test('the retries of all requests together stay within the budget', async () => {
  const fake = await serve((_, response) => reply(response, 500))
  const registry = remote({ budget: 3 })
  for (let i = 0; i < 5; i++) await failsWith('server_error', registry.getManifest(`${fake.host}/a`, TAG, calm()))
  expect(fake.seen).toHaveLength(5 + 3)
})

test.each(['1', 'date'])('Retry-After is honoured: %s', async (form) => {
  let first: number | undefined
  const fake = await serve((_, response) => {
    if (first !== undefined) return reply(response, 200, asManifest, MANIFEST)
    first = Date.now()
    const after = form === '1' ? '1' : new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toUTCString()
    return reply(response, 429, { 'retry-after': after })
  })
  await remote().getManifest(`${fake.host}/a`, TAG, calm())
  expect(Date.now() - (first ?? 0)).toBeGreaterThanOrEqual(990)
})

test('a Retry-After beyond the cap ends the call at once, and is passed on', async () => {
  const fake = await serve((_, response) => reply(response, 429, { 'retry-after': '3600' }))
  const error = await failsWith('throttled', remote().getManifest(`${fake.host}/a`, TAG, calm()))
  expect(error.retryAfterMs).toBe(3_600_000)
  expect(fake.seen).toHaveLength(1)
})

test('a manifest that may be stale by now is not put again after a 500', async () => {
  const fake = await serve((_, response) => reply(response, 500))
  await failsWith(
    'server_error',
    remote().putManifest(`${fake.host}/a`, TAG, Buffer.from(MANIFEST), OCI_MANIFEST_TYPE, calm()),
  )
  expect(fake.seen).toHaveLength(1)
})

test('no answer ends in timed_out', async () => {
  const fake = await serve(() => {})
  const start = Date.now()
  await failsWith('timed_out', remote({ requestMs: 80 }).getManifest(`${fake.host}/a`, TAG, calm()))
  expect(Date.now() - start).toBeLessThan(3000)
})

test('a body that trickles ends in timed_out', async () => {
  const fake = await serve((_, response) => {
    response.writeHead(200, asManifest)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  })
  await failsWith('timed_out', remote({ requestMs: 150, attempts: 1 }).getManifest(`${fake.host}/a`, TAG, calm()))
})

test('abort ends the call at once: before, in flight, and while waiting to try again', async () => {
  const fake = await serve(() => {})
  const early = AbortSignal.abort()
  await failsWith('aborted', remote().getManifest(`${fake.host}/a`, TAG, { signal: early }))
  expect(fake.seen).toHaveLength(0)
  const start = Date.now()
  await failsWith('aborted', remote().getManifest(`${fake.host}/a`, TAG, { signal: AbortSignal.timeout(50) }))
  const busy = await serve((_, response) => reply(response, 429, { 'retry-after': '2' }))
  await failsWith('aborted', remote().getManifest(`${busy.host}/a`, TAG, { signal: AbortSignal.timeout(50) }))
  expect(Date.now() - start).toBeLessThan(1500)
})

test('a closed port is unreachable, so is a name that does not exist', async () => {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  await failsWith('unreachable', remote().getManifest(`127.0.0.1:${port}/a`, TAG, calm()))
  await failsWith('unreachable', remote().getManifest('no-such-host.invalid/a', TAG, calm()))
})

test('what is no HTTP is response_invalid', async () => {
  const { createServer: raw } = await import('node:net')
  const server = raw((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  await failsWith('response_invalid', remote().getManifest(`127.0.0.1:${port}/a`, TAG, calm()))
})

test('answers are bounded: a manifest by 4 MiB, a blob by what is asked for, announced or not', async () => {
  const big = Buffer.alloc(5 * 1024 * 1024, 32)
  const announced = await serve((_, response) =>
    reply(response, 200, { ...asManifest, 'content-length': String(big.length) }, big),
  )
  await failsWith('response_too_large', remote().getManifest(`${announced.host}/a`, TAG, calm()))
  const chunked = await serve((_, response) => {
    response.writeHead(200, asManifest)
    response.write(big)
    response.end()
  })
  await failsWith('response_too_large', remote().getManifest(`${chunked.host}/a`, TAG, calm()))
  await failsWith('response_too_large', remote().getBlob(`${chunked.host}/a`, sha('x'), 100, calm()))
})

test('digests are checked: manifest by digest, by header, blob, and what was put', async () => {
  const fake = await serve((request, response) => {
    if (request.method === 'PUT') return reply(response, 201, { 'docker-content-digest': sha('other') })
    if (request.method === 'POST') return reply(response, 202, { location: '/v2/a/blobs/uploads/1?state=x' })
    return reply(response, 200, { ...asManifest, 'docker-content-digest': sha('other') }, `${MANIFEST} `)
  })
  const repo = `${fake.host}/a`
  await failsWith('digest_mismatch', remote().getManifest(repo, sha(MANIFEST), calm()))
  await failsWith('digest_mismatch', remote().getManifest(repo, TAG, calm()))
  await failsWith('digest_mismatch', remote().getBlob(repo, sha('blob'), 10_000, calm()))
  await failsWith('digest_mismatch', remote().putManifest(repo, TAG, Buffer.from(MANIFEST), OCI_MANIFEST_TYPE, calm()))
  await failsWith('digest_mismatch', remote().putBlob(repo, Buffer.from('blob'), calm()))
})

test('redirects are followed, five at most, and never to where they must not go', async () => {
  const blob = 'the blob'
  const fake = await serve((request, response) => {
    const step = Number(/\/step([0-9]+)/.exec(request.url ?? '')?.[1] ?? 0)
    const last = Number(new URL(request.url ?? '', 'http://x').searchParams.get('last') ?? 3)
    if (step >= last) reply(response, 200, {}, blob)
    else reply(response, 307, { location: `/step${step + 1}?last=${request.url?.includes(sha('endless')) ? 9 : last}` })
  })
  expect(Buffer.from((await remote().getBlob(`${fake.host}/a`, sha(blob), 100, calm())) ?? []).toString()).toBe(blob)
  const endless = await serve((_, response) => reply(response, 302, { location: '/again' }))
  const error = await failsWith('response_invalid', remote().getBlob(`${endless.host}/a`, sha(blob), 100, calm()))
  expect(error.message).toContain('redirects')
  expect(endless.seen).toHaveLength(6)
  for (const [location, code] of [
    ['http://169.254.169.254/latest/meta-data/', 'host_refused'],
    ['http://[fe80::1]/', 'host_refused'],
    ['http://metadata.google.internal/', 'host_refused'],
    ['http://2852039166/', 'host_refused'],
    ['file:///etc/passwd', 'response_invalid'],
  ] as const) {
    const evil = await serve((_, response) => reply(response, 307, { location }))
    await failsWith(code, remote().getBlob(`${evil.host}/a`, sha(blob), 100, calm()))
  }
})

test('credentials stay with their host: not through a redirect, not to another host’s upload', async () => {
  const basic = { username: 'prov', password: 'pl4nted-s3cret' }
  const other = await serve((request, response) =>
    reply(response, request.method === 'PUT' ? 201 : 200, {}, 'the blob'),
  )
  const fake = await serve((request, response) => {
    if (request.headers.authorization === undefined)
      return reply(response, 401, { 'www-authenticate': 'Basic realm="r"' })
    if (request.method === 'POST') return reply(response, 202, { location: `http://${other.host}/upload` })
    return reply(response, 307, { location: `http://${other.host}/storage` })
  })
  const registry = remote({ credentials: async () => basic })
  await registry.getBlob(`${fake.host}/a`, sha('the blob'), 100, calm())
  await registry.putBlob(`${fake.host}/a`, Buffer.from('the blob'), calm())
  expect(fake.seen.filter((s) => s.authorization !== undefined).length).toBeGreaterThan(0)
  expect(other.seen).toHaveLength(2)
  expect(other.seen.every((s) => s.authorization === undefined)).toBe(true)
})

test('a registry that echoes credentials does not get them into an error', async () => {
  const fake = await serve((request, response) => {
    const { authorization } = request.headers
    if (authorization === undefined) return reply(response, 401, { 'www-authenticate': 'Basic realm="r"' })
    const plain = Buffer.from(authorization.slice(6), 'base64').toString()
    return reply(
      response,
      400,
      {},
      JSON.stringify({ errors: [{ code: 'BAD', message: `${authorization} is ${plain}` }] }),
    )
  })
  const debug: string[] = []
  const credentials = async () => ({ username: 'prov', password: 'pl4nted-s3cret' })
  const registry = remote({ credentials, debug: (line) => void debug.push(line) })
  const error = await failsWith('response_invalid', registry.getManifest(`${fake.host}/a`, TAG, calm()))
  const all = `${error.message} ${error.stack} ${debug.join(' ')}`
  expect(all).toContain('BAD')
  expect(all).not.toContain('pl4nted')
  expect(all).not.toContain(Buffer.from('prov:pl4nted-s3cret').toString('base64'))
})

test('tags are listed page by page', async () => {
  const fake = await serve((request, response) => {
    const last = new URL(request.url ?? '', 'http://x').searchParams.get('last')
    const link = last === null ? { link: '</v2/a/tags/list?last=b&n=2>; rel="next"' } : {}
    reply(response, 200, link, JSON.stringify({ name: 'a', tags: last === null ? ['a', 'b'] : ['c'] }))
  })
  expect(await collect(remote().listTags(`${fake.host}/a`, calm()))).toEqual(['a', 'b', 'c'])
  const round = await serve((_, response) =>
    reply(response, 200, { link: '</v2/a/tags/list?last=a>; rel="next"' }, JSON.stringify({ tags: ['a'] })),
  )
  expect(await collect(remote().listTags(`${round.host}/a`, calm()))).toEqual(['a', 'a'])
  const broken = await serve((_, response) => reply(response, 200, {}, '<html>'))
  await failsWith('response_invalid', collect(remote().listTags(`${broken.host}/a`, calm())))
})

test('a proxy of the environment is used, but not for loopback nor what NO_PROXY names', async () => {
  const proxy = await serve((_, response) => reply(response, 200, asManifest, MANIFEST))
  const fake = await serve((_, response) => reply(response, 200, asManifest, MANIFEST))
  const env = { HTTP_PROXY: `http://${proxy.host}`, HTTPS_PROXY: `http://${proxy.host}`, no_proxy: 'direct.invalid' }
  await remote({ env }).getManifest(`${fake.host}/a`, TAG, calm())
  expect(proxy.seen).toHaveLength(0)
  const insecure = remote({ env, insecure: true, attempts: 1 })
  await insecure.getManifest('registry.invalid/a', TAG, calm())
  expect(proxy.seen.at(-1)?.line).toBe(`GET http://registry.invalid/v2/a/manifests/${TAG}`)
  await failsWith('unreachable', insecure.getManifest('direct.invalid/a', TAG, calm()))
  const secret = { HTTP_PROXY: 'ftp://user:pl4nted@proxy.invalid' }
  const error = await failsWith(
    'config_invalid',
    remote({ env: secret, insecure: true, attempts: 1 }).getManifest('registry.invalid/a', TAG, calm()),
  )
  expect(`${error.message}${error.cause}`).not.toContain('pl4nted')
})

test.each(['127.0.0.1:PORT/x/y', '127.0.0.1:PORT/a--b/c', '[::1]:PORT/a/b'])(
  'names the library refuses: %s',
  async (name) => {
    const fake = await serve(
      (_, response) => reply(response, 200, asManifest, MANIFEST),
      name.startsWith('[') ? '::1' : '127.0.0.1',
    ).catch(() => undefined)
    if (fake === undefined) return
    const repo = name.replace('PORT', fake.host.split(':').at(-1) ?? '')
    expect(await remote().getManifest(repo, TAG, calm())).toBeDefined()
  },
)
