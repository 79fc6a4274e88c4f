/** The probe finds what is wrong with a store; each store here is right but for one thing. */
import { expect, test } from 'vitest'
import { open } from '../../backends/memory/backend.ts'
import { openObjects } from '../../backends/objects/backend.ts'
import type { Backend, Capabilities, FoundEntry } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { testContext } from '../support/context.ts'
import { memoryObjects, shared } from '../support/memory-objects.ts'
import { allOk, detailOf, lookThrough, outcomes } from './look.ts'

const settings = { 'storage.gcs.bucket': 'b' }

/** A store in memory with some of it done otherwise, and how many copies it holds at last. */
function store(over: (right: Backend) => Partial<Backend> = () => ({})) {
  const right = open(testContext())
  const backend: Backend = { ...right, ...over(right) }
  const left = async () => {
    let n = 0
    for await (const slot of right.list?.({}, { signal: new AbortController().signal }) ?? []) {
      n += (await right.get(slot, { signal: new AbortController().signal })).length
    }
    return n
  }
  return { backend, left }
}

const capable = (right: Backend, more: Partial<Capabilities>): Capabilities => ({ ...right.capabilities, ...more })

test('nothing wrong', async () => {
  const { backend, left } = store()
  const report = await lookThrough(backend)
  expect(outcomes(report)).toEqual(allOk())
  expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
  expect(await left()).toBe(0)
})

test.each<[string, string, (right: Backend) => Partial<Backend>]>([
  [
    'alters what it was given',
    'read-back',
    (right) => ({
      get: async (slot, options) =>
        (await right.get(slot, options)).map((item) =>
          item.entry === undefined ? item : { ...item, entry: { ...item.entry, payload: Buffer.from('{}') } },
        ),
    }),
  ],
  [
    'lets a writer through that has not seen the newest state',
    'conditional-write',
    (right) => ({
      replace: async (slot, found, entry, options) => {
        const [now] = (await right.get(slot, options)).filter((item) => item.version === found.version)
        const any = now ?? (await right.get(slot, options))[0]
        if (any === undefined || right.replace === undefined) throw new ProvError('conflict', 'gone')
        return right.replace(slot, any, entry, options)
      },
    }),
  ],
  ['says that it removed', 'delete', () => ({ remove: async () => {} })],
  [
    'keeps the old copy beside the new',
    'replace',
    (right) => ({ replace: (slot, _, entry, options) => right.put(slot, entry, options) }),
  ],
  ['does not list what it holds', 'list', () => ({ async *list() {} })],
])('a store that %s fails at %s, exit 7 or 6', async (_, check, over) => {
  const { backend } = store(over)
  const report = await lookThrough(backend)
  expect(report.outcome).toBe('failed')
  expect(report.checks.find((one) => one.outcome === 'failed')?.check).toBe(check)
  expect(report.exit).toBe(check === 'list' ? 6 : 7)
})

test('a store that removes nothing is told to have the probe left, and where', async () => {
  const { backend, left } = store(() => ({ remove: async () => {} }))
  const report = await lookThrough(backend)
  expect(outcomes(report)).toEqual(expect.arrayContaining(['delete failed', 'clean-up failed']))
  expect(await left()).toBeGreaterThan(0)
  expect(detailOf(report, 'clean-up')).toContain(report.checks.find(({ check }) => check === 'write')?.slot)
})

test('a write that was acted on though it failed is taken away again', async () => {
  const { backend, left } = store((right) => ({
    put: async (slot, entry, options) => {
      await right.put(slot, entry, options)
      throw new ProvError('timed_out', 'no answer')
    },
  }))
  const report = await lookThrough(backend)
  expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
  expect(outcomes(report)).toEqual(expect.arrayContaining(['write failed', 'read-back skipped', 'clean-up ok']))
  expect(await left()).toBe(0)
})

test('what is only less certain is degraded: repeated writes, unguarded ones, envelopes', async () => {
  const { backend } = store((right) => ({
    capabilities: capable(right, { sharedWrites: 'readback' }),
    put: async (slot, entry, options) => {
      const receipt = await right.put(slot, entry, options)
      return receipt.outcome === 'unchanged' ? { ...receipt, outcome: 'written' } : receipt
    },
    get: async (slot, options) =>
      (await right.get(slot, options)).map((item) =>
        item.entry === undefined
          ? item
          : ({ ...item, entry: { ...item.entry, envelope: Buffer.from('{ }') } } as FoundEntry),
      ),
  }))
  const report = await lookThrough(backend)
  expect(outcomes(report)).toEqual(
    allOk({ repeat: 'degraded', 'read-back': 'degraded', 'conditional-write': 'degraded' }),
  )
  expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
})

