/** Rows of the index are deliveries like any other: owed where an index is configured, written and read back by a worker alone. */
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type LaneJob, runLane } from '../../src/delivery/lane.ts'
import { entryId } from '../../src/model/entry.ts'
import { indexSource } from '../../src/search/index-source.ts'
import { type IndexStore, indexOver } from '../../src/search/index-store.ts'
import { connectRedis } from '../../src/search/redis.ts'
import type { SearchSource } from '../../src/search/source.ts'
import { keyNames } from '../../src/trust/key-names.ts'
import { checkEntry } from '../../src/trust/verify-entry.ts'
import { indexDelivery } from '../../src/truth/index-delivery.ts'
import { openTruth } from '../../src/truth/open.ts'
import { INDEX } from '../../src/truth/term-pages.ts'
import type { NewItem, Truth } from '../../src/truth/truth.ts'
import { describeWith } from '../servers/endpoints.ts'
import { provHere, type Said } from '../support/in-process.ts'
import { signer, trustOf } from '../support/makers.ts'
import { type FreshIndex, freshIndex, ownRedis } from '../support/redis.ts'
import { PASSWORD, PRIVATE_KEY, PUBLIC_KEY, runFixture } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'
import { sqliteTruth } from '../support/truth.ts'
import { committed, HOST, makeRun, runItem, testKey } from '../truth/made.ts'

