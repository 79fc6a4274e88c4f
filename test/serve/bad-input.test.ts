/** Whatever is sent: an answer of 4xx or an error of the item, a process that lives, and no word of how it is built. */
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { PUBLIC_KEY } from '../support/runs.ts'
import { ask, provide, providerRequest, type Sent, type Started, startService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'
import { truthPlace } from '../support/truth-outputs.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const IMAGE = `registry.example/acme/app@${DIGEST}`
const GOOD = { apiVersion: 'externaldata.gatekeeper.sh/v1beta1', kind: 'ProviderRequest' }
const MB = 1024 * 1024

/** A service over an embedded store; it sends nothing to anybody. */
async function embedded(...more: readonly string[]): Promise<Started> {
  const at = truthPlace()
  return startService([...at.storage, '--storage', 'docdb', '--key', PUBLIC_KEY, ...more])
}

/** What is sent to /verify as a whole, and the status. */
const BODIES: readonly (readonly [string, number, string | Buffer, Sent?])[] = [
  ['nothing', 400, ''],
  ['not JSON', 400, '{'],
  ['two values', 400, '{}{}'],
  ['a number', 400, '1'],
  ['null', 400, 'null'],
  ['a list', 400, '[]'],
  [
    'another version',
    400,
    JSON.stringify({ ...GOOD, apiVersion: 'externaldata.gatekeeper.sh/v1alpha1', request: { keys: [IMAGE] } }),
  ],
  ['another kind', 400, JSON.stringify({ ...GOOD, kind: 'ProviderResponse', request: { keys: [IMAGE] } })],
  ['no request', 400, JSON.stringify(GOOD)],
  ['no keys', 400, JSON.stringify({ ...GOOD, request: {} })],
  ['an empty list of keys', 400, JSON.stringify(providerRequest([]))],
  ['keys that are a text', 400, JSON.stringify(providerRequest(IMAGE))],
  ['keys that are not texts', 400, JSON.stringify(providerRequest([IMAGE, 1]))],
  ['a key that is null', 400, JSON.stringify(providerRequest([null]))],
  ['a member more', 400, JSON.stringify({ ...providerRequest([IMAGE]), more: 1 })],
  [
    'a prototype',
    400,
    `{"__proto__":{"x":1},"apiVersion":"${GOOD.apiVersion}","kind":"${GOOD.kind}","request":{"keys":["a"]}}`,
  ],
  ['10,000 keys', 400, JSON.stringify(providerRequest(new Array(10_000).fill(IMAGE)))],
  ['a key of 1 MB', 413, JSON.stringify(providerRequest(['a'.repeat(MB)]))],
  ['a body that says that it has 4 MB', 413, '{', { headers: { 'content-length': String(4 * MB) } }],
  ['deep nesting', 400, '['.repeat(100_000) + ']'.repeat(100_000)],
  ['not UTF-8', 400, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ['claims to be gzip', 415, JSON.stringify(providerRequest([IMAGE])), { headers: { 'content-encoding': 'gzip' } }],
  ['a form', 415, 'a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['plain text', 415, 'a', { headers: { 'content-type': 'text/plain' } }],
  ['no type', 415, 'a', { headers: { 'content-type': '' } }],
]

describe('a body', () => {
  test('each is refused as a whole, in words that Gatekeeper reads', async () => {
    const service = await embedded()
    for (const [name, status, body, sent = {}] of BODIES) {
      const got = await ask(service.address, '/verify', { ...sent, body })
      expect({ name, status: got.status }).toEqual({ name, status })
      const { response, ...rest } = got.json<{ response: { systemError: string } }>()
      expect(rest).toEqual({ apiVersion: GOOD.apiVersion, kind: 'ProviderResponse' })
      expect(Object.keys(response)).toEqual(['systemError'])
      expect(response.systemError).toMatch(/^usage: [^\n]+$/)
      expect(got.text).not.toMatch(/\bat \/|node_modules|\.ts:|\.js:|FST_|Fastify/)
    }
    expect((await ask(service.address, '/healthz')).text).toBe('ok\n')
    expect(service.child.exitCode).toBeNull()
  })
})

/** Keys that name no image that could be judged, with the error of the item. */
const KEYS: readonly (readonly [string, RegExp])[] = [
  ['', /^image_invalid: /],
  ['app', /^image_invalid: .*no digest/],
  ['registry.example/acme/app:v1', /^image_invalid: .*no digest.*\/mutate/],
  [`registry.example/acme/app@sha512:${'a'.repeat(128)}`, /^image_invalid: .*sha256/],
  [`registry.example/acme/app@sha256:${'A'.repeat(64)}`, /^image_invalid: /],
  [`registry.example/acme/app@${DIGEST}@${DIGEST}`, /^image_invalid: /],
  [`../../etc/passwd@${DIGEST}`, /^(?:image_invalid|nothing_verified|absent|host_refused): /],
  [`https://registry.example/acme/app@${DIGEST}`, /^image_invalid: .*URL/],
  [`registry.example/acme/\u0000app@${DIGEST}`, /^image_invalid: /],
  [`registry.example/acme/app\u001b[2J@${DIGEST}`, /^image_invalid: /],
  [`registry.example/${'a'.repeat(900)}@${DIGEST}`, /^image_invalid: /],
  ['a'.repeat(100_000), /^image_invalid: a key of 100000 characters/],
  ['\ud800', /^image_invalid: /],
  ['{"a":1}', /^image_invalid: /],
]

describe('a key', () => {
  test('each is an error of its item, in its place, and the others are answered', async () => {
    const service = await embedded()
    const keys = [...KEYS.map(([key]) => key), IMAGE, IMAGE]
    const { status, items = [], text } = await provide(service.address, '/verify', keys)
    expect(status).toBe(200)
    expect(items.map(({ key }) => key)).toEqual(keys)
    for (const [i, [key, error]] of KEYS.entries()) {
      expect({ key, said: items[i]?.error ?? (items[i]?.value as { reason?: string })?.reason }).toEqual({
        key,
        said: expect.stringMatching(error),
      })
    }
    expect(items.slice(-2).map(({ value }) => value)).toEqual(
      new Array(2).fill(expect.objectContaining({ isSuccess: false, verdict: 'absent' })),
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})

/** Paths and what is sent there, with the status. */
const PATHS: readonly (readonly [string, number, Sent?])[] = [
  ['/none', 404],
  ['/v1/verify', 400],
  ['/v1/verify?image=', 400],
  ['/v1/verify?image=app', 400],
  [`/v1/verify?image=${IMAGE}&image=${IMAGE}`, 400],
  ['/v1/verify?image=%00', 400],
  ['/v1/verify?image=%zz', 400],
  [`/v1/verify?image=${IMAGE}&access_token=hunter22`, 400],
  ['/healthz?token=hunter22', 400],
  ['/verify?authorization=hunter22', 400, { body: JSON.stringify(providerRequest([IMAGE])) }],
  ['/verify', 404],
  ['/v1/verify', 404, { method: 'DELETE' }],
  ['/../../etc/passwd', 404],
  ['/%2e%2e/%2e%2e/etc/passwd', 404],
  ['/v1/search?sha=aa', 404],
]

describe('a path', () => {
  test('each is answered, and a credential in a query is refused and told to nobody', async () => {
    const service = await embedded('--verbose')
    for (const [path, status, sent] of PATHS) {
      expect({ path, status: (await ask(service.address, path, sent)).status }).toEqual({ path, status })
    }
    expect(service.text() + service.stderr()).not.toContain('hunter22')
    expect(service.text()).toContain('"event":"request"')
  })
})

describe('a connection', () => {
  test('one that trickles its header is ended, and others are answered meanwhile', async () => {
    const service = await embedded()
    const [host = '', port] = service.address.split(':')
    const socket = connect(Number(port), host)
    const ended = new Promise<void>((done) => socket.once('close', () => done()))
    socket.on('error', () => undefined)
    socket.write('POST /verify HTTP/1.1\r\nhost: x\r\n')
    const trickle = setInterval(() => socket.write('x-a: b\r\n'), 200)
    expect((await ask(service.address, '/healthz')).status).toBe(200)
    await ended
    clearInterval(trickle)
    expect((await ask(service.address, '/healthz')).status).toBe(200)
  })

  test('what is not HTTP, and a client that goes in the middle, do no harm', async () => {
    const service = await embedded()
    const [host = '', port] = service.address.split(':')
    for (const text of [
      '\u0016\u0003\u0001',
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      'POST /verify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{',
    ]) {
      const socket = connect(Number(port), host)
      socket.on('error', () => undefined)
      const closed = new Promise<void>((done) => socket.once('close', () => done()))
      socket.end(text)
      socket.resume()
      await closed
    }
    expect((await ask(service.address, '/healthz')).status).toBe(200)
    expect(service.child.exitCode).toBeNull()
  })
})

describe('1,000 different bad requests', () => {
  test('each 4xx or an error of the item, and the process lives', async () => {
    const service = await embedded()
    const bodies = Array.from({ length: 1000 }, (_, i) => {
      const [, , body = ''] = BODIES[i % 16] ?? []
      return i % 2 === 0
        ? `${body}${i}`
        : JSON.stringify(providerRequest([`${KEYS[i % KEYS.length]?.[0].slice(0, 300)}${i}`]))
    })
    for (let i = 0; i < bodies.length; i += 50) {
      const all = await Promise.all(bodies.slice(i, i + 50).map((body) => ask(service.address, '/verify', { body })))
      for (const { status, text } of all) {
        const answered = status === 200 && !text.includes('"isSuccess":true')
        expect(answered || (status >= 400 && status < 500), text).toBe(true)
      }
    }
    expect((await ask(service.address, '/healthz')).status).toBe(200)
    expect(service.log.filter(({ event }) => event === 'failed')).toEqual([])
  })
})

describeWith(['distribution'], 'a host that is not allowed', () => {
  test('is not contacted, whatever is written in its place', async () => {
    await using signed = await signedImages(1)
    const [image = ''] = signed.images
    const [, path = ''] = image.split(signed.proxy.endpoint)
    const service = await startService(signed.flags)
    const hosts = [
      'registry.example',
      '169.254.169.254',
      '[fd00:ec2::254]',
      '0xa9fea9fe',
      'metadata.google.internal',
      '127.0.0.2:80',
      'localhost',
    ]
    const { items = [] } = await provide(
      service.address,
      '/verify',
      hosts.map((host) => `${host}${path}`),
    )
    for (const { key, error } of items)
      expect({ key, error }).toEqual({ key, error: expect.stringMatching(/^host_refused|^image_invalid/) })
    const mutated = await provide(
      service.address,
      '/mutate',
      hosts.map((host) => `${host}${path.replace(/@.*/, ':v1')}`),
    )
    for (const { key, error } of mutated.items ?? [])
      expect({ key, error }).toEqual({ key, error: expect.stringMatching(/^host_refused|^image_invalid/) })
    expect(signed.proxy.seen).toEqual([])
  })
})
