/** Whatever a store does, the timeout ends it. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Backend, Slot } from '../../src/backend/backend.ts'
import { loadSettings } from '../../src/config/settings.ts'
import { openNamed } from '../../src/setup/backends.ts'
import { callLimitMs, endCalls } from '../../src/setup/end-calls.ts'
import { SETTINGS_TABLE } from '../../src/setup/settings-table.ts'
import type { World } from '../../src/setup/world.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'
import { testContext } from '../support/context.ts'

const { hung } = vi.hoisted(() => ({ hung: { current: undefined as Backend | undefined } }))
vi.mock(import('../../backends/index.ts'), async (original) => {
  const real = await original()
  return { ...real, openBackend: async (name, context) => hung.current ?? real.openBackend(name, context) }
})

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const entry = sampleEntry('dsse', run, image)
const { openBackend } = await import('../../backends/index.ts')
const memory = (): Promise<Backend> => openBackend('memory', testContext())
const never = (): Promise<never> => new Promise(() => undefined)

/** Answers nothing, and heeds no signal. */
async function hanging(): Promise<Backend> {
  const list = (): AsyncIterable<Slot> => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) })
  const calls = { put: never, get: never, getMany: never, replace: never, keep: never, remove: never, seal: never }
  return { ...(await memory()), ...calls, resolveTag: never, ready: never, diagnose: never, list, close: never }
}

async function calls(backend: Backend, signal: AbortSignal): Promise<Readonly<Record<string, () => Promise<unknown>>>> {
  const [slot] = backend.slots(aboutOf('dsse', run, image))
  if (slot === undefined) throw new Error('no slot')
  const found = { location: 'somewhere', raw: new Uint8Array(), entry }
  const options = { signal }
  return {
    put: () => backend.put(slot, entry, options),
    get: () => backend.get(slot, options),
    getMany: async () => backend.getMany?.([slot], options),
    replace: async () => backend.replace?.(slot, found, entry, options),
    keep: async () => backend.keep?.(slot, found, options),
    remove: async () => backend.remove?.(slot, found, options),
    resolveTag: async () => backend.resolveTag?.('registry.example/acme/app', 'v1', options),
    seal: async () => backend.seal?.(run, options),
    ready: async () => backend.ready?.(slot, options),
    diagnose: async () => backend.diagnose?.({ signal, readOnly: true, artifacts: [], madeUpImage: () => image }),
    list: async () => {
      for await (const _slot of backend.list?.({}, options) ?? []) return
    },
  }
}

describe('a store that never answers', () => {
  test('every call ends with timed_out, and says whose it was', async () => {
    const backend = endCalls(await hanging(), 30)
    for (const [name, call] of Object.entries(await calls(backend, new AbortController().signal))) {
      const where = name === 'diagnose' ? {} : { backend: 'memory', operation: expect.any(String) }
      await expect(call(), name).rejects.toMatchObject({ code: 'timed_out', ...where })
    }
  })

  test('a signal ends it at once, with aborted', async () => {
    const backend = endCalls(await hanging(), 2 ** 30)
    for (const name of Object.keys(await calls(backend, new AbortController().signal))) {
      const stop = new AbortController()
      const ended = (await calls(backend, stop.signal))[name]?.()
      stop.abort()
      await expect(ended, name).rejects.toMatchObject({ code: 'aborted' })
    }
  })

  test('a listing has its limit from one place to the next, however long it takes in all', async () => {
    const backend = await memory()
    const [slot] = backend.slots(aboutOf('dsse', run, image))
    async function* list(): AsyncIterable<Slot> {
      for (let i = 0; i < 12; i++) {
        await new Promise((done) => setTimeout(done, 200))
        if (slot !== undefined) yield { ...slot, key: `${i}` }
      }
      await never()
    }
    const seen: string[] = []
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const reading = (async () => {
      for await (const { key } of endCalls({ ...backend, list }, 250).list?.({}, testSignal()) ?? []) seen.push(key)
    })()
    reading.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(12 * 200 + 250)
    await expect(reading).rejects.toMatchObject({ code: 'timed_out', backend: 'memory', operation: 'list' })
    expect(seen).toHaveLength(12)
  })

  test('what a backend has not, it has not with an end either; what it answers is passed on', async () => {
    const real = await memory()
    const backend = endCalls(real, 1000)
    expect(Object.keys(backend).toSorted()).toEqual(Object.keys(real).toSorted())
    const [slot] = backend.slots(aboutOf('dsse', run, image))
    if (slot === undefined) throw new Error('no slot')
    expect(await backend.put(slot, entry, testSignal())).toMatchObject({ outcome: 'written' })
    expect(await backend.get(slot, testSignal())).toHaveLength(1)
  })
})

describe('backends that are opened by name', () => {
  const world = {
    env: {},
    now: Date.now,
    random: (n: number) => new Uint8Array(n),
    debug() {},
    warn() {},
  } as unknown as World

  test('--timeout ends their calls: twenty times, and twenty seconds at least', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      hung.current = await hanging()
      const settings = await loadSettings({
        table: SETTINGS_TABLE,
        set: ['storage.timeout=3s', 'storage.oci.timeout=5s'],
        env: {},
      })
      for (const [name, ms] of [
        ['docdb', 60_000],
        ['oci', 100_000],
      ] as const) {
        const backend = await openNamed(name, settings, world)
        const end = (await calls(backend, testSignal().signal))['get']?.()
        let over = false
        end?.catch(() => {
          over = true
        })
        await vi.advanceTimersByTimeAsync(ms - 1)
        expect(over, name).toBe(false)
        await vi.advanceTimersByTimeAsync(1)
        expect(over, name).toBe(true)
        const closing = backend.close()
        await vi.advanceTimersByTimeAsync(5000)
        await closing
      }
      expect(callLimitMs(100)).toBe(20_000)
    } finally {
      vi.useRealTimers()
      hung.current = undefined
    }
  })
})

function testSignal(): { readonly signal: AbortSignal } {
  return { signal: new AbortController().signal }
}
