/** The definition of a truth: the same lines for every engine. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aboutOf, entryOfBytes } from '../../src/truth/kept.ts'
import type { SqlValue } from '../../src/truth/sql.ts'
import type { Kept, Mark, Truth } from '../../src/truth/truth.ts'
import { signer } from '../support/makers.ts'
import {
  claimOne,
  committed,
  entryId,
  HOST,
  imageItem,
  makeRun,
  owed,
  plain,
  runItem,
  settleDone,
  stateOf,
  wanted,
} from './made.ts'

/** An empty truth of one engine. */
export interface Rig {
  /** Makes or changes the tables; gives the schema that was there. */
  migrate(): Promise<number>
  /** As another process would. */
  open(): Promise<Truth>
  /** What somebody does by hand. Parameters are `$1`. */
  sql(text: string, values?: readonly SqlValue[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

export function truthSuite(name: string, makeRig: () => Promise<Rig>): void {
  describe(`truth ${name}`, () => {
    let rig: Rig
    let truth: Truth
    const opened: Truth[] = []
    const another = async (): Promise<Truth> => {
      const one = await rig.open()
      opened.push(one)
      return one
    }
    beforeEach(async () => {
      rig = await makeRig()
      await rig.migrate()
      truth = await another()
    })
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close()
      await rig.close()
    })

    describe('commit', () => {
      it('holds entry, about and what is owed, byte for byte', async () => {
        const run = makeRun('a')
        const odd = { ...run, object: { ...run.object, note: 'nul \u0000 and half a pair \ud800' } }
        const item = await runItem(odd, [owed('oci'), owed('gcs', { required: false, foreign: true })])
        const [made] = await committed(truth, item)
        expect(made?.deliveries.map(({ target, state }) => `${target} ${state}`)).toEqual([
          'oci pending',
          'gcs pending',
        ])
        const kept = await truth.find(item.uri, 'slsa/v1')
        expect(plain(kept?.entry)).toEqual(plain(item.entry))
        const claim = await claimOne(truth, 'gcs')
        expect(plain(entryOfBytes(claim.entry))).toEqual(plain(item.entry))
        expect(aboutOf(claim)).toEqual(item.about)
        expect(claim).toMatchObject({ foreign: true, action: 'write', attempts: 1, slot: owed('gcs').slot })
      })

      it('first commit wins: the second gets the entry that stands, and nothing of its own is kept', async () => {
        const run = makeRun('a')
        const items = [await runItem(run, [owed('oci')]), await runItem(run, [owed('gcs')], {}, await signer())]
        const other = await another()
        const results = await Promise.all([truth.commit(items.slice(0, 1)), other.commit(items.slice(1))])
        const won = results.findIndex((result) => result.items !== undefined)
        expect(results.filter((result) => result.items !== undefined)).toHaveLength(1)
        expect(results[1 - won]?.first?.map(({ entry }) => plain(entry))).toEqual([plain(items[won]?.entry)])
        expect(await truth.list({})).toHaveLength(1)
        // The loser adds its own deliveries to the entry that stands.
        const winner = items[won]
        const loser = items[1 - won]
        if (winner === undefined || loser === undefined) throw new Error('two items')
        await committed(other, { ...loser, entry: winner.entry, source: 'adopted' })
        expect((await truth.list({})).map(({ target }) => target).sort()).toEqual(['gcs', 'oci'])
        expect(await truth.page(undefined, 10)).toHaveLength(1)
      })

      it('all items or none: one that is taken undoes its neighbours', async () => {
        const [a, b] = [makeRun('a'), makeRun('b')]
        await committed(truth, await runItem(a, [owed('oci')]))
        const result = await truth.commit([
          await runItem(b, [owed('oci')]),
          await runItem(a, [owed('gcs')], {}, await signer()),
        ])
        expect(result.first).toHaveLength(1)
        expect(await truth.list({})).toHaveLength(1)
        expect(await rig.sql('SELECT uid FROM run')).toHaveLength(1)
      })

      it('two runs that built one image have one entry and two items', async () => {
        const first = await imageItem(makeRun('a'), [owed('oci')], 'shared')
        await committed(truth, first)
        await committed(truth, await imageItem(makeRun('b'), [owed('oci')], 'shared', first.entry))
        expect(await truth.page(undefined, 10)).toHaveLength(1)
        expect((await truth.list({})).map(({ run }) => run)).toEqual([makeRun('a').uid, makeRun('b').uid])
      })

      it('the same commit again owes nothing twice, and what got lost meanwhile again', async () => {
        const item = await runItem(makeRun('a'), [owed('oci'), owed('gcs')])
        await committed(truth, item)
        await settleDone(truth, await claimOne(truth, 'oci'))
        await committed(truth, {
          ...item,
          deliveries: [owed('oci', { state: 'done', action: 'present' }), owed('gcs')],
        })
        expect((await truth.list({})).map(({ state }) => state)).toEqual(['done', 'pending'])
        await committed(truth, { ...item, deliveries: [owed('oci')] })
        expect((await truth.list({})).map(({ state }) => state)).toEqual(['pending', 'pending'])
      })

      it('a new signature supersedes the old one and what was owed for it', async () => {
        const run = makeRun('a')
        const old = await runItem(run, [owed('oci'), owed('gcs')])
        await committed(truth, old)
        await settleDone(truth, await claimOne(truth, 'gcs'))
        const fresh = await runItem(run, [owed('oci', { action: 'replace' })], { resign: true }, await signer())
        await committed(truth, fresh)
        expect(plain((await truth.find(old.uri, 'slsa/v1'))?.entry)).toEqual(plain(fresh.entry))
        expect((await truth.list({})).map(({ target, state }) => `${target} ${state}`)).toEqual([
          'oci superseded',
          'gcs done',
          'oci pending',
        ])
        expect(plain(entryOfBytes((await claimOne(truth, 'oci')).entry))).toEqual(plain(fresh.entry))
      })

      it('the database itself refuses a state that there is none of', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
        await expect(rig.sql("UPDATE delivery SET state = 'lost'")).rejects.toThrow(/constraint/i)
        await expect(rig.sql("UPDATE entry SET state = 'odd'")).rejects.toThrow(/constraint/i)
      })
    })

    describe('claim, lease and fence', () => {
      it('gives each row to one of many', async () => {
        for (let at = 0; at < 20; at += 1) await committed(truth, await runItem(makeRun(`r${at}`), [owed('oci')]))
        const others = await Promise.all(
          ['a', 'b', 'c', 'd'].map(async (holder) => ({ holder, truth: await another() })),
        )
        const claimed = await Promise.all(
          others.flatMap((one) =>
            [1, 2, 3].map(() => one.truth.claim(wanted('oci', { holder: one.holder, limit: 2 }))),
          ),
        )
        const ids = claimed.flat().map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.length).toBeGreaterThan(0)
        const rest = await truth.claim(wanted('oci', { holder: 'rest' }))
        expect(ids.length + rest.length).toBe(20)
      })

      it('gives neither what is not due, nor another host’s file, nor what was given back', async () => {
        const items = await Promise.all(
          ['later', 'elsewhere', 'returned', 'here'].map((run) =>
            runItem(makeRun(run), [owed('tekton', { host: run === 'elsewhere' ? 'machine-b' : HOST })]),
          ),
        )
        const made = await committed(truth, ...items)
        const returned = made[2]?.seq ?? 0
        const claims = await truth.claim(wanted('tekton', { without: [returned] }))
        expect(claims.map(({ seq }) => seq)).toEqual([made[0]?.seq, made[3]?.seq])
        for (const claim of claims) await truth.settle(claim, { state: 'pending', afterMs: 60_000 })
        expect(await truth.claim(wanted('tekton', { without: [returned] }))).toEqual([])
        expect(await truth.claim(wanted('tekton', { host: 'machine-b', without: [returned] }))).toHaveLength(1)
      })

      it('a holder whose lease has run out settles and renews nothing', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
        const slow = await claimOne(truth, 'oci')
        expect(await truth.claim(wanted('oci', { holder: 'holder-2' }))).toEqual([])
        await rig.sql('UPDATE delivery SET lease_until = lease_until - 61000')
        const next = await claimOne(truth, 'oci', { holder: 'holder-2' })
        expect(next.fence).toBe(slow.fence + 1)
        expect(await settleDone(truth, slow)).toBe(false)
        expect(await truth.renew([slow], 60_000)).toEqual([])
        expect(await stateOf(truth, 'oci')).toBe('pending')
        expect(await truth.renew([next], 60_000)).toEqual([next.id])
        expect(await settleDone(truth, next)).toBe(true)
        expect(await settleDone(truth, next)).toBe(false)
        expect(await stateOf(truth, 'oci')).toBe('done')
      })

      it('a fence that repeats after a restore settles nothing of another process, item or slot', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
        const claim = await claimOne(truth, 'oci')
        for (const odd of [{ holder: 'old' }, { item: claim.item + 1 }, { slotKey: 'other' }]) {
          expect(await truth.settle({ ...claim, ...odd }, { state: 'pending', afterMs: 0 })).toBe(false)
        }
        expect(await settleDone(truth, claim)).toBe(true)
      })

      it('renewing puts the end of the lease off', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
        const claim = await claimOne(truth, 'oci', { leaseMs: 5000 })
        const end = async () => Number((await rig.sql('SELECT lease_until FROM delivery'))[0]?.['lease_until'])
        const before = await end()
        await truth.renew([claim], 60_000)
        expect((await end()) - before).toBeGreaterThanOrEqual(55_000)
      })

