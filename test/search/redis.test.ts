/** What prov demands of a Redis before it trusts an index to it, and what it says of one that fails later. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ProvError } from '../../src/errors.ts'
import { indexOver } from '../../src/search/index-store.ts'
import { freeLease, holdLease } from '../../src/search/lease.ts'
import { rebuild } from '../../src/search/rebuild.ts'
import { reconcile } from '../../src/search/reconcile.ts'
import { connectRedis, type IndexPlace, shownIndex } from '../../src/search/redis.ts'
import { openTruth } from '../../src/truth/open.ts'
import { describeWith } from '../servers/endpoints.ts'
import { ROOT } from '../support/cli.ts'
import { type OwnRedis, ownRedis } from '../support/redis.ts'
import { sqliteTruth } from '../support/truth.ts'
import { deliverAll, many } from './many.ts'

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

  it('lets a user with the rights of docs/search.md do all that is needed, and no more', () =>
    withRedis([], async (redis) => {
      const text = readFileSync(join(ROOT, 'docs/search.md'), 'utf8')
      const rights = /ACL SETUSER prov on >PASSWORD (.*)/.exec(text)?.[1]?.split(' ') ?? []
      await redis.raw.call('ACL', 'SETUSER', 'prov', 'on', '>s3cret', ...rights)
      const place = { ...redis, url: redis.url.replace('redis://', 'redis://prov@'), password: 's3cret' }
      const index = indexOver(await connectRedis(place, { readOnly: false }))
      const truth = await openTruth({ url: `sqlite:${sqliteTruth().path}`, newId: randomUUID() }, { make: true })
      try {
        const made = await many()
        await made.commit(truth, 3)
        await deliverAll(truth, index, made.trust)
        const [lease, signal] = [randomUUID(), new AbortController().signal]
        await holdLease(index, { token: lease, signal, sleep: async () => undefined })
        await rebuild({ truth, index, lease, resume: false, signal, sleep: async () => undefined })
        const job = { truth, index, repair: true, prune: true, lease, signal, told: () => undefined }
        expect(await reconcile(job)).toMatchObject({ entries: 3, missing: 0, wrong: 0, extra: 0 })
        await freeLease(index, lease)
        await expect(index.redis.call('FLUSHALL')).rejects.toMatchObject({ code: 'denied' })
        await expect(index.redis.call('SET', 'other', '1')).rejects.toMatchObject({ code: 'denied' })
      } finally {
        await truth.close()
        await index.close()
      }
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