test('where nobody can look, or nothing be removed, nothing is written', async () => {
  let puts = 0
  for (const how of ['readable', 'remove'] as const) {
    const { backend: made } = store((right) => ({
      capabilities: capable(right, how === 'readable' ? { readable: false } : {}),
      put: (...args) => {
        puts += 1
        return right.put(...args)
      },
    }))
    const { remove, ...rest } = made
    const backend = how === 'remove' ? rest : { ...rest, ...(remove === undefined ? {} : { remove }) }
    const report = await lookThrough(backend)
    expect(outcomes(report)).toContain('write skipped')
    expect(report.exit).toBe(0)
  }
  expect(puts).toBe(0)
})

test('a place that nobody wrote to and that is not empty is no place for a probe', async () => {
  const { backend } = store((right) => ({
    get: async (slot, options) => [
      { location: slot.key, raw: Buffer.from('x'), damage: { code: 'copy_malformed', message: 'x' } },
      ...(await right.get(slot, options)),
    ],
  }))
  const report = await lookThrough(backend)
  expect(outcomes(report)).toEqual(expect.arrayContaining(['read failed', 'write skipped']))
  expect(report.exit).toBe(6)
})

test('a diagnosis that fails, and a sweep that does, are failures of that backend only', async () => {
  const { backend } = store(() => ({ diagnose: () => Promise.reject(new ProvError('server_error', 'down')) }))
  expect(await lookThrough(backend)).toMatchObject({ outcome: 'failed', exit: 6 })
  const { backend: swept } = store(() => ({
    diagnose: async () => ({
      checks: [],
      sweep: () => Promise.reject(new ProvError('storage_io', 'busy', { location: 'over/there' })),
    }),
  }))
  const report = await lookThrough(swept)
  expect(report.exit).toBe(7)
  expect(detailOf(report, 'clean-up')).toContain('over/there')
})

test('more than a thousand places are not all listed', async () => {
  let seen = 0
  const { backend } = store((right) => ({
    async *list() {
      for (;;) {
        seen += 1
        yield { backend: right.name, key: `k${seen}`, kind: 'dsse', holds: 'one', address: {} } as const
      }
    },
  }))
  const report = await lookThrough(backend)
  expect(outcomes(report)).toContain('list ok')
  expect(seen).toBe(1000)
})

test.each(['taskrun', 'payload', 'signature'])(
  'halves of a copy are swept from a bucket: broken off at %s',
  async (at) => {
    const objects = shared()
    let broken = false
    const backend = openObjects(testContext(settings), {
      name: 'gcs',
      sharedWrites: 'precondition',
      diagnosis: () => ({
        name: 'gcs',
        open: () => {
          throw new Error('no stand-in')
        },
      }),
      home: () => ({
        root: 'gs://b/',
        connect: async () =>
          memoryObjects(objects, {
            after: (operation, name) => {
              if (broken || operation !== 'put' || !name.includes('taskrun') || !name.includes(at)) return
              broken = true
              throw new ProvError('unreachable', 'broke off')
            },
          }),
      }),
    })
    const report = await lookThrough(backend)
    expect(broken).toBe(true)
    expect(outcomes(report)).toEqual(expect.arrayContaining(['write failed', 'clean-up ok']))
    expect([...objects.objects.keys()]).toEqual([])
  },
)

test.each([
  ['makes what is there already', (expect: string | null) => expect === null],
  ['replaces what has changed', (expect: string | null) => expect !== null],
])('a bucket that %s ignores preconditions: exit 7, and nothing is left', async (_, ignores) => {
  const objects = shared()
  const right = memoryObjects(objects)
  const backend = openObjects(testContext(settings), {
    name: 'gcs',
    sharedWrites: 'precondition',
    diagnosis: () => ({
      name: 'gcs',
      open: () => {
        throw new Error('no stand-in')
      },
    }),
    home: () => ({
      root: 'gs://b/',
      connect: async () => ({
        ...right,
        put: async (name, bytes, expect, calls) =>
          right.put(name, bytes, ignores(expect) ? ((await right.head(name, calls)) ?? null) : expect, calls),
      }),
    }),
  })
  const report = await lookThrough(backend)
  expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
  expect(detailOf(report, 'conditional-write')).toContain('ignores preconditions')
  expect([...objects.objects.keys()]).toEqual([])
})