      it('a clock that was set back holds nothing up', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]), await runItem(makeRun('b'), [owed('oci')]))
        const day = 24 * 60 * 60_000
        await rig.sql('UPDATE delivery SET due = due + $1', [day])
        expect(await truth.claim(wanted('oci', { limit: 1 }))).toHaveLength(1)
        await rig.sql('UPDATE delivery SET lease_until = lease_until + $1 WHERE holder IS NOT NULL', [day])
        expect(await truth.claim(wanted('oci'))).toHaveLength(2)
      })
    })

    describe('settle', () => {
      it('later, held and gone, each with its reason', async () => {
        const error = { code: 'unreachable', message: 'no answer' } as const
        await committed(truth, await runItem(makeRun('a'), [owed('oci'), owed('gcs'), owed('tekton')]))
        const [later, held, gone] = [
          await claimOne(truth, 'oci'),
          await claimOne(truth, 'gcs'),
          await claimOne(truth, 'tekton'),
        ]
        await truth.settle(later, { state: 'pending', afterMs: 60_000, error, untried: true })
        await truth.settle(held, { state: 'held', error: { code: 'occupied', message: 'taken' } })
        await truth.settle(gone, { state: 'gone', error: { code: 'run_not_found', message: 'no such run' } })
        const rows = await truth.list({})
        expect(rows.map(({ state, attempts, error: why }) => [state, attempts, why?.code])).toEqual([
          ['pending', 0, 'unreachable'],
          ['held', 1, 'occupied'],
          ['gone', 1, 'run_not_found'],
        ])
        expect((rows[0]?.due ?? 0) - (rows[0]?.changed ?? 0)).toBeGreaterThanOrEqual(59_000)
        expect(await truth.claim(wanted('gcs'))).toEqual([])
      })
    })

    describe('the mark as signed', () => {
      const seals = [{ backend: 'tekton' }]

      it('becomes pending with the last required copy of all items of the run', async () => {
        const run = makeRun('a')
        await committed(truth, await runItem(run, [owed('oci'), owed('gcs', { required: false })], { seals }), {
          ...(await imageItem(run, [owed('tekton')])),
          seals,
        })
        expect(await truth.list({ target: 'seal' })).toMatchObject([{ state: 'waiting', slotKey: 'tekton' }])
        await settleDone(truth, await claimOne(truth, 'oci'))
        expect(await stateOf(truth, 'seal')).toBe('waiting')
        expect(await truth.claim(wanted('seal/tekton'))).toEqual([])
        await settleDone(truth, await claimOne(truth, 'tekton'))
        expect(await stateOf(truth, 'seal')).toBe('pending')
        expect(await claimOne(truth, 'seal/tekton')).toMatchObject({ target: 'seal', slotKey: 'tekton' })
      })

      it('is not forgotten when the last two copies are settled at once', async () => {
        const other = await another()
        for (let round = 0; round < 10; round += 1) {
          const item = await runItem(makeRun(`r${round}`), [owed('oci'), owed('gcs')], { seals })
          await committed(truth, item)
          const claims = [await claimOne(truth, 'oci'), await claimOne(other, 'gcs')] as const
          await Promise.all([settleDone(truth, claims[0]), settleDone(other, claims[1])])
        }
        const rows = await truth.list({ target: 'seal' })
        expect(rows.map(({ state }) => state)).toEqual(Array(10).fill('pending'))
      })

      it('is pending at once when every copy was there already, and waits again when one is owed again', async () => {
        const item = await runItem(makeRun('a'), [owed('oci', { state: 'done' })], { seals })
        await committed(truth, item)
        expect(await stateOf(truth, 'seal')).toBe('pending')
        await committed(truth, { ...item, deliveries: [owed('gcs')] })
        expect(await stateOf(truth, 'seal')).toBe('waiting')
      })

      it.each(['held', 'gone', 'dropped'] as const)('never comes while a required copy is %s', async (state) => {
        const item = await runItem(makeRun('a'), [owed('oci'), owed('gcs')], { seals })
        await committed(truth, item)
        const claim = await claimOne(truth, 'gcs')
        if (state === 'dropped') await truth.drop([claim.id], 'me', 'not wanted')
        else await truth.settle(claim, { state, error: { code: 'occupied', message: 'taken' } })
        await settleDone(truth, await claimOne(truth, 'oci'))
        expect(await stateOf(truth, 'seal')).toBe('waiting')
      })
    })

    describe('pages in commit order', () => {
      it('lose nothing while many write', async () => {
        const writers = await Promise.all([1, 2, 3, 4].map(another))
        const items = await Promise.all(
          Array.from({ length: 60 }, (_, at) => runItem(makeRun(`r${at}`), [owed('oci')])),
        )
        let writing = true
        const read: (Kept & Mark)[] = []
        const reading = (async () => {
          for (let last = false; ; ) {
            const page = await truth.page(read.at(-1), 7)
            read.push(...page)
            if (page.length === 0 && last) return
            if (page.length === 0) last = !writing
            await new Promise((resolve) => setTimeout(resolve, 2))
          }
        })()
        await Promise.all(
          writers.map(async (writer, at) => {
            for (const item of items.filter((_, i) => i % writers.length === at)) await committed(writer, item)
          }),
        )
        writing = false
        await reading
        expect(read).toHaveLength(60)
        expect(new Set(read.map(({ id }) => id))).toEqual(new Set(items.map(({ entry }) => entryId(entry))))
      })
    })

    describe('quarantine', () => {
      it('takes all rows of an entry out of delivery, and lets the others go on', async () => {
        const [bad] = await committed(
          truth,
          await runItem(makeRun('a'), [owed('oci')]),
          await runItem(makeRun('b'), [owed('oci')]),
        )
        const seq = bad?.seq ?? 0
        expect(await truth.quarantine(seq, { code: 'signature_invalid', message: 'does not verify' })).toBe(true)
        expect(await truth.quarantine(seq, { code: 'signature_invalid', message: 'again' })).toBe(false)
        const claims = await truth.claim(wanted('oci'))
        expect(claims.map((claim) => claim.seq)).not.toContain(seq)
        expect(claims).toHaveLength(1)
        expect((await truth.list({})).map((row) => [row.seq === seq, row.entryState]).sort()).toEqual([
          [false, 'good'],
          [true, 'quarantined'],
        ])
        expect(await truth.release(seq)).toBe(true)
        expect(await truth.claim(wanted('oci'))).toHaveLength(1)
      })
    })

    describe('lanes', () => {
      const error = { code: 'unreachable', message: 'no answer' } as const

      it('are those of the backends asked for that have something due', async () => {
        await committed(
          truth,
          await runItem(makeRun('a'), [
            owed('oci', { lane: 'oci/a.example' }),
            owed('oci', { lane: 'oci/b.example', slot: { ...owed('oci').slot, key: 'b' } }),
            owed('gcs'),
          ]),
          await runItem(makeRun('b'), [owed('tekton', { state: 'done' })], { seals: [{ backend: 'tekton' }] }),
        )
        const names = async (...targets: string[]) => (await truth.lanes(targets, HOST)).map(({ lane }) => lane)
        expect(await names('oci')).toEqual(['oci/a.example', 'oci/b.example'])
        expect(await names('oci', 'gcs')).toEqual(['gcs', 'oci/a.example', 'oci/b.example'])
        expect(await names('tekton')).toEqual(['seal/tekton'])
        expect(await names('s3')).toEqual([])
      })

      it('pause after five failures in a row, then one row is tried by one worker', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
        const other = await another()
        for (let at = 1; at < 5; at += 1) expect(await truth.laneFailed('oci', error, 0)).toBe(0)
        expect(await other.laneOpen('oci', 60_000)).toBe('open')
        expect(await other.laneFailed('oci', error, 0)).toBe(1000)
        expect(await truth.laneOpen('oci', 60_000)).toBe('paused')
        expect((await truth.lanes(['oci'], HOST))[0]).toMatchObject({ failures: 5 })
        await rig.sql('UPDATE lane SET paused_until = paused_until - 2000')
        const leave = await Promise.all([truth, other, await another()].map((one) => one.laneOpen('oci', 60_000)))
        expect(leave.sort()).toEqual(['paused', 'paused', 'probe'])
        await other.laneWell('oci')
        expect(await truth.laneOpen('oci', 60_000)).toBe('open')
      })

      it('honour what the other side asks for, and outlive a clock that was set back', async () => {
        expect(await truth.laneFailed('oci', { ...error, retryAfterMs: 30_000 }, 0)).toBe(30_000)
        expect(await truth.laneOpen('oci', 60_000)).toBe('paused')
        await rig.sql('UPDATE lane SET paused_until = paused_until + $1', [24 * 60 * 60_000])
        expect(await truth.laneOpen('oci', 60_000)).toBe('open')
      })
    })

    describe('the outbox', () => {
      it('is listed by state, target, run and id, and counted', async () => {
        await committed(
          truth,
          await runItem(makeRun('a'), [owed('oci'), owed('gcs')]),
          await runItem(makeRun('b'), [owed('oci')]),
        )
        await settleDone(truth, await claimOne(truth, 'gcs'))
        const ids = async (filter: Parameters<Truth['list']>[0]) => (await truth.list(filter)).map(({ id }) => id)
        const [first = 0, second = 0] = await ids({ run: makeRun('a').uid })
        const [third = 0] = await ids({ run: makeRun('b').uid })
        expect(await ids({ states: ['pending'] })).toEqual([first, third].sort((a, b) => a - b))
        expect(await ids({ target: 'gcs' })).toEqual([second])
        expect(await ids({ run: makeRun('b').uid })).toEqual([third])
        expect(await ids({ ids: [second] })).toEqual([second])
        expect(await ids({ limit: 2 })).toHaveLength(2)
        expect(await truth.count()).toEqual([
          { target: 'gcs', state: 'done', rows: 1 },
          { target: 'oci', state: 'pending', rows: 2 },
        ])
      })

      it('retry brings back what was held and gone, drop keeps who and why, and neither touches what is done', async () => {
        await committed(truth, await runItem(makeRun('a'), [owed('oci', { state: 'held' }), owed('gcs'), owed('s3')]))
        await settleDone(truth, await claimOne(truth, 'gcs'))
        const [held = 0, done = 0, pending = 0] = (await truth.list({})).map(({ id }) => id)
        expect(await truth.retry([held, done])).toEqual([held])
        expect(await stateOf(truth, 'oci')).toBe('pending')
        expect(await truth.drop([held, done, pending], 'ann', 'moved away')).toEqual([held, pending])
        expect((await truth.list({})).map(({ state }) => state)).toEqual(['dropped', 'done', 'dropped'])
        expect(await rig.sql('SELECT who, what, reason FROM decision')).toEqual([
          { who: 'ann', what: 'drop', reason: 'moved away' },
          { who: 'ann', what: 'drop', reason: 'moved away' },
        ])
        expect(await truth.claim(wanted('oci'))).toEqual([])
      })
    })

    it('workers are those that gave a sign of life', async () => {
      await truth.beat({ holder: 'w1', host: HOST, targets: ['oci', 'gcs'] })
      await truth.beat({ holder: 'w2', host: 'machine-b', targets: ['tekton'] })
      await rig.sql("UPDATE worker SET seen = seen - 700000 WHERE holder = 'w2'")
      expect(await truth.workers(600_000)).toEqual([{ holder: 'w1', host: HOST, targets: ['oci', 'gcs'] }])
      await truth.leave('w1')
      expect(await truth.workers(600_000)).toEqual([])
    })

    describe('the schema', () => {
      it('is made once, whoever comes first', async () => {
        expect(await rig.migrate()).toBe(1)
        expect(await Promise.all([rig.migrate(), rig.migrate()])).toEqual([1, 1])
      })

      it('newer than the program is refused', async () => {
        await rig.sql("UPDATE meta SET value = '2' WHERE key = 'schema'")
        await expect(rig.open()).rejects.toMatchObject({ code: 'not_supported', message: /newer/ })
        await expect(rig.migrate()).rejects.toMatchObject({ code: 'not_supported', message: /newer/ })
      })
    })
  })
}
