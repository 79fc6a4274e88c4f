/** What a service of S3 can do to prov, each with a code of its own. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { open } from '../../../backends/s3/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { calm, collect, expectCode, failure, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { type Account, account, freshBucket } from '../../support/s3.ts'
import { answers, cutEverywhere, type Place, twenty } from '../../support/trouble.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const xml = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>The service says so.</Message></Error>`

async function place(name: 'moto' | 'versitygw', more: Readonly<Record<string, string>> = {}): Promise<Place> {
  const own = await account(name)
  const bucket = await freshBucket(own)
  const proxy = await startProxy(new URL(own.endpoint).host)
  onTestFinished(() => proxy.close())
  const settings = { 'storage.s3.bucket': bucket.name, 'storage.s3.endpoint': `http://${proxy.endpoint}`, ...more }
  const backend = open(testContext(settings, own.env))
  const run = sampleRun('build-1', image)
  const slot = backend.slots(aboutOf('raw', run, image))[0] as Slot
  return { backend, proxy, slot, entry: sampleEntry('raw', run, image) }
}

describeWith(['moto'], 'answers of an S3 service', () => {
  answers(
    [
      { title: '403 without a body', action: { status: 403 }, code: 'denied' },
      {
        title: '403 AccessDenied',
        action: { status: 403, body: xml('AccessDenied') },
        code: 'denied',
        says: /AccessDenied/,
      },
      { title: '400 ExpiredToken', action: { status: 400, body: xml('ExpiredToken') }, code: 'denied' },
      { title: '401', action: { status: 401 }, code: 'denied' },
      { title: '503 SlowDown', action: { status: 503, body: xml('SlowDown') }, code: 'throttled' },
      { title: '429', action: { status: 429 }, code: 'throttled' },
      {
        title: '503 ServiceUnavailable',
        action: { status: 503, body: xml('ServiceUnavailable') },
        code: 'server_error',
      },
      { title: '500', action: { status: 500, body: xml('InternalError') }, code: 'server_error' },
      { title: '507, full', action: { status: 507, body: 'no space' }, code: 'server_error' },
      { title: '404 NoSuchBucket', action: { status: 404, body: xml('NoSuchBucket') }, code: 'target_unwritable' },
      {
        title: '301 to another region',
        action: { status: 301, body: xml('PermanentRedirect') },
        code: 'response_invalid',
      },
      {
        title: '502 of a gateway, in HTML',
        action: { status: 502, body: '<html>Bad <b>gateway' },
        code: 'server_error',
      },
      { title: '200 in HTML', action: { status: 200, body: '<html>Log in' }, code: 'response_invalid' },
      { title: 'cut before', action: { cut: 'before' }, code: 'unreachable' },
    ],
    () => place('moto'),
  )

  it('says how long to wait', async () => {
    const { backend, proxy, slot } = await place('moto')
    proxy.use(() => ({ status: 503, headers: { 'retry-after': '7' }, body: xml('SlowDown') }))
    expect((await expectCode(look(backend, slot), 'throttled')).retryAfterMs).toBe(7000)
  })

  it('is asked once: the core tries again, not the client', async () => {
    const { backend, proxy, slot } = await place('moto')
    proxy.use(() => ({ status: 500 }))
    await expectCode(look(backend, slot), 'server_error')
    expect(proxy.seen.length).toBeLessThanOrEqual(2) // an image of a run has two keys
  })

  it('a body that is altered on the way does not pass its checksum', async () => {
    const { backend, proxy, slot, entry } = await place('moto')
    await backend.put(slot, entry, calm())
    proxy.use(({ path }) =>
      path.includes('.payload') ? { tamper: (body) => Buffer.from(`${body}`.replace('a', 'b')) } : undefined,
    )
    await expectCode(look(backend, slot), 'response_invalid')
  })

  it('cut at any request, before it was seen: the next put completes the copy', { timeout: 120_000 }, () =>
    cutEverywhere(() => place('moto'), 'before'),
  )
  it('cut at any request, after it was answered: the next put completes the copy', { timeout: 120_000 }, () =>
    cutEverywhere(() => place('moto'), 'after'),
  )

  it('lists more than a page', { timeout: 120_000 }, async () => {
    const own = await account('moto')
    const bucket = await freshBucket(own)
    const names = Array.from(
      { length: 1050 },
      (_, i) => `p/taskrun-ci-b/taskrun-${String(i).padStart(5, '0')}.signature`,
    )
    for (let i = 0; i < names.length; i += 50) {
      await Promise.all(names.slice(i, i + 50).map((name) => bucket.put(name, Buffer.from('{}'))))
    }
    await bucket.put('elsewhere/taskrun-ci-b/taskrun-1.signature', Buffer.from('{}'))
    const settings = {
      'storage.s3.bucket': bucket.name,
      'storage.s3.endpoint': own.endpoint,
      'storage.s3.prefix': '/p/',
    }
    const backend = open(testContext(settings, own.env))
    const slots = await collect(backend.list?.({ kind: 'dsse' }, calm()) ?? fail())
    expect(slots.map(({ key }) => key)).toEqual(
      names.map((name) => `s3://${bucket.name}/${name.replace('.signature', '')}`),
    )
    expect(await collect(backend.list?.({ kind: 'raw' }, calm()) ?? fail())).toEqual([])
    expect(await collect(backend.list?.({ namespace: 'other' }, calm()) ?? fail())).toEqual([])
  })
})

for (const name of ['moto', 'versitygw'] as const) {
  describeWith([name], `writers at once on ${name}`, () => {
    it('20 at one place: one wins, nothing is mixed', { timeout: 120_000 }, async () => {
      const own = await account(name)
      const bucket = await freshBucket(own)
      const settings = { 'storage.s3.bucket': bucket.name, 'storage.s3.endpoint': own.endpoint }
      const handles = Array.from({ length: 20 }, () => open(testContext(settings, own.env)))
      const run = sampleRun('build-1', image)
      const slot = handles[0]?.slots(aboutOf('raw', run, image))[0] as Slot
      await twenty(handles, slot, (i) => sampleEntry('raw', run, image, `writer ${i % 7}`))
      for (const handle of handles) await handle.close()
    })
  })
}

describeWith(['versitygw'], 'credentials', () => {
  const slotAt = async (env: Account['env'], bucketOf?: Account) => {
    const own = await account('versitygw')
    const bucket = await freshBucket(bucketOf ?? own)
    const backend = open(testContext({ 'storage.s3.bucket': bucket.name, 'storage.s3.endpoint': own.endpoint }, env))
    const run = sampleRun('build-1', image)
    return {
      backend,
      slot: backend.slots(aboutOf('raw', run, image))[0] as Slot,
      entry: sampleEntry('raw', run, image),
    }
  }

  it.each([
    ['a wrong secret', { AWS_ACCESS_KEY_ID: 'prov', AWS_SECRET_ACCESS_KEY: 'wrong-planted' }],
    ['an unknown user', { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'wrong-planted' }],
    ['none at all', { HOME: '/nonexistent' }],
  ])('%s: denied, at once, and no secret in the message', async (_title, env) => {
    const { backend, slot, entry } = await slotAt(env as Account['env'])
    const began = performance.now()
    for (const call of [() => look(backend, slot), () => backend.put(slot, entry, calm())]) {
      const error = await expectCode(call, 'denied')
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-planted')
    }
    expect(performance.now() - began).toBeLessThan(1500)
  })
})

describe('a service that is not there', () => {
  it.each([
    ['http://127.0.0.1:9', 'unreachable'],
    ['http://nowhere.invalid', 'unreachable'],
  ])('%s', async (endpoint, code) => {
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
    const backend = open(testContext({ 'storage.s3.bucket': 'b', 'storage.s3.endpoint': endpoint }, env))
    const slot = backend.slots(aboutOf('dsse', sampleRun('build-1', image), image))[0] as Slot
    const error = await failure(look(backend, slot))
    expect(error).toMatchObject({ code, retryable: true, backend: 's3', operation: 'get' })
  })
})

function fail(): never {
  throw new Error('cannot be')
}
