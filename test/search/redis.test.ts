/** What prov demands of a Redis before it trusts an index to it, and what it says of one that fails later. */
import { expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { indexOver } from '../../src/search/index-store.ts'
import { connectRedis, type IndexPlace, shownIndex } from '../../src/search/redis.ts'
import { describeWith } from '../servers/endpoints.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'

const ENTRY = {
  seq: 1,
  id: `dsse:sha256:${'a'.repeat(64)}`,
  uri: 'prov:taskrun/1',
  format: 'slsa/v1',
  keyids: [],
  source: 'signed',
  terms: ['run:1'],
} as const

async function refusal(place: IndexPlace, readOnly = false): Promise<ProvError> {
  try {
    const redis = await connectRedis(place, { readOnly })
    await redis.close()
  } catch (thrown) {
    if (thrown instanceof ProvError) return thrown
    throw thrown
  }
  throw new Error('it was accepted')
}

async function withRedis(args: readonly string[], work: (redis: OwnRedis) => Promise<void>): Promise<void> {
  const redis = await ownRedis(...args)
  try {
    await work(redis)
  } finally {
    await redis.close()
  }
}

it('shows a URL without its password', () => {
  expect(shownIndex('redis://prov:secret@cache:6379/1')).toBe('redis://prov@cache:6379/1')
})

it.each(['redis://', 'http://cache', 'redis://cache/x', 'redis://cache/1?db=2', 'cache:6379'])(
  'refuses the URL %s',
  async (url) => {
    expect(await refusal({ url, namespace: 'p' })).toMatchObject({ code: 'usage' })
  },
)

it('says that nobody answers', async () => {
  expect(await refusal({ url: 'redis://127.0.0.1:1', namespace: 'p' })).toMatchObject({ code: 'unreachable' })
})

describeWith(['redis'], 'a Redis', () => {
  it('that evicts is refused, with the next step', () =>
    withRedis(['--maxmemory-policy', 'allkeys-lru'], async (redis) => {
      expect(await refusal(redis)).toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('allkeys-lru'),
        hint: expect.stringContaining('noeviction'),
      })
    }))

  it('that lets nobody run scripts is refused', () =>
    withRedis([], async (redis) => {
      await redis.raw.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha')
      expect(await refusal(redis)).toMatchObject({ code: 'config_invalid', hint: expect.stringContaining('+eval') })
    }))

  it('that is a replica is refused to whoever writes, and read by a search', () =>
    withRedis([], async (first) => {
      await withRedis(['--replicaof', `127.0.0.1 ${first.port}`], async (replica) => {
        expect(await refusal(replica)).toMatchObject({
          code: 'config_invalid',
          message: expect.stringContaining('replica'),
        })
        await (await connectRedis(replica, { readOnly: true })).close()
      })
    }))

  it('that another part of prov uses as a cache is refused', () =>
    withRedis([], async (redis) => {
      await redis.raw.set('prov:use', 'cache')
      expect(await refusal(redis)).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('cache') })
      const other = { ...redis, url: `${redis.url}/1` }
      await (await connectRedis(other, { readOnly: false })).close()
    }))

  it('wants its password, and the right one', () =>
    withRedis(['--requirepass', 's3cret'], async (redis) => {
      expect(await refusal(redis)).toMatchObject({
        code: 'denied',
        hint: expect.stringContaining('index.password-file'),
      })
      expect(await refusal({ ...redis, password: 'wrong' })).toMatchObject({ code: 'denied' })
      await (await connectRedis({ ...redis, password: 's3cret' }, { readOnly: false })).close()
    }))

  it('that is full says so, and nothing is promised', () =>
    withRedis(['--maxmemory', '2mb', '--maxmemory-policy', 'noeviction'], async (redis) => {
      const index = indexOver(await connectRedis(redis, { readOnly: false }))
      try {
        const filled = async (): Promise<void> => {
          for (let seq = 1; seq < 100_000; seq += 1) {
            const terms = Array.from({ length: 50 }, (_, i) => `digest:sha256:${seq}-${i}${'x'.repeat(200)}`)
            await index.write([{ add: { ...ENTRY, seq, terms } }])
          }
        }
        await expect(filled()).rejects.toMatchObject({ code: 'server_error', message: expect.stringContaining('full') })
      } finally {
        await index.close()
      }
    }))

  it(
    'that was killed is reached again once it is back, and checked again before it is written to',
    () =>
      withRedis([], async (redis) => {
        const index = indexOver(await connectRedis(redis, { readOnly: false }))
        try {
          await index.write([{ add: ENTRY }])
          await redis.kill()
          await expect(index.write([{ add: ENTRY }])).rejects.toMatchObject({ code: 'unreachable' })
          await redis.start()
          await redis.raw.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
          const again = async () => {
            for (const end = Date.now() + 10_000; ; ) {
              try {
                return await index.write([{ add: ENTRY }])
              } catch (thrown) {
                const { code } = thrown as ProvError
                if (code !== 'unreachable' || Date.now() > end) throw thrown
                await new Promise((resolve) => setTimeout(resolve, 50))
              }
            }
          }
          await expect(again()).rejects.toMatchObject({ code: 'server_error', message: expect.stringContaining('lru') })
          await redis.raw.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
          expect(await again()).toEqual(['1'])
        } finally {
          await index.close()
        }
      }),
    30_000,
  )

  it('that speaks something else is told from one that is down', async () => {
    const { createServer } = await import('node:net')
    const other = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    try {
      const { code } = await refusal({ url: `redis://127.0.0.1:${port}`, namespace: 'p' })
      expect(code).toBe('response_invalid')
    } finally {
      other.close()
    }
  })
})
