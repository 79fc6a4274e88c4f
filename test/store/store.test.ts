/** The pipeline of store, on backends in memory and on ones that fail in ways that no real server can be made to. */
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type MemoryStore, memoryStore, openMemory } from '../../backends/memory/backend.ts'
import type { Backend, Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { Artifact } from '../../src/model/artifact.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { type StoreJob, type StoreReport, store } from '../../src/store/store.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { aboutRun, FORMAT_OPTIONS, imageOf, retrying, signer, taskRun } from '../support/makers.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size) => new Uint8Array(size).fill(7),
  debug: () => undefined,
}
const run = taskRun('build-a')
let ours: KeySigner
let theirs: KeySigner
let signatures = 0

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
})

function counting(of: KeySigner): KeySigner {
  return {
    ...of,
    sign: (bytes) => {
      signatures++
      return of.sign(bytes)
    },
  }
}

function memory(name: string, more: Partial<Backend> = {}, shared?: MemoryStore): Backend {
  return { ...openMemory(context, shared === undefined ? {} : { store: shared }), ...more, name }
}

async function stored(
  backends: readonly Backend[],
  more: Partial<StoreJob> & { readonly artifacts?: readonly Artifact[]; readonly format?: string } = {},
): Promise<StoreReport> {
  signatures = 0
  const { artifacts = [run], format = 'slsa/v1', ...job } = more
  return store({
    items: artifacts.map((artifact) => ({
      artifact,
      format: formatNamed(artifact.type === 'image' ? 'simplesigning' : format),
      backends,
    })),
    signer: async () => counting(ours),
    trust: async () => trustOf(ours),
    formatOptions: FORMAT_OPTIONS,
    optional: [],
    resign: false,
    dryRun: false,
    signal: new AbortController().signal,
    retry: retrying(3, new AbortController().signal),
    ...job,
  })
}

async function marks(backends: readonly Backend[], trust = trustOf(ours)): Promise<string> {
  const target = { about: aboutRun(run), backends, required: () => [], mayBeAbsent: false }
  const demands = { optional: [], strict: false }
  const report = await verify({ targets: [target], trust, demands, signal: new AbortController().signal })
  return report.artifacts.flatMap((one) => one.rows.map((row) => row.mark)).join('')
}

function failing(
  code: ConstructorParameters<typeof ProvError>[0],
  times = Number.POSITIVE_INFINITY,
): Partial<Backend> & { calls: number } {
  const inner = openMemory(context)
  const faulty = {
    calls: 0,
    ...inner,
    put: async (...args: Parameters<Backend['put']>) => {
      if (faulty.calls++ < times) throw new ProvError(code, 'on purpose')
      return inner.put(...args)
    },
  }
  return faulty
}

describe('sign once, store everywhere', () => {
  test('three backends, one signature; a second store signs nothing and writes nothing', async () => {
    const backends = [memory('a'), memory('b'), memory('c')]
    const first = await stored(backends)
    expect(first.exit).toBe(0)
    expect(first.items[0]?.copies.map((copy) => copy.outcome)).toEqual(['written', 'written', 'written'])
    expect(signatures).toBe(1)
    const second = await stored(backends)
    expect(second.items[0]).toMatchObject({ source: 'adopted', signatures: first.items[0]?.signatures })
    expect(second.items[0]?.copies.map((copy) => copy.outcome)).toEqual(['unchanged', 'unchanged', 'unchanged'])
    expect(signatures).toBe(0)
    expect(await marks(backends)).toBe('===')
  })

  test('one failing backend: the others have their copies, its code is told, a re-run completes with the same bytes', async () => {
    const shared = memoryStore()
    const a = memory('a')
    const report = await stored([a, memory('b', { put: failing('server_error').put as Backend['put'] }, shared)])
    expect(report.exit).toBe(7)
    expect(report.items[0]?.copies).toMatchObject([
      { backend: 'a', confirmed: true },
      { backend: 'b', confirmed: false, error: { code: 'server_error' } },
    ])
    const healed = await stored([a, memory('b', {}, shared)])
    expect(healed).toMatchObject({ exit: 0, items: [{ source: 'adopted', signatures: report.items[0]?.signatures }] })
    expect(signatures).toBe(0)
  })

  test('what can heal is tried again, what cannot is not', async () => {
    const twice = failing('unreachable', 2)
    expect(await stored([memory('a', twice)])).toMatchObject({ exit: 0 })
    expect(twice.calls).toBe(3)
    const denied = failing('denied')
    expect(await stored([memory('a', denied)])).toMatchObject({ exit: 7, findings: [{ code: 'denied' }] })
    expect(denied.calls).toBe(1)
  })

  test('a store that accepts and loses is caught by the read-back', async () => {
    const inner = openMemory(context)
    const liar = memory('liar', {
      ...inner,
      put: async (slot, entry) => ({
        ...(await openMemory(context).put(slot, entry, { signal: new AbortController().signal })),
      }),
    })
    const report = await stored([liar, memory('b')])
    expect(report).toMatchObject({ exit: 7, findings: [{ code: 'read_back_failed', backend: 'liar' }] })
    expect(report.items[0]?.copies[1]).toMatchObject({ confirmed: true })
  })

  test('one image that two runs report is signed once', async () => {
    const other = taskRun('build-b', { image: 'build-a' })
    const report = await stored([memory('a')], { artifacts: [imageOf(run), imageOf(other, 'build-a')] })
    expect(report.exit).toBe(0)
    expect(signatures).toBe(1)
  })

  test('optional and required', async () => {
    const backends = (): Backend[] => [memory('a'), memory('b', { put: failing('denied').put as Backend['put'] })]
    expect((await stored(backends(), { optional: ['b'] })).exit).toBe(0)
    expect((await stored(backends(), { require: 1 })).exit).toBe(0)
    expect((await stored(backends(), { require: 2 })).exit).toBe(7)
    const dead = memory('c', { put: failing('denied').put as Backend['put'] })
    expect((await stored([dead], { optional: ['c'] })).exit).toBe(7)
  })

  test('kept nowhere: refused before anything is signed', async () => {
    await expect(stored([memory('a', { slots: () => [] })])).rejects.toMatchObject({ code: 'not_kept' })
    await expect(stored([memory('a')], { require: 2 })).rejects.toMatchObject({ code: 'not_kept' })
    expect(signatures).toBe(0)
  })

  test('a plan touches neither key nor backend', async () => {
    const backends = [memory('a'), memory('b')]
    const signerMustRest = async (): Promise<KeySigner> => Promise.reject(new Error('the key was touched'))
    const report = await stored(backends, { dryRun: true, signer: signerMustRest })
    expect(report.items[0]?.plan.map((row) => row.action)).toEqual(['write', 'write'])
    expect(report.items[0]?.plan[0]?.bytes).toBeGreaterThan(500)
    expect(await marks(backends)).toBe('++')
  })
})

