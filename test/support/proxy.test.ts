import { expect, it } from 'vitest'
import { describeWith, REGISTRIES, registry } from '../servers/endpoints.ts'
import { cutAfter, cutBefore, isManifestPut, lateManifests, startProxy } from './proxy.ts'
import { freshName, getManifest, putManifest, seedImage, tagsOf } from './registry.ts'

for (const name of REGISTRIES) {
  describeWith([name], `proxy before ${name}`, () => {
    it('keeps a whole push on the proxy, uploads included', async () => {
      await using proxy = await startProxy(registry(name))
      const image = await seedImage(proxy.endpoint, freshName('proxy'))
      expect(image).toContain(proxy.endpoint)
      expect(proxy.seen.map(({ method }) => method)).toEqual(['POST', 'PUT', 'POST', 'PUT', 'PUT'])
    })
  })
}

describeWith(['distribution'], 'proxy faults', () => {
  it('cuts before the registry sees the request', async () => {
    await using proxy = await startProxy(registry('distribution'), cutBefore(5))
    const repository = freshName('proxy')
    await expect(seedImage(proxy.endpoint, repository)).rejects.toThrow('fetch failed')
    expect(await tagsOf(registry('distribution'), repository)).toEqual([])
  })

  it('cuts after the registry has answered', async () => {
    let called = 0
    await using proxy = await startProxy(
      registry('distribution'),
      cutAfter(5, () => {
        called += 1
      }),
    )
    const repository = freshName('proxy')
    await expect(seedImage(proxy.endpoint, repository)).rejects.toThrow('fetch failed')
    expect(await tagsOf(registry('distribution'), repository)).toEqual(['v1'])
    expect(called).toBe(1)
  })

  it('answers by itself, and with another body', async () => {
    const repository = freshName('proxy')
    await seedImage(registry('distribution'), repository)
    await using proxy = await startProxy(registry('distribution'), () => ({
      status: 429,
      headers: { 'retry-after': '7' },
    }))
    const throttled = await fetch(`http://${proxy.endpoint}/v2/`)
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '7'])
    proxy.use(() => ({ tamper: (body) => Buffer.from(body.toString().replace('schemaVersion', 'schemaversion')) }))
    expect((await getManifest(proxy.endpoint, repository, 'v1'))?.toString()).toContain('schemaversion')
  })

  it('hangs until the client gives up', async () => {
    await using proxy = await startProxy(registry('distribution'), () => ({ hang: true }))
    await expect(fetch(`http://${proxy.endpoint}/v2/`, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout')
  })

  it('delays manifest PUTs only', async () => {
    const rule = lateManifests(400, () => 0.25)
    expect(rule({ index: 1, method: 'GET', path: '/v2/x/manifests/v1', headers: {} })).toBeUndefined()
    expect(rule({ index: 1, method: 'PUT', path: '/v2/x/manifests/v1', headers: {} })).toEqual({ delayMs: 100 })
    const repository = freshName('proxy')
    await seedImage(registry('distribution'), repository)
    await using proxy = await startProxy(registry('distribution'), rule)
    const bytes = (await getManifest(proxy.endpoint, repository, 'v1')) ?? Buffer.alloc(0)
    const began = performance.now()
    await putManifest(proxy.endpoint, repository, 'v2', bytes)
    expect(performance.now() - began).toBeGreaterThan(95)
    expect(proxy.seen.filter(isManifestPut)).toHaveLength(1)
  })
})
