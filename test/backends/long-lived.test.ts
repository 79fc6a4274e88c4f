/** What a handle keeps in memory of places that it was asked about once, where the suite cannot measure it: no server, no network. */
import { describe, expect, test } from 'vitest'
import { createSession } from '../../backends/oci/registry/auth.ts'
import { liveHomes } from '../../backends/tekton/cluster/homes.ts'
import type { LiveRun } from '../../backends/tekton/cluster/live-runs.ts'
import type { Cluster } from '../../src/kubernetes/cluster.ts'
import { boundedMap } from '../../src/platform/async/bounded-map.ts'
import { linkedSignal } from '../../src/platform/async/linked-signal.ts'
import type { Http, HttpRequest } from '../../src/platform/http/client.ts'
import { growth } from '../conformance/heap.ts'
import { testContext } from '../support/context.ts'

const CALLS = 2000
const LIMIT = 100 * CALLS

/** `work` 2,000 times a round, each time with another number. */
const many =
  (work: (number: number) => Promise<unknown>) =>
  async (round: number): Promise<void> => {
    for (let i = 0; i < CALLS; i++) await work(round * CALLS + i)
  }

describe('after 2,000 calls through one handle the heap is flat', () => {
  const { signal } = new AbortController()

  test('tekton: runs of a cluster', async () => {
    const cluster = {
      access: async () => ({ server: 'https://cluster.example' }),
      call: async ({ path }: { readonly path: string }) => {
        const name = path.split('/').at(-1)?.split('?')[0] ?? ''
        const annotations = { note: 'x'.repeat(200), other: 'y'.repeat(200) }
        return { metadata: { name, namespace: 'ci', uid: `uid-${name}`, resourceVersion: '1', annotations } }
      },
      close: () => undefined,
    } as unknown as Cluster
    const homes = liveHomes(testContext(), async () => cluster)
    const work = many(async (number) => {
      const run: LiveRun = { kind: 'TaskRun', namespace: 'ci', name: `run-${number}`, uid: `uid-run-${number}` }
      expect(await homes.at(run).read(signal)).toMatchObject({ note: 'x'.repeat(200) })
      await homes.at(run).edit(() => ({ result: 1, changes: { prov: 'new' } }), signal)
    })
    expect(await growth(work, LIMIT)).toBeLessThan(LIMIT)
  })

  test('oci: logins of a registry, one a repository', async () => {
    const base = new URL('https://registry.example')
    let tokens = 0
    const http = {
      send: async ({ url, headers }: HttpRequest) => {
        const answer = (status: number, body: string, more = {}) => ({
          status,
          url,
          headers: more,
          body: Buffer.from(body),
        })
        if (url.pathname === '/token') return answer(200, JSON.stringify({ token: `${tokens++}`.padStart(1000, 't') }))
        if (headers['authorization'] !== undefined) return answer(200, '{}')
        return answer(401, '', { 'www-authenticate': 'Bearer realm="https://registry.example/token",service="r"' })
      },
    } as unknown as Http
    const credentials = async () => ({ username: 'ci', password: 'secret-of-ci' })
    const session = createSession({ host: 'registry.example', base, http, credentials, now: Date.now })
    const where = { operation: 'get', location: 'registry.example' }
    const common = {
      method: 'GET',
      headers: {},
      maxBytes: 1000,
      repeat: 'safe',
      actions: 'pull',
      signal,
      where,
    } as const
    const work = many((number) => session.send({ ...common, target: '/v2/', repository: `acme/app-${number}` }))
    expect(await growth(work, LIMIT)).toBeLessThan(LIMIT)
    expect(tokens).toBeGreaterThan(CALLS)
  })

  test('a signal that follows one that lives', async () => {
    const work = many(async () => {
      const own = linkedSignal(signal)
      own.signal.addEventListener('abort', () => undefined)
      own.release()
    })
    expect(await growth(work, LIMIT)).toBeLessThan(LIMIT)
  })
})

test('a linked signal is aborted by the one that it follows, with its reason, until it is released', () => {
  const followed = new AbortController()
  const [one, two, three] = [
    linkedSignal(followed.signal),
    linkedSignal(followed.signal),
    linkedSignal(followed.signal),
  ]
  two.release()
  three.abort('by itself')
  followed.abort('the end')
  expect([one.signal.reason, two.signal.aborted, three.signal.reason]).toEqual(['the end', false, 'by itself'])
  expect(linkedSignal(followed.signal).signal.reason).toBe('the end')
})

test('a bounded map forgets what was used least lately', () => {
  const map = boundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
})