describeWith(['redis'], 'the index as a target', () => {
  let truth: Truth
  let file: string
  let at: FreshIndex
  let index: IndexStore
  beforeEach(async () => {
    file = join(scratch(), 'truth.db')
    truth = await openTruth({ url: `sqlite:${file}`, newId: randomUUID() }, { make: true })
    at = await freshIndex()
    index = indexOver(await connectRedis(at, { readOnly: false }))
  })
  afterEach(async () => {
    await truth.close()
    await index.close()
    await at.close()
  })

  const owedToIndex = (made: NewItem): NewItem => ({
    ...made,
    deliveries: [...made.deliveries, indexDelivery(made.entry, made.resign)],
  })
  const item = async (name: string, more: Partial<NewItem> = {}): Promise<NewItem> => {
    const made = await runItem(makeRun(name), [], more)
    return owedToIndex({ ...made, keyids: keyNames(checkEntry(made.entry, trustOf(await testKey())).verified) })
  }

  async function deliver(more: Partial<LaneJob> = {}): Promise<void> {
    const never = new AbortController().signal
    const trust = trustOf(await testKey())
    await runLane(INDEX, {
      truth,
      targets: [INDEX],
      backend: () => undefined,
      index,
      trust: () => trust,
      retry: { now: () => 0, sleep: async () => undefined, random: () => 0 },
      drain: never,
      stop: never,
      holder: 'holder-1',
      host: HOST,
      leaseMs: 60_000,
      concurrency: 4,
      givenBack: new Set(),
      told: () => undefined,
      ...more,
    })
  }
  const states = async (): Promise<readonly string[]> =>
    (await truth.list({})).map(({ target, state, entryState }) => `${target} ${state} ${entryState}`)
  const find = async (...terms: readonly string[]) =>
    (await indexSource(index.redis).find(terms, { limit: 10 })).hits.map(({ seq, id }) => ({ seq, id }))

  /** Each term of each entry, asked of both. */
  async function expectSame(store: Truth, source: SearchSource): Promise<number> {
    const page = await store.termPage(undefined, 100)
    for (const { terms } of page) {
      expect(terms.length).toBeGreaterThan(3)
      for (const term of terms) {
        expect((await source.find([term], { limit: 100 })).hits, term).toEqual(await store.search([term], 0, 100))
      }
      expect((await source.find(terms, { limit: 100 })).hits).toEqual(await store.search(terms, 0, 100))
    }
    return page.length
  }

  it('every term of the truth finds the entry, in the same words', async () => {
    await committed(truth, await item('a'), await item('b'))
    await deliver()
    expect(await states()).toEqual(['index done good', 'index done good'])
    const source = indexSource(index.redis)
    expect(await expectSame(truth, source)).toBe(2)
    const [{ id } = { id: '' }] = await truth.termPage(undefined, 1)
    expect(await source.find([`entry:${id}`], { limit: 10 })).toMatchObject({
      complete: false,
      why: expect.stringContaining('reconcile'),
    })
  })

  it('terms come from what was verified, not from the database', async () => {
    await committed(truth, await item('a'))
    const db = new DatabaseSync(file)
    db.exec("UPDATE term SET term = 'builder:https://evil.example' WHERE term LIKE 'builder:%'")
    db.close()
    await deliver()
    expect(await states()).toEqual(['index done good'])
    expect(await find('builder:https://evil.example')).toEqual([])
  })

  it('what was changed after the commit is quarantined, and what none of the keys signed is given back', async () => {
    const other = await signer()
    await committed(truth, await item('a'))
    await committed(truth, owedToIndex(await runItem(makeRun('b'), [], {}, other)))
    const db = new DatabaseSync(file)
    db.exec(
      `UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '"payload":"e', '"payload":"f') AS BLOB) WHERE seq = 1`,
    )
    db.close()
    const givenBack = new Set<number>()
    await deliver({ givenBack })
    expect(await states()).toEqual(['index pending quarantined', 'index pending good'])
    expect([...givenBack]).toEqual([2])
    expect(await index.live()).toBeUndefined()
  })

  it('a newer signature takes the place of the older one', async () => {
    const first = await item('a')
    await committed(truth, first)
    await deliver()
    const again = await signer()
    const second = owedToIndex(await runItem(makeRun('a'), [], { resign: true }, again))
    const [made] = await committed(truth, second)
    await deliver({ trust: () => trustOf(again) })
    const id = entryId(second.entry)
    expect(await find(`entry:${id}`)).toEqual([{ seq: made?.seq, id }])
    expect(await find(`key:${(await testKey()).keyid}`)).toEqual([])
    expect(await find(`key:${again.keyid}`)).toEqual([{ seq: made?.seq, id }])
    expect(await at.raw.hlen(`prov:{${at.namespace}}:1:n`)).toBe(1)
  })

  it('a second command for the same run owes nothing again once the index has it', async () => {
    const made = await item('a')
    await committed(truth, made)
    await deliver()
    const [same] = await committed(truth, made)
    expect(same?.deliveries.map(({ target, state }) => `${target} ${state}`)).toEqual(['index done'])
  })

  it('a Redis that is gone keeps nothing else, and gets what it missed once it is back', async () => {
    const own = await ownRedis()
    const lost = indexOver(await connectRedis(own, { readOnly: false }))
    try {
      await committed(truth, await item('a'))
      await own.kill()
      await deliver({ index: lost })
      expect(await truth.list({})).toMatchObject([
        { state: 'pending', error: { code: 'unreachable', backend: 'index' } },
      ])
      await own.start()
      for (const end = Date.now() + 20_000; (await states())[0] !== 'index done good' && Date.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        await deliver({ index: lost })
      }
      expect(await states()).toEqual(['index done good'])
      expect(await own.raw.hlen('prov:{own}:1:n')).toBe(1)
    } finally {
      await lost.close()
      await own.close()
    }
  }, 30_000)

  it('store owes it, outbox shows it, a worker without --index leaves it, and one with it delivers', async () => {
    const fresh = sqliteTruth()
    const run = runFixture('buildpacks-taskrun.yaml')
    const folder = dirname(run)
    const storage = ['--storage', 'tekton,gcs', '--set', `storage.gcs.directory=${folder}/gcs`]
    const settings = ['--set', `index.url=${at.url}`, '--set', `index.namespace=${at.namespace}`]
    const prov = (...args: readonly string[]): Promise<Said> =>
      provHere([...args, ...fresh.flags], { env: { COSIGN_PASSWORD: PASSWORD } })
    const worker = (...more: readonly string[]) => prov('worker', ...storage, '--key', PUBLIC_KEY, '--once', ...more)
    const stored = await prov('store', ...storage, ...settings, '--key', PRIVATE_KEY, '--wait', '20s', run)
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringMatching(/index: no worker/) })
    expect(await worker()).toMatchObject({ code: 0 })
    const owed = await prov('outbox', 'ls', '--target', 'index', '--json')
    expect(owed.stdout.match(/"state":"pending"/g)).toHaveLength(2)
    expect(await worker(...at.flags)).toMatchObject({ code: 0, stdout: expect.stringMatching(/index/) })
    const done = await prov('outbox', 'ls', '--target', 'index', '--json')
    expect(done.stdout.match(/"state":"done"/g)).toHaveLength(2)
    const text = await prov('outbox', 'ls', '--count')
    expect(text.stdout).toMatch(/index/)
    const doctor = await prov('doctor', '--key', PUBLIC_KEY, ...settings)
    expect(doctor.stdout).toMatch(/index/)
    expect(doctor.stdout).toMatch(/noeviction, 2 entries/)
    const store = await openTruth({ url: `sqlite:${fresh.path}`, newId: randomUUID() }, { make: false })
    expect(await expectSame(store, indexSource(index.redis))).toBe(2)
    await store.close()
  }, 60_000)
})
