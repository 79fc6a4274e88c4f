/** A real Redis as a cache, and one that is killed, frozen, full, a replica, locked, shared with an index, or no Redis at all. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { guarded } from '../../src/cache/guarded.ts'
import { redisProvider } from '../../src/cache/redis.ts'
import { serverOf } from '../../src/platform/redis/url.ts'
import { connectRedis } from '../../src/search/redis.ts'
import { describeWith, server } from '../servers/endpoints.ts'
import { ROOT } from '../support/cli.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import { counting } from '../support/verdicts.ts'
import { providerSuite } from './provider-suite.ts'

const VALUE = Buffer.from('value')

function providerAt(url: string, { password, budgetMs = 5000 }: { password?: string; budgetMs?: number } = {}) {
  const at = serverOf(url)
  if (at === undefined) throw new Error(url)
  return redisProvider({ ...at, password, location: url, budgetMs })
}

function cacheAt(url: string, options: { password?: string; budgetMs?: number } = {}) {
  const events = counting()
  const provider = providerAt(url, options)
  return { ...guarded(provider, { budgetMs: options.budgetMs ?? 5000, now: Date.now, events }), events }
}

async function withRedis(args: readonly string[], work: (redis: OwnRedis) => Promise<void>): Promise<void> {
  const redis = await ownRedis(...args)
  try {
    await work(redis)
  } finally {
    redis.freeze(false)
    await redis.close()
  }
}

/** Until the cache answers again. */
async function back(cache: {
  get(key: string): Promise<Uint8Array | undefined>
  set: ReturnType<typeof cacheAt>['set']
}) {
  for (const end = Date.now() + 15_000; ; ) {
    await cache.set('again', VALUE, 60_000)
    if ((await cache.get('again')) !== undefined) return
    if (Date.now() > end) throw new Error('the cache did not come back')
    await new Promise((later) => setTimeout(later, 50))
  }
}

