/** Registries that hang, fail or ask to be left alone: whoever waits is answered in time, and nothing is poisoned. */
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import type { Seen } from '../support/proxy.ts'
import { ask, provide, providerRequest, startService } from '../support/service.ts'
import { signedImages } from '../support/signed-images.ts'

const isAbout =
  (image = '') =>
  ({ path }: Seen): boolean =>
    path.includes(image.replace(/^.*sha256:/, 'sha256-'))

const verdictOf = (item: { readonly value?: unknown; readonly error?: string } | undefined): unknown =>
  (item?.value as { verdict?: string } | undefined)?.verdict ?? item?.error

describeWith(['distribution'], 'one of many keys that hangs', () => {
  test('the others are answered in time and in order, it is an error, and its work fills the cache', async () => {
    await using signed = await signedImages(3)
    const service = await startService([...signed.flags, '--cache', 'memory', '--deadline', '4s'])
    const [slow = '', good = '', other = ''] = signed.images
    signed.proxy.use((seen) => (isAbout(slow)(seen) ? { delayMs: 5000 } : undefined))
    const keys = Array.from({ length: 50 }, (_, i) => (i === 7 ? slow : i % 2 === 0 ? good : other))
    const began = performance.now()
    const { status, items = [] } = await provide(service.address, '/verify', keys)
    const took = performance.now() - began
    expect(status).toBe(200)
    expect(items.map(({ key }) => key)).toEqual(keys)
    const said = items.map(verdictOf)
    expect(said[7]).toMatch(/^timed_out: no verdict within 3800 ms/)
    expect(said.filter((_, i) => i !== 7)).toEqual(new Array(49).fill('verified'))
    // Its deadline, not the end of the work: that takes two delays one after the other.
    expect(took).toBeLessThan(10_000)
    signed.proxy.use(undefined)
    await service.logged('no_verdict')
    for (;;) {
      const again = await provide(service.address, '/verify', [slow])
      if ((again.items?.[0]?.value as { cached?: boolean })?.cached === true) break
      await new Promise((done) => setTimeout(done, 50))
    }
    const late = signed.proxy.seen.filter((seen) => isAbout(slow)(seen) && seen.path.includes('.att'))
    expect(late).toHaveLength(1)
  })
})

