import { expect, it } from 'vitest'
import type { Backend, Slot } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { briefLooks } from '../../src/setup/brief-looks.ts'

const { signal } = new AbortController()
const slotAt = (host: string): Slot => ({
  backend: 'oci',
  key: `${host}/a`,
  kind: 'dsse',
  holds: 'many',
  address: { host },
})

/** Counts the looks that reach each host; `dead` ones refuse. */
function counting() {
  const asked = new Map<string, number>()
  const dead = new Set<string>()
  let time = 0
  const backend = {
    name: 'oci',
    hostOf: ({ address }: Slot) => address['host'] ?? '',
    get: async ({ address }: Slot) => {
      const host = address['host'] ?? ''
      asked.set(host, (asked.get(host) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (dead.has(host)) throw new ProvError('unreachable', 'nobody is there')
      if (host === 'odd') throw new ProvError('copy_malformed', 'no JSON')
      return []
    },
    close: async () => undefined,
  } as unknown as Backend
  const looks = briefLooks(backend, 1000, () => time)
  const lookAt = (host: string, times = 1): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: times }, () =>
        looks.get(slotAt(host), { signal }).then(
          () => 'seen',
          ({ code }: ProvError) => code,
        ),
      ),
    )
  return { asked, dead, lookAt, later: (ms: number) => (time += ms) }
}

it('asks a dead host three times, and its neighbour for everything', async () => {
  const { asked, dead, lookAt } = counting()
  dead.add('a')
  const [a, b] = await Promise.all([lookAt('a', 100), lookAt('b', 100)])
  expect(new Set(a)).toEqual(new Set(['unreachable']))
  expect(new Set(b)).toEqual(new Set(['seen']))
  expect([...asked]).toEqual([
    ['a', 3],
    ['b', 100],
  ])
})

it('asks again after a second: a copy that stands there is found', async () => {
  const { asked, dead, lookAt, later } = counting()
  dead.add('a')
  await lookAt('a', 10)
  later(1000)
  expect(await lookAt('a', 10)).toEqual(Array(10).fill('unreachable'))
  expect(asked.get('a')).toBe(4)
  dead.clear()
  expect(await lookAt('a')).toEqual(['unreachable'])
  later(1000)
  expect(await lookAt('a', 50)).toEqual(Array(50).fill('seen'))
})

it('takes an answer that makes no sense for an answer', async () => {
  const { asked, lookAt } = counting()
  await lookAt('odd', 20)
  expect(asked.get('odd')).toBe(20)
})
