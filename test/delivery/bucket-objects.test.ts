/** Objects of a bucket: imported, indexed, acknowledged only then; and what a forged, damaged or half one does. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BucketJob, type BucketObjects, bucketObjects } from '../../src/delivery/bucket-objects.ts'
import { pause } from '../../src/platform/io.ts'
import { loadTrust } from '../../src/trust/trusted-keys.ts'
import { openTruth } from '../../src/truth/open.ts'
import { INDEX } from '../../src/truth/term-pages.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { retrying } from '../support/makers.ts'
import { backendOn, type Handle, type Shared, shared } from '../support/memory-objects.ts'
import { FIXTURES, PUBLIC_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { settleDone, wanted } from '../truth/made.ts'

const RUN = 'taskrun-frsca-demo-buildpacks-cache-7rk2v-build-trusted'
const FOLDER = join(FIXTURES, 'stored/gcs/buildpacks-taskrun', RUN)
const PROVENANCE = `${RUN}/taskrun-b0a4c3c0-eb9d-40fe-929f-d0e25fd1d7e9`
const IMAGE = `${RUN}/09e72cd46682`

interface Rig {
  readonly truth: Truth
  readonly store: Shared
  readonly objects: BucketObjects
  readonly told: string[]
  readonly failed: string[]
  /** Hands over a message about this object, and waits for what comes of it: true when it was acknowledged. */
  hear(object: string, more?: { readonly bucket?: string; readonly at?: number }): Promise<boolean>
  /** The worker confirms what it owes the index, as long as this test goes on. */
  index(): Promise<void>
}

let truth: Truth
const stop: (() => void)[] = []

beforeEach(async () => {
  truth = await openTruth({ url: `sqlite:${join(scratch(), 'truth.db')}`, newId: randomUUID() }, { make: true })
})
afterEach(async () => {
  for (const end of stop.splice(0)) end()
  await truth.close()
})

async function rig(
  more: Partial<BucketJob> & { readonly isInbox?: boolean; readonly handle?: Handle } = {},
): Promise<Rig> {
  const { isInbox = false, handle } = more
  const store = shared()
  const [told, failed]: [string[], string[]] = [[], []]
  const { signal } = new AbortController()
  const began = Date.now()
  const trust = await loadTrust([PUBLIC_KEY])
  const objects = bucketObjects({
    sources: [{ bucket: 'b', backend: backendOn(store, handle), isInbox }],
    truth,
    trust: () => trust,
    // The time that a message waits for the index passes quickly.
    retry: { ...retrying(1, signal), now: () => began + (Date.now() - began) * 20 },
    host: 'h',
    isIndexed: true,
    signal,
    sleep: pause,
    imported: () => told.push('imported'),
    told: (source, { outcome, error }) =>
      told.push(`${source} ${outcome}${error === undefined ? '' : ` ${error.code}`}`),
    failed: ({ code }) => failed.push(code),
    ...more,
  })
  return {
    truth,
    store,
    objects,
    told,
    failed,
    hear: async (object, { bucket = 'b', at = Date.now() } = {}) => {
      let acknowledged = false
      const done = async (): Promise<void> => {
        acknowledged = true
      }
      await objects.take({ bucket, object, at, done })
      await objects.settled()
      return acknowledged
    },
    index: async () => {
      let isOver = false
      stop.push(() => {
        isOver = true
      })
      void (async () => {
        while (!isOver) {
          for (const claim of await truth.claim(wanted(INDEX, { targets: [INDEX] })).catch(() => []))
            await settleDone(truth, claim)
          await sleep(10)
        }
      })()
    },
  }
}

function put(
  { objects }: Shared,
  name: string,
  bytes: Uint8Array = readFileSync(join(FOLDER, name.slice(RUN.length + 1))),
): void {
  objects.set(name, { bytes, version: randomUUID() })
}

function putAll(store: Shared): void {
  for (const file of readdirSync(FOLDER)) put(store, `${RUN}/${file}`)
}

const refusals = async (): Promise<number> => (await truth.impact(['run:nobody'], 1)).unknown.refused
const entries = async (): Promise<number> =>
  (await truth.search(['builder:https://tekton.dev/chains/v2'], 0, 10)).length

it('is acknowledged once the index has confirmed it, and not before', async () => {
  const at = await rig()
  putAll(at.store)
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(false)
  expect(at.told).toEqual(['imported', 'bucket imported'])
  await at.index()
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(await at.hear(`${IMAGE}.signature`)).toBe(true)
  expect(at.told).toEqual(['imported', 'bucket imported', 'imported', 'bucket imported'])
  expect(await entries()).toBe(1)
})

it('without an index is acknowledged once it is committed; a message that comes again changes nothing', async () => {
  const at = await rig({ isIndexed: false })
  putAll(at.store)
  const size = at.store.objects.size
  for (let times = 0; times < 3; times++) expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(at.told).toEqual(['imported', 'bucket imported'])
  expect((await truth.list({})).map(({ target, state }) => `${target} ${state}`)).toEqual(['gcs done'])
  expect(at.store.objects.size).toBe(size)
})