describeWith(['distribution'], 'two who ask for one image', () => {
  test('share one verification, and the first may go', async () => {
    await using signed = await signedImages(1)
    const service = await startService(signed.flags)
    const [image = ''] = signed.images
    signed.proxy.use(({ path }) => (path.includes('.att') ? { delayMs: 700 } : undefined))
    const first = request(`http://${service.address}/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    first.on('error', () => undefined)
    first.end(JSON.stringify(providerRequest([image])))
    while (!signed.proxy.seen.some(({ path }) => path.includes('.att')))
      await new Promise((done) => setTimeout(done, 5))
    const second = provide(service.address, '/verify', [image])
    await new Promise((done) => setTimeout(done, 100))
    first.destroy()
    expect(verdictOf((await second).items?.[0])).toBe('verified')
    expect(signed.proxy.seen.filter(({ path }) => path.includes('.att'))).toHaveLength(1)
  })
})

describeWith(['distribution'], 'a registry that is away', () => {
  test('is an error for each key, and the first question after it is answered right', async () => {
    await using signed = await signedImages(1)
    const service = await startService([...signed.flags, '--cache', 'memory'])
    const [image = ''] = signed.images
    const keys = [image, signed.unsigned]
    signed.proxy.use(() => ({ cut: 'before' }))
    for (let i = 0; i < 3; i++) {
      const { items = [] } = await provide(service.address, '/verify', keys)
      for (const item of items) expect(verdictOf(item)).toMatch(/^(?:unreachable|timed_out): /)
    }
    expect((await ask(service.address, `/v1/verify?image=${image}`)).status).toBeGreaterThanOrEqual(500)
    expect((await ask(service.address, '/readyz')).status).toBe(200)
    signed.proxy.use(undefined)
    const { items = [] } = await provide(service.address, '/verify', keys)
    expect(items.map(verdictOf)).toEqual(['verified', 'absent'])
    const { text } = await ask(service.address, '/metrics')
    expect(text).toMatch(/prov_backend_requests_total\{backend="oci",code="unreachable"\} [1-9]/)
    expect(text).toMatch(/prov_verify_total\{verdict="error"\} [1-9]/)
  })

  test('one that asks to be left alone is left alone by all', async () => {
    await using signed = await signedImages(2)
    const service = await startService(signed.flags)
    signed.proxy.use(() => ({ status: 429, headers: { 'retry-after': '30' } }))
    await provide(service.address, '/verify', [signed.images[0]])
    const before = signed.proxy.seen.length
    const { items = [] } = await provide(service.address, '/verify', [signed.images[1]])
    expect(verdictOf(items[0])).toMatch(/^throttled: .*asked for fewer requests/)
    expect(signed.proxy.seen).toHaveLength(before)
  })

  test('no more is asked than serve.registry-rate', async () => {
    await using signed = await signedImages(4)
    const service = await startService([...signed.flags, '--set', 'serve.registry-rate=5'])
    const began = performance.now()
    await provide(service.address, '/verify', signed.images)
    const seconds = (performance.now() - began) / 1000
    expect(signed.proxy.seen.length).toBeLessThanOrEqual(5 + 5 * seconds + 1)
    expect(signed.proxy.seen.length).toBeGreaterThan(0)
  })

  test.each([
    ['32', false],
    ['0', true],
  ])('with serve.registry-memory=%s a second verification asks for blobs again: %s', async (megabytes, again) => {
    await using signed = await signedImages(1)
    const service = await startService([...signed.flags, '--set', `serve.registry-memory=${megabytes}`])
    const requests = async (): Promise<number> => {
      signed.proxy.reset()
      const { items = [] } = await provide(service.address, '/verify', signed.images)
      expect(verdictOf(items[0])).toBe('verified')
      return signed.proxy.seen.length
    }
    const first = await requests()
    expect((await requests()) === first).toBe(again)
  })
})

describeWith(['distribution'], 'more than there is room for', () => {
  test('503 with Retry-After, and never a guess', async () => {
    await using signed = await signedImages(2)
    const flags = ['--concurrency', '1', '--deadline', '2s', '--cache', 'memory']
    const service = await startService([...signed.flags, ...flags])
    const [image = '', kept = ''] = signed.images
    await provide(service.address, '/verify', [kept])
    signed.proxy.use(() => ({ hang: true }))
    const [repository = ''] = image.split('@')
    const key = (i: number): string => `${repository}@sha256:${i.toString(16).padStart(64, '0')}`
    const all = await Promise.all([
      provide(
        service.address,
        '/verify',
        Array.from({ length: 17 }, (_, i) => key(i)),
      ),
      new Promise<Awaited<ReturnType<typeof provide>>>((resolve, reject) =>
        setTimeout(() => provide(service.address, '/verify', [image]).then(resolve, reject), 500),
      ),
      new Promise<Awaited<ReturnType<typeof ask>>>((resolve, reject) =>
        setTimeout(() => ask(service.address, `/v1/verify?image=${image}`).then(resolve, reject), 500),
      ),
      new Promise<Awaited<ReturnType<typeof provide>>>((resolve, reject) =>
        setTimeout(() => provide(service.address, '/verify', [image, kept]).then(resolve, reject), 500),
      ),
    ])
    expect(all.map(({ status }) => status)).toEqual([200, 503, 503, 200])
    // What is kept needs no room.
    expect(all[3].items?.map(verdictOf)).toEqual([expect.stringMatching(/^throttled: /), 'verified'])
    expect(all[1].headers['retry-after']).toBe('1')
    expect(all[1].systemError).toMatch(/^throttled: /)
    expect(all[2].headers['retry-after']).toBe('1')
    expect((await ask(service.address, '/metrics')).text).toMatch(/^prov_queue 16$/m)
  })
})
