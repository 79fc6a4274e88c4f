/** Stores that take entries and show nothing: they are told, they never count, and nobody relies on them alone. */
import { beforeAll, expect, test } from 'vitest'
import { memoryStore, openMemory } from '../../backends/memory/backend.ts'
import type { Backend, Context } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import { formatNamed } from '../../src/formats/index.ts'
import { entryId, signatureId } from '../../src/model/entry.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { type StoreJob, type StoreReport, store } from '../../src/store/store.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { aboutRun, FORMAT_OPTIONS, retrying, signer, taskRun } from '../support/makers.ts'

const context: Context = {
  setting: () => undefined,
  env: {},
  now: () => 0,
  random: (size) => new Uint8Array(size).fill(7),
  debug: () => undefined,
}
const run = taskRun('build-a')
let ours: KeySigner

beforeAll(async () => {
  ours = await signer()
})

interface Queue extends Backend {
  readonly sent: string[]
}

function queue(fail?: ProvError): Queue {
  const sent: string[] = []
  const { capabilities, replace: _, remove: __, list: ___, ...memory } = openMemory(context)
  return {
    ...memory,
    name: 'queue',
    sent,
    capabilities: { ...capabilities, readable: false },
    put: async (slot, entry) => {
      if (fail !== undefined) throw fail
      sent.push(entryId(entry))
      const signatures = entry.signatures.map(signatureId)
      const location = `queue#${sent.length}`
      return { backend: 'queue', slot: slot.key, location, entry: entryId(entry), signatures, outcome: 'accepted' }
    },
    get: async () => {
      throw new ProvError('not_supported', 'nobody can look', { backend: 'queue' })
    },
  }
}

async function stored(backends: readonly Backend[], more: Partial<StoreJob> = {}): Promise<StoreReport> {
  const { signal } = new AbortController()
  return store({
    items: [{ artifact: run, format: formatNamed('slsa/v1'), backends }],
    signer: async () => ours,
    trust: async () => trustOf(ours),
    formatOptions: FORMAT_OPTIONS,
    optional: [],
    resign: false,
    dryRun: false,
    signal,
    retry: retrying(3, signal),
    ...more,
  })
}

test('what a queue accepted is no confirmed copy, and no failure', async () => {
  const [told, kept] = [queue(), { ...openMemory(context, { store: memoryStore() }), name: 'kept' }]
  const report = await stored([told, kept])
  expect(report).toMatchObject({ exit: 0, findings: [] })
  expect(report.items[0]?.copies).toMatchObject([
    { backend: 'queue', outcome: 'accepted', confirmed: false, location: 'queue#1' },
    { backend: 'kept', outcome: 'written', confirmed: true },
  ])
  // The next store cannot know, so it sends again: the same entry, by which consumers see that they have it.
  const again = await stored([told, kept])
  expect(again.items[0]).toMatchObject({ source: 'adopted', exit: 0 })
  expect(told.sent).toHaveLength(2)
  expect(new Set(told.sent).size).toBe(1)
  const checked = await verify({
    targets: [{ about: aboutRun(run), backends: [told, kept], required: () => ['slsa/v1'], mayBeAbsent: false }],
    trust: trustOf(ours),
    demands: { optional: [], strict: false },
    signal: new AbortController().signal,
  })
  expect(checked.exit).toBe(0)
  expect(checked.artifacts[0]?.rows.map(({ backend, mark }) => [backend, mark])).toEqual([
    ['queue', 'x'],
    ['kept', '='],
  ])
})

test('it is refused before anything is sent when nothing else is named', async () => {
  const told = queue()
  await expect(stored([told])).rejects.toMatchObject({ code: 'not_kept', hint: expect.stringContaining('queue') })
  await expect(stored([told, { ...openMemory(context), name: 'kept' }], { require: 2 })).rejects.toMatchObject({
    code: 'not_kept',
  })
  expect(told.sent).toEqual([])
})

test('a queue that is down makes the store incomplete, unless it is optional or enough others hold a copy', async () => {
  const down = () => queue(new ProvError('unreachable', 'no broker', { backend: 'queue' }))
  const kept = () => ({ ...openMemory(context), name: 'kept' })
  const failed = await stored([down(), kept()])
  expect(failed).toMatchObject({ exit: 7, findings: [{ code: 'unreachable', backend: 'queue' }] })
  expect(failed.items[0]?.copies[1]).toMatchObject({ confirmed: true })
  expect((await stored([down(), kept()], { optional: ['queue'] })).exit).toBe(0)
  expect((await stored([down(), kept()], { require: 1 })).exit).toBe(0)
})

test('a failing store is not made good by a queue', async () => {
  const lost = {
    ...openMemory(context),
    name: 'lost',
    put: async () => {
      throw new ProvError('denied', 'no')
    },
  }
  expect((await stored([queue(), lost])).exit).toBe(7)
  expect((await stored([queue(), lost], { optional: ['lost'] })).exit).toBe(7)
})

test('the plan says that it would be sent, and how many bytes', async () => {
  const told = queue()
  const report = await stored([told, { ...openMemory(context), name: 'kept' }], { dryRun: true })
  expect(report.exit).toBe(0)
  expect(report.items[0]?.plan[0]).toMatchObject({ backend: 'queue', action: 'send', bytes: expect.any(Number) })
  expect(told.sent).toEqual([])
})
