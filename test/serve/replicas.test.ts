/** Several services and a command over one Redis: what they share, and what the end of one of them costs. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeWith } from '../servers/endpoints.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { prov } from '../support/cli.ts'
import { ownRedis } from '../support/redis.ts'
import { scratch } from '../support/scratch.ts'
import { ask, provide, type Started, startService } from '../support/service.ts'
import { type SignedImages, signedImages } from '../support/signed-images.ts'

/** Redis has time enough, so that a busy machine is not an outage; how long an answer may wait for it is measured elsewhere. */
function cacheFlags(url: string, namespace: string, budget = '2s'): readonly string[] {
  const file = join(scratch(), 'mac.key')
  writeFileSync(file, randomBytes(32))
  return [
    '--set',
    `cache.budget=${budget}`,
    '--cache',
    url,
    '--set',
    `cache.mac-key-file=${file}`,
    '--set',
    `cache.namespace=${namespace}`,
  ]
}

async function replicas(signed: SignedImages, cache: readonly string[], count = 3): Promise<readonly Started[]> {
  const flags = [...signed.flags, ...cache, '--metrics-listen', '127.0.0.1:0', '--set', 'serve.drain=1s']
  return Promise.all(Array.from({ length: count }, () => startService(flags)))
}

/** Verifications that reached the registry: each reads the attestation's tag once. */
const verifications = ({ proxy }: SignedImages): number =>
  proxy.seen.filter(({ method, path }) => method === 'GET' && path.includes('/manifests/') && path.endsWith('.att'))
    .length

const itemValue = (got: Awaited<ReturnType<typeof provide>>) =>
  got.items?.[0]?.value as { readonly verdict: string; readonly cached: boolean } | undefined

describeWith(['distribution', 'redis'], 'three services and one command', () => {
  test('300 requests cost three verifications at most, and later ones none', async () => {
    await using signed = await signedImages(1)
    const redis = await ownRedis()
    const cache = cacheFlags(redis.url, redis.namespace)
    const services = await replicas(signed, cache)
    const [image = ''] = signed.images
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => provide(services[i % 3]?.address ?? '', '/verify', [image])),
    )
    expect(answers.map((got) => itemValue(got)?.verdict)).toEqual(new Array(300).fill('verified'))
    expect(verifications(signed)).toBeLessThanOrEqual(3)
    signed.proxy.reset()
    for (const { address } of services) expect(itemValue(await provide(address, '/verify', [image]))?.cached).toBe(true)
    const said = await prov(['verify', ...signed.flags, ...cache, '--image', image, '--json'])
    expect(JSON.parse(said.stdout)).toMatchObject({ exit: 0, cached: true })
    expect(signed.proxy.seen).toEqual([])
    await redis.close()
  })

  test('a verdict that somebody wrote into Redis is not taken, and counted', async () => {
    await using signed = await signedImages(1)
    const redis = await ownRedis()
    const [service] = await replicas(signed, cacheFlags(redis.url, redis.namespace), 1)
    if (service === undefined) throw new Error('no service')
    await provide(service.address, '/verify', signed.images)
    await provide(service.address, '/verify', [signed.unsigned])
    const keys = await redis.raw.keys(`prov:v1:verdict:${redis.namespace}:*`)
    const digest = (image = ''): string => image.replace(/^.*sha256:/, '')
    const keyOf = (image = ''): string => keys.find((key) => key.includes(digest(image))) ?? ''
    const good = await redis.raw.getBuffer(keyOf(signed.images[0]))
    await redis.raw.set(keyOf(signed.unsigned), good ?? '', 'PX', 60_000)
    const got = itemValue(await provide(service.address, '/verify', [signed.unsigned]))
    expect(got).toMatchObject({ verdict: 'absent', cached: false })
    expect((await ask(service.address, '/metrics')).text).toMatch(
      /^prov_cache_total\{provider="redis",result="forged"\} 1$/m,
    )
    await redis.close()
  })
})

/** Clients that ask one after the other until they are told to stop, and every verdict that they were given. */
function underLoad(balancer: Balancer, keys: readonly string[], clients: number) {
  const verdicts: string[] = []
  const failures: string[] = []
  let goes = true
  const all = Array.from({ length: clients }, async () => {
    while (goes) {
      try {
        const { items = [], systemError } = await balancer.provide(keys)
        verdicts.push(
          systemError ?? items.map(({ value, error }) => (value as { verdict?: string })?.verdict ?? error).join(),
        )
      } catch (thrown) {
        failures.push(String(thrown))
      }
    }
  })
  return {
    verdicts,
    failures,
    async end() {
      goes = false
      await Promise.all(all)
    },
    async more(count: number) {
      const enough = verdicts.length + count
      while (verdicts.length < enough) await new Promise((done) => setTimeout(done, 10))
    },
  }
}

describeWith(['distribution', 'redis'], 'under load, behind a balancer', () => {
  test('kill -9 of one of three: not one wrong verdict', async () => {
    await using signed = await signedImages(1)
    const redis = await ownRedis()
    const services = await replicas(signed, cacheFlags(redis.url, redis.namespace))
    const balancer = await startBalancer(services)
    const load = underLoad(balancer, [...signed.images, signed.unsigned], 6)
    await load.more(100)
    services[0]?.child.kill('SIGKILL')
    await load.more(100)
    await load.end()
    expect(new Set(load.verdicts)).toEqual(new Set(['verified,absent']))
    expect(load.failures).toEqual([])
    balancer.close()
    await redis.close()
  })

  test('SIGTERM of one of three: no request fails, and none has to be sent again', async () => {
    await using signed = await signedImages(1)
    const services = await replicas(signed, ['--cache', 'memory'])
    const balancer = await startBalancer(services)
    const load = underLoad(balancer, signed.images, 6)
    await load.more(100)
    expect(await services[0]?.stop()).toBe(0)
    await load.more(100)
    await load.end()
    expect({ failures: load.failures, repeated: balancer.repeated, ready: balancer.ready }).toEqual({
      failures: [],
      repeated: 0,
      ready: 2,
    })
    expect(new Set(load.verdicts)).toEqual(new Set(['verified']))
    balancer.close()
  })

  test('Redis frozen, killed and back: verdicts stay right, and hits come again without a restart', async () => {
    await using signed = await signedImages(1)
    const redis = await ownRedis()
    const [service] = await replicas(signed, cacheFlags(redis.url, 'outage', '50ms'), 1)
    if (service === undefined) throw new Error('no service')
    const [image = ''] = signed.images
    const ask = async () => itemValue(await provide(service.address, '/verify', [image]))
    expect(await ask()).toMatchObject({ verdict: 'verified', cached: false })
    expect(await ask()).toMatchObject({ verdict: 'verified', cached: true })
    await redis.kill()
    for (let i = 0; i < 10; i++) expect(await ask()).toMatchObject({ verdict: 'verified', cached: false })
    await redis.start()
    while ((await ask())?.cached !== true) await new Promise((done) => setTimeout(done, 50))
    await redis.close()
  })
})
