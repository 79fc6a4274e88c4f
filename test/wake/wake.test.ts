import { describe, expect, it } from 'vitest'
import { follow } from '../../src/delivery/wake/follow.ts'
import { notifyTransport } from '../../src/delivery/wake/notify.ts'
import { placeOf } from '../../src/delivery/wake/place.ts'
import { pause } from '../../src/platform/io.ts'
import { describeWith } from '../servers/endpoints.ts'
import { natsWaker, pubsubWaker, redisWaker } from './servers.ts'
import { pollAlone, wakeSuite } from './suite.ts'

describe('a worker without a transport', pollAlone)
describeWith(['redis-server'], 'Redis Streams', () => wakeSuite('redis', redisWaker))
describeWith(['nats-server'], 'NATS JetStream', () => wakeSuite('nats', natsWaker))
describeWith(['pubsub'], 'Google Pub/Sub', () => wakeSuite('pubsub', pubsubWaker))

describe('a place', () => {
  it('is read from its URL', () => {
    expect(placeOf('rediss://me@cache:7000/2?stream=prov')).toMatchObject({
      transport: 'redis',
      host: 'cache',
      port: 7000,
      database: 2,
      username: 'me',
      isTls: true,
      stream: 'prov',
    })
    expect(placeOf('nats://n?subject=prov.wake')).toMatchObject({ transport: 'nats', port: 4222, subject: 'prov.wake' })
    expect(placeOf('pubsub:projects/p/subscriptions/sub')).toMatchObject({ transport: 'pubsub' })
  })

  it.each([
    'redis://cache/0',
    'redis://cache/x?stream=a',
    'redis://cache/0?stream=a&x=1',
    'redis://cache/0?stream=a%20b',
    'nats://n?subject=a.*',
    'nats://n?subject=a.>',
    'nats://n/x?subject=a',
    'pubsub:sub',
    'pubsub:projects/p/subscriptions/s/../x',
    'https://x?stream=a',
    '',
  ])('is refused where it is none: %s', (url) => {
    expect(() => placeOf(url)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it.each(['redis://:pw@cache/0?stream=a', 'redis://u:pw@cache/0?stream=a', 'nats://u:pw@n?subject=a'])(
    'is refused with a password, which is not repeated: %s',
    (url) => {
      expect(() => placeOf(url)).toThrow(
        expect.objectContaining({
          code: 'usage',
          message: expect.not.stringContaining('pw@'),
          hint: expect.stringContaining('password-file'),
        }),
      )
    },
  )
})

it('does not wait for a transport that does not end', async () => {
  const stop = new AbortController()
  const stuck = {
    name: 'stuck',
    location: 'nowhere',
    hints: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }),
  }
  const job = {
    signal: stop.signal,
    woke: () => undefined,
    lost: () => undefined,
    now: Date.now,
    random: Math.random,
    sleep: pause,
  }
  const followed = follow([stuck], job)
  const began = Date.now()
  stop.abort()
  await followed
  expect(Date.now() - began).toBeLessThan(2000)
})

it('listens to the truth again once nobody is told any more', { timeout: 20_000 }, async () => {
  const stop = new AbortController()
  const [woke, lost]: [string[], string[]] = [[], []]
  let listened = 0
  const transport = notifyTransport({
    listen: async (told, gone) => {
      listened++
      setTimeout(told, 10)
      if (listened === 1) setTimeout(gone, 50)
      return async () => undefined
    },
  })
  if (transport === undefined) throw new Error('no transport')
  const followed = follow([transport], {
    signal: stop.signal,
    woke: (name) => woke.push(name),
    lost: (line) => lost.push(line),
    now: Date.now,
    random: Math.random,
    sleep: pause,
  })
  while (woke.length < 4) await pause(20, AbortSignal.timeout(15_000))
  stop.abort()
  await followed
  expect(listened).toBe(2)
  expect(woke).toEqual(['notify', 'notify', 'notify', 'notify'])
  expect(lost).toEqual([
    'notify at the truth wakes nobody now: the connection ended; connecting again, and looking without it',
  ])
})
