/** What Google Cloud Storage can do to prov, each with a code of its own; and what the imitation does not do. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { open } from '../../../backends/gcs/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { calm, collect, expectCode, failure, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { freshBucket } from '../../support/gcs.ts'
import { startProxy } from '../../support/proxy.ts'
import { answers, cutEverywhere, type Place, twenty } from '../../support/trouble.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const json = (code: number, reason: string, message: string): string =>
  JSON.stringify({ error: { code, message, errors: [{ message, domain: 'global', reason }] } })
const TEXT = { 'content-type': 'text/plain; charset=UTF-8' }

async function place(): Promise<Place> {
  const bucket = await freshBucket()
  const proxy = await startProxy(new URL(bucket.endpoint).host)
  onTestFinished(() => proxy.close())
  const settings = { 'storage.gcs.bucket': bucket.name, 'storage.gcs.endpoint': `http://${proxy.endpoint}` }
  const backend = open(testContext(settings))
  const run = sampleRun('build-1', image)
  const slot = backend.slots(aboutOf('raw', run, image))[0] as Slot
  return { backend, proxy, slot, entry: sampleEntry('raw', run, image) }
}

describeWith(['fake-gcs'], 'answers of Google Cloud Storage', () => {
  answers(
    [
      {
        title: '401',
        action: { status: 401, body: json(401, 'required', 'Anonymous caller') },
        code: 'denied',
        says: /Anonymous/,
      },
      {
        title: '403',
        action: { status: 403, body: json(403, 'forbidden', 'does not have storage.objects.get') },
        code: 'denied',
      },
      {
        title: '403 for too many requests',
        action: { status: 403, body: json(403, 'rateLimitExceeded', 'slow') },
        code: 'throttled',
      },
      { title: '429', action: { status: 429, body: json(429, 'rateLimitExceeded', 'slow') }, code: 'throttled' },
      { title: '503', action: { status: 503, body: json(503, 'backendError', 'try later') }, code: 'server_error' },
      { title: '500 without a body', action: { status: 500 }, code: 'server_error' },
      {
        title: '404 of the bucket',
        action: { status: 404, headers: TEXT, body: 'The specified bucket does not exist.' },
        code: 'target_unwritable',
      },
      {
        title: '404 of a gateway',
        action: { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' },
        code: 'response_invalid',
      },
      { title: '302', action: { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, code: 'response_invalid' },
      {
        title: '200 in HTML',
        action: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
        code: 'response_invalid',
      },
      {
        title: '200 with half of its JSON',
        action: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"x' },
        code: 'response_invalid',
      },
      { title: 'cut before', action: { cut: 'before' }, code: 'unreachable' },
    ],
    place,
  )

  it('says how long to wait', async () => {
    const { backend, proxy, slot } = await place()
    proxy.use(() => ({ status: 429, headers: { 'retry-after': '7' } }))
    expect((await expectCode(look(backend, slot), 'throttled')).retryAfterMs).toBe(7000)
  })

  it('is asked once: the core tries again, not the client', async () => {
    const { backend, proxy, slot, entry } = await place()
    proxy.use(() => ({ status: 503 }))
    await expectCode(look(backend, slot), 'server_error')
    expect(proxy.seen.length).toBeLessThanOrEqual(2) // an image of a run has two keys
    proxy.reset()
    proxy.use(({ method }) => (method === 'POST' ? { status: 503 } : undefined))
    await expectCode(backend.put(slot, entry, calm()), 'server_error')
    expect(proxy.seen.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('a body that is altered on the way does not pass its checksum', async () => {
    const { backend, proxy, slot, entry } = await place()
    await backend.put(slot, entry, calm())
    proxy.use(({ path }) =>
      path.includes('.payload') ? { tamper: (body) => Buffer.from(`${body}`.replace('a', 'b')) } : undefined,
    )
    await expectCode(look(backend, slot), 'response_invalid')
  })

  it('no request carries credentials over plain http, and none goes elsewhere', async () => {
    const { backend, proxy, slot, entry } = await place()
    await backend.put(slot, entry, calm())
    expect(proxy.seen.length).toBeGreaterThan(4)
    for (const { headers } of proxy.seen) expect(headers.authorization).toBeUndefined()
  })

  it('cut at any request, before it was seen: the next put completes the copy', { timeout: 120_000 }, () =>
    cutEverywhere(place, 'before'),
  )
  it('cut at any request, after it was answered: the next put completes the copy', { timeout: 120_000 }, () =>
    cutEverywhere(place, 'after'),
  )

  it('20 writers at one place: one wins, nothing is mixed', { timeout: 120_000 }, async () => {
    const bucket = await freshBucket()
    const settings = { 'storage.gcs.bucket': bucket.name, 'storage.gcs.endpoint': bucket.endpoint }
    const handles = Array.from({ length: 20 }, () => open(testContext(settings)))
    const run = sampleRun('build-1', image)
    const slot = handles[0]?.slots(aboutOf('raw', run, image))[0] as Slot
    await twenty(handles, slot, (i) => sampleEntry('raw', run, image, `writer ${i % 7}`))
  })

  it('STORAGE_EMULATOR_HOST is heeded, with and without a scheme', async () => {
    const bucket = await freshBucket()
    const run = sampleRun('build-1', image)
    for (const host of [bucket.endpoint, new URL(bucket.endpoint).host]) {
      const backend = open(testContext({ 'storage.gcs.bucket': bucket.name }, { STORAGE_EMULATOR_HOST: host }))
      const slot = backend.slots(aboutOf('dsse', run, image))[0] as Slot
      expect(['written', 'occupied']).toContain(
        (await backend.put(slot, sampleEntry('dsse', run, image), calm())).outcome,
      )
    }
  })

  it('lists more than a page', { timeout: 120_000 }, async () => {
    const bucket = await freshBucket()
    const names = Array.from({ length: 1050 }, (_, i) => `taskrun-ci-b/taskrun-${String(i).padStart(5, '0')}.signature`)
    for (let i = 0; i < names.length; i += 50) {
      await Promise.all(names.slice(i, i + 50).map((name) => bucket.put(name, Buffer.from('{}'))))
    }
    const settings = { 'storage.gcs.bucket': bucket.name, 'storage.gcs.endpoint': bucket.endpoint }
    const slots = await collect(open(testContext(settings)).list?.({}, calm()) ?? fail())
    expect(slots.map(({ key }) => key)).toEqual(
      names.map((name) => `gs://${bucket.name}/${name.replace('.signature', '')}`),
    )
  })
})

describeWith(['fake-gcs'], 'fake-gcs-server', () => {
  it('ignores the condition of a deletion, which the real service heeds: so removal relies on that of a write', async () => {
    const bucket = await freshBucket()
    await bucket.put('a/b', Buffer.from('x'))
    const url = `${bucket.endpoint}/storage/v1/b/${bucket.name}/o/a%2Fb?ifGenerationMatch=1`
    expect((await fetch(url, { method: 'DELETE' })).status).toBeLessThan(300)
  })
})

describe('a service that is not there', () => {
  it.each(['http://127.0.0.1:9', 'http://nowhere.invalid', 'https://127.0.0.1:9'])('%s', async (endpoint) => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nonexistent/key.json') // the client reads it itself
    onTestFinished(() => void vi.unstubAllEnvs())
    const backend = open(testContext({ 'storage.gcs.bucket': 'b', 'storage.gcs.endpoint': endpoint }))
    const slot = backend.slots(aboutOf('dsse', sampleRun('build-1', image), image))[0] as Slot
    const error = await failure(look(backend, slot))
    // Credentials are looked for before anything is sent over https.
    expect(error.code).toBe(endpoint.startsWith('https:') ? 'denied' : 'unreachable')
    expect(error).toMatchObject({ backend: 'gcs', operation: 'get' })
  })
})

function fail(): never {
  throw new Error('cannot be')
}