it('what the truth holds and never owed to an index is owed to it now', async () => {
  putAll((await rig({ isIndexed: false })).store)
  const before = await rig({ isIndexed: false })
  putAll(before.store)
  expect(await before.hear(`${PROVENANCE}.signature`)).toBe(true)
  const after = await rig()
  putAll(after.store)
  await after.index()
  expect(await after.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect((await truth.list({})).map(({ target, state }) => `${target} ${state}`)).toEqual(['gcs done', 'index done'])
})

it('a forged object is refused with a reason, and acknowledged', async () => {
  const at = await rig()
  putAll(at.store)
  put(at.store, `${IMAGE}.signature`, Buffer.from('no signature at all'))
  expect(await at.hear(`${IMAGE}.signature`)).toBe(true)
  expect(at.told).toEqual(['bucket refused signature_invalid'])
  expect(await refusals()).toBe(1)
  expect(await entries()).toBe(0)
})

it('what is there half is looked at again, and refused when it stays so', async () => {
  const at = await rig({ isIndexed: false })
  put(at.store, `${PROVENANCE}.signature`)
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(false)
  expect(at.told).toEqual([])
  put(at.store, `${PROVENANCE}.payload`)
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(at.told).toEqual(['imported', 'bucket imported'])
  expect(await refusals()).toBe(0)
  put(at.store, `${IMAGE}.signature`)
  expect(await at.hear(`${IMAGE}.signature`, { at: Date.now() - 700_000 })).toBe(true)
  expect(at.told.at(-1)).toBe('bucket refused copy_malformed')
})

it.each([
  '',
  '/',
  '../../etc/passwd.signature',
  `${PROVENANCE}.payload`,
  'a/b.signature',
  `${RUN}/..signature`,
  'x'.repeat(1024),
])('the name %j of no copy is acknowledged, and nothing is read', async (object) => {
  const read: string[] = []
  const at = await rig({ handle: { before: (operation, name) => void read.push(`${operation} ${name}`) } })
  expect(await at.hear(object)).toBe(true)
  expect(read).toEqual([])
})

it('an object that is gone is acknowledged; one of another bucket is left to others; one that cannot be read comes again', async () => {
  let isDown = false
  const at = await rig({
    isIndexed: false,
    handle: {
      before: () => {
        if (isDown) throw new Error('down')
      },
    },
  })
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  putAll(at.store)
  expect(await at.hear(`${PROVENANCE}.signature`, { bucket: 'other' })).toBe(false)
  isDown = true
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(false)
  expect(at.failed).toHaveLength(1)
  isDown = false
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(at.told).toEqual(['imported', 'bucket imported'])
})

it('removes nothing because of a message, unless the bucket is an inbox', async () => {
  const deleted: string[] = []
  const at = await rig({ handle: { before: (operation, name) => void (operation === 'delete' && deleted.push(name)) } })
  await at.index()
  putAll(at.store)
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  await at.objects.sweep()
  await at.objects.settled()
  expect(deleted).toEqual([])
})

it('an inbox loses what is in the truth and in the index, and nothing else', async () => {
  const at = await rig({ isInbox: true })
  putAll(at.store)
  put(at.store, `${IMAGE}.signature`, Buffer.from('forged'))
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(false)
  expect([...at.store.objects.keys()]).toHaveLength(8)
  await at.index()
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(await at.hear(`${IMAGE}.signature`)).toBe(true)
  expect([...at.store.objects.keys()].filter((name) => name.startsWith(PROVENANCE))).toEqual([])
  expect([...at.store.objects.keys()].filter((name) => name.startsWith(IMAGE))).toHaveLength(4)
  expect(at.told).toEqual(['imported', 'inbox imported', 'inbox refused signature_invalid'])
  // A copy that is not there any more is not a copy.
  expect((await truth.list({})).map(({ target, state }) => `${target} ${state}`)).toEqual(['index done'])
  expect(await truth.prunable(0, 0, 10)).toMatchObject([{ copies: [] }])
})

it('an inbox keeps what holds more than the truth took: a signature of somebody else', async () => {
  const at = await rig({ isInbox: true })
  await at.index()
  putAll(at.store)
  const envelope = JSON.parse(readFileSync(join(FOLDER, `${PROVENANCE.slice(RUN.length + 1)}.signature`), 'utf8'))
  envelope.signatures.push({ ...envelope.signatures[0], sig: Buffer.alloc(70, 9).toString('base64') })
  put(at.store, `${PROVENANCE}.signature`, Buffer.from(JSON.stringify(envelope)))
  expect(await at.hear(`${PROVENANCE}.signature`)).toBe(true)
  expect(await entries()).toBe(1)
  expect([...at.store.objects.keys()].filter((name) => name.startsWith(PROVENANCE))).toHaveLength(4)
})

it('an inbox is looked through without any message', async () => {
  const at = await rig({ isInbox: true })
  await at.index()
  putAll(at.store)
  for (let looks = 0; looks < 50 && at.store.objects.size > 0; looks++) {
    await at.objects.sweep()
    await at.objects.settled()
    await sleep(50)
  }
  expect([...at.store.objects.keys()]).toEqual([])
  expect(await entries()).toBe(1)
})
