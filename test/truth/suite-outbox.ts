/** Quarantine, lanes, the outbox for people, workers and the schema. The same lines for every engine. */
import { describe, expect, it } from 'vitest'
import type { Truth } from '../../src/truth/truth.ts'
import { claimOne, committed, HOST, makeRun, owed, runItem, settleDone, stateOf, wanted } from './made.ts'
import type { Scene } from './suite.ts'

export function outboxLines({ truth, rig, another }: Scene): void {
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

    it('pause at once when as many rows failed together, and by one step more each time', async () => {
      expect(await truth.laneFailed('oci', error, 0, 3)).toBe(0)
      expect(await truth.laneFailed('oci', error, 0, 16)).toBe(1000)
      expect(await truth.laneFailed('oci', error, 0, 16)).toBe(2000)
      expect(await truth.laneFailed('gcs', error, 0, 16)).toBe(1000)
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

  it('machines that alone can deliver something are named, and when they were last seen', async () => {
    await committed(truth, await runItem(makeRun('a'), [owed('tekton', { host: 'machine-a' }), owed('oci')]))
    await committed(truth, await runItem(makeRun('b'), [owed('tekton', { host: 'machine-b' })]))
    await committed(truth, await runItem(makeRun('c'), [owed('tekton', { host: 'machine-c', state: 'done' })]))
    await rig.sql('UPDATE entry SET created = created - 7200000')
    await truth.beat({ holder: 'w1', host: 'machine-a', targets: ['oci'] })
    const found = await truth.machines()
    expect(found.map(({ host, rows }) => [host, rows])).toEqual([
      ['machine-a', 1],
      ['machine-b', 1],
    ])
    expect(found[0]?.seenMs).toBeLessThan(60_000)
    expect(found[1]?.seenMs).toBeGreaterThanOrEqual(7_200_000)
  })

  describe('the schema', () => {
    it('is made once, whoever comes first', async () => {
      expect(await rig.migrate()).toBe(4)
      expect(await Promise.all([rig.migrate(), rig.migrate()])).toEqual([4, 4])
    })

    describe('one newer than the program', () => {
      /** What a next schema may bring. */
      const addNext = async (): Promise<void> => {
        await rig.sql('CREATE TABLE novelty(a integer)')
        await rig.sql("ALTER TABLE delivery ADD COLUMN colour text DEFAULT 'blue'")
        await rig.sql("CREATE INDEX delivery_colour ON delivery(colour) WHERE state = 'pending'")
        await rig.sql("UPDATE meta SET value = '5' WHERE key = 'schema'")
      }

      it('works, and what it added is left alone', async () => {
        await addNext()
        await rig.sql('INSERT INTO novelty(a) VALUES (7)')
        const next = await another()
        const item = await runItem(makeRun('a'), [owed('oci'), owed('gcs')])
        const [made] = await committed(next, item)
        await rig.sql("UPDATE delivery SET colour = 'red'")
        await settleDone(next, await claimOne(next, 'oci'))
        await settleDone(next, await claimOne(next, 'gcs'))
        expect(await rig.migrate()).toBe(5)
        await rig.adopt()
        expect(await rig.sql('SELECT state, colour FROM delivery')).toEqual([
          { state: 'done', colour: 'red' },
          { state: 'done', colour: 'red' },
        ])
        expect(await next.prune(made?.seq ?? 0)).toBe(true)
        expect(await rig.sql('SELECT a FROM novelty')).toEqual([{ a: 7 }])
        expect(await rig.sql("SELECT value FROM meta WHERE key = 'schema'")).toEqual([{ value: '5' }])
      })

      it('two newer is refused, with both and the next step', async () => {
        await addNext()
        await rig.sql("UPDATE meta SET value = '6' WHERE key = 'schema'")
        const refused = {
          code: 'truth_version',
          message: expect.stringMatching(/schema is 6; this program works with 4 and 5/),
          hint: expect.stringContaining('use the prov that migrated it'),
        }
        for (const step of [rig.open, rig.make, rig.migrate, rig.adopt])
          await expect(step()).rejects.toMatchObject(refused)
      })
    })

    it('one older is refused, with both and the next step', async () => {
      await rig.sql("UPDATE meta SET value = '3' WHERE key = 'schema'")
      const message = expect.stringMatching(/schema is 3, older than 4/)
      const hint = expect.stringContaining('prov truth migrate')
      for (const step of [rig.open, rig.make, rig.adopt]) {
        await expect(step()).rejects.toMatchObject({ code: 'truth_version', message, hint })
      }
    })
  })
}