describe('what stands there already', () => {
  test('a run whose labels changed is not signed again, and the report says where it differs; --resign replaces', async () => {
    const backends = [memory('a'), memory('b')]
    const before = await stored(backends)
    const changed = taskRun('build-a', { labels: { team: 'b' } })
    const again = await stored(backends, { artifacts: [changed] })
    expect(again.items[0]).toMatchObject({
      source: 'adopted',
      entry: before.items[0]?.entry,
      differs: ['/predicate/invocation/environment/labels/team'],
    })
    expect(signatures).toBe(0)
    const resigned = await stored(backends, { artifacts: [changed], resign: true })
    expect(resigned.items[0]?.entry).not.toBe(before.items[0]?.entry)
    expect(resigned.items[0]?.copies.map((copy) => copy.outcome)).toEqual(['replaced', 'replaced'])
    expect(await marks(backends)).toBe('==')
  })

  test("somebody else's copy is built on when its key is named, and left alone when it is not", async () => {
    const backends = [memory('a'), memory('b')]
    const only = backends.slice(0, 1)
    await stored(only, { signer: async () => theirs, trust: async () => trustOf(theirs) })
    const named = await stored(backends, { trust: async () => joinTrust([trustOf(ours), trustOf(theirs)]) })
    expect(named.items[0]).toMatchObject({ source: 'adopted', keyids: [theirs.keyid] })
    expect(signatures).toBe(0)
    expect(await marks(backends, trustOf(theirs))).toBe('==')
    const own = await stored(backends)
    expect(own.items[0]).toMatchObject({ source: 'signed' })
    expect(await marks(backends, trustOf(theirs))).toBe('==')
    expect(await marks(backends)).toBe('==')
  })

  test('each format has copies of its own', async () => {
    const backends = [memory('a')]
    await stored(backends)
    const other = await stored(backends, { format: 'slsa/v2alpha4' })
    expect(other.items[0]).toMatchObject({ source: 'signed', format: 'slsa/v2alpha4' })
    expect(await marks(backends)).toBe('==')
    expect((await stored(backends)).items[0]).toMatchObject({ source: 'adopted', format: 'slsa/v1' })
  })

  test('copies that verify and differ are drift, told with exit 4', async () => {
    const [a, b] = [memory('a'), memory('b')]
    await stored([a])
    await stored([b], { artifacts: [taskRun('build-a', { labels: { team: 'b' } })] })
    expect(await stored([a, b])).toMatchObject({ exit: 4, findings: [{ code: 'drift' }] })
  })
})

test('stopping ends the call at once and says so', async () => {
  const stop = new AbortController()
  const slow = memory('slow', {
    put: async (_slot, _entry, { signal }) => {
      await wait(10_000, undefined, { signal }).catch(() => undefined)
      throw new ProvError('aborted', 'stopped')
    },
  })
  const began = performance.now()
  setTimeout(() => stop.abort(), 50)
  const retryUntilStopped = retrying(3, stop.signal)
  expect(await stored([slow, memory('b')], { signal: stop.signal, retry: retryUntilStopped })).toMatchObject({
    exit: 7,
    items: [{ copies: [{ error: { code: 'aborted' } }, { confirmed: true }] }],
  })
  expect(performance.now() - began).toBeLessThan(2000)
})