describeWith(['redis'], 'Redis as a cache', () => {
  providerSuite(
    'Redis',
    async () => {
      const { REDIS = '' } = await server('redis')
      return { provider: providerAt(`${REDIS}/7`), close: async () => undefined }
    },
    () => new Promise((later) => setTimeout(later, 1100)),
  )

  it('nothing is sent before the first call, and calls that come at once share one connection', () =>
    withRedis([], async (redis) => {
      const cache = cacheAt(redis.url)
      const others = async (): Promise<number> =>
        String(await redis.raw.call('CLIENT', 'LIST'))
          .trim()
          .split('\n').length
      expect(await others()).toBe(1)
      await Promise.all(Array.from({ length: 20 }, (_, i) => cache.set(`k${i}`, VALUE, 60_000)))
      expect(await others()).toBe(2)
      expect(cache.events.counts).toEqual({})
      await cache.close()
      for (const end = Date.now() + 5000; (await others()) > 1 && Date.now() < end; ) await new Promise(setImmediate)
      expect(await others()).toBe(1)
    }))

  it(
    'one that was killed is a miss, and is found again once it is back, without anybody doing anything',
    () =>
      withRedis([], async (redis) => {
        const cache = cacheAt(redis.url)
        await cache.set('k', VALUE, 60_000)
        expect(await cache.get('k')).toBeDefined()
        await redis.kill()
        for (let i = 0; i < 20; i++) expect(await cache.get('k')).toBeUndefined()
        expect(cache.events.counts.open).toBeGreaterThan(0)
        await redis.start()
        await back(cache)
        await cache.close()
      }),
    30_000,
  )

  it(
    'one that is frozen is a miss after its budget, is then left alone, and is found again once it goes on',
    () =>
      withRedis([], async (redis) => {
        const cache = cacheAt(redis.url, { budgetMs: 50 })
        await back(cache)
        redis.freeze(true)
        for (let i = 0; i < 50; i++) expect(await cache.get('again')).toBeUndefined()
        expect(cache.events.counts.open).toBeGreaterThan(0)
        expect(cache.events.failures.every((failure) => failure.startsWith('timed_out'))).toBe(true)
        redis.freeze(false)
        await back(cache)
        await cache.close()
      }),
    30_000,
  )

  it('one that is full is a miss for what is new, and gives what it has', () =>
    withRedis(['--maxmemory-policy', 'noeviction'], async (redis) => {
      const cache = cacheAt(redis.url)
      await cache.set('k', VALUE, 60_000)
      await redis.raw.call('CONFIG', 'SET', 'maxmemory', '1')
      await cache.set('new', VALUE, 60_000)
      expect(cache.events.failures).toEqual(['server_error: Redis is full (maxmemory)'])
      expect(await cache.get('k')).toBeDefined()
      const late = cacheAt(redis.url)
      expect(await late.get('k')).toBeDefined()
      await Promise.all([cache.close(), late.close()])
    }))

  it('a replica gives what it has, and takes nothing', () =>
    withRedis([], async (first) => {
      await first.raw.set('k', VALUE)
      await withRedis(['--replicaof', `127.0.0.1 ${first.port}`], async (replica) => {
        for (const end = Date.now() + 10_000; (await replica.raw.get('k')) === null && Date.now() < end; )
          await new Promise((later) => setTimeout(later, 20))
        const cache = cacheAt(replica.url)
        expect(await cache.get('k')).toBeDefined()
        await cache.set('new', VALUE, 60_000)
        expect(cache.events.failures[0]).toContain('replica')
        await cache.close()
      })
    }))

  it('wants its password, and the right one', () =>
    withRedis(['--requirepass', 's3cret'], async (redis) => {
      for (const [password, why] of [
        [undefined, 'wants a password'],
        ['wrong', 'refused the password'],
      ] as const) {
        const cache = cacheAt(redis.url, password === undefined ? {} : { password })
        expect(await cache.get('k')).toBeUndefined()
        expect(cache.events.failures[0]).toContain(why)
        await cache.close()
      }
      const cache = cacheAt(redis.url, { password: 's3cret' })
      await back(cache)
      await cache.close()
    }))

  it('a user with the rights of docs/cache.md needs no more', () =>
    withRedis([], async (redis) => {
      const text = readFileSync(join(ROOT, 'docs/cache.md'), 'utf8')
      const rights = /ACL SETUSER prov on >PASSWORD (.*)/.exec(text)?.[1]?.split(' ') ?? []
      await redis.raw.call('ACL', 'SETUSER', 'prov', 'on', '>s3cret', ...rights)
      const cache = cacheAt(redis.url.replace('redis://', 'redis://prov@'), { password: 's3cret' })
      await cache.set('prov:v1:verdict:k', VALUE, 60_000)
      expect(await cache.get('prov:v1:verdict:k')).toBeDefined()
      await cache.delete('prov:v1:verdict:k')
      expect(cache.events.failures).toEqual([])
      await cache.set('other', VALUE, 60_000)
      expect(cache.events.failures[0]).toContain('denied')
      await cache.close()
    }))

  it('a database that holds the search index is not used, and an index refuses the database of a cache', () =>
    withRedis([], async (redis) => {
      await redis.raw.set('prov:use', 'index')
      const cache = cacheAt(redis.url)
      await cache.set('k', VALUE, 60_000)
      expect(cache.events.failures[0]).toContain('config_invalid')
      expect(await redis.raw.exists('k')).toBe(0)
      await redis.raw.del('prov:use')
      await cache.set('k', VALUE, 60_000)
      expect(await cache.get('k')).toBeDefined()
      await cache.close()
      const other = cacheAt(`${redis.url}/1`)
      await other.set('k', VALUE, 60_000)
      await other.close()
      const index = connectRedis({ url: `${redis.url}/1`, namespace: 'p' }, { readOnly: false })
      await expect(index).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('cache') })
    }))

  it('a value of 100 MB is not read, and one of another type is a miss', () =>
    withRedis([], async (redis) => {
      await redis.raw.call('SETRANGE', 'large', 100 * 1024 * 1024, 'x')
      await redis.raw.lpush('list', 'x')
      const cache = cacheAt(redis.url)
      expect(await cache.get('large')).toBeUndefined()
      expect(cache.events.counts).toEqual({})
      expect(await cache.get('list')).toBeUndefined()
      expect(cache.events.failures).toHaveLength(1)
      const info = String(await redis.raw.call('INFO', 'stats'))
      expect(Number(/total_net_output_bytes:(\d+)/.exec(info)?.[1])).toBeLessThan(1_000_000)
      await cache.close()
    }))

  it('what answers noise, without end or at once, is a miss', async () => {
    for (const noise of [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      randomBytes(1000),
      Buffer.from('$99999999\r\n'),
    ]) {
      const other = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.on('data', () => socket.write(noise))
      }).listen(0, '127.0.0.1')
      await once(other, 'listening')
      const cache = cacheAt(`redis://127.0.0.1:${(other.address() as AddressInfo).port}`, { budgetMs: 300 })
      expect(await cache.get('k')).toBeUndefined()
      expect(cache.events.counts.error).toBe(1)
      await cache.close()
      other.close()
    }
  })
})

it('nobody there is a miss', async () => {
  const cache = cacheAt('redis://127.0.0.1:1')
  expect(await cache.get('k')).toBeUndefined()
  expect(cache.events.failures[0]).toContain('unreachable')
  await cache.close()
})
