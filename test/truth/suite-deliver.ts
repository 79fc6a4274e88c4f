/** Who may deliver a row, what becomes of it, and the mark as signed. The same lines for every engine. */
import { describe, expect, it } from 'vitest'
import { claimOne, committed, HOST, imageItem, makeRun, owed, runItem, settleDone, stateOf, wanted } from './made.ts'
import type { Scene } from './suite.ts'

export function deliveryLines({ truth, rig, another }: Scene): void {
  describe('claim, lease and fence', () => {
    it('gives each row to one of many', async () => {
      for (let at = 0; at < 20; at += 1) await committed(truth, await runItem(makeRun(`r${at}`), [owed('oci')]))
      const others = await Promise.all(['a', 'b', 'c', 'd'].map(async (holder) => ({ holder, truth: await another() })))
      const claimed = await Promise.all(
        others.flatMap((one) => [1, 2, 3].map(() => one.truth.claim(wanted('oci', { holder: one.holder, limit: 2 })))),
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
      for (const odd of [
        { fence: claim.fence - 1 },
        { holder: 'old' },
        { item: claim.item + 1 },
        { slotKey: 'other' },
      ]) {
        expect(await truth.settle({ ...claim, ...odd }, { state: 'pending', afterMs: 0 })).toBe(false)
      }
      expect(await settleDone(truth, claim)).toBe(true)
    })

    it('after a restore was adopted, who held a claim before settles nothing', async () => {
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      const old = await claimOne(truth, 'oci')
      await rig.adopt()
      expect(await truth.renew([old], 60_000)).toEqual([])
      expect(await settleDone(truth, old)).toBe(false)
      const next = await claimOne(truth, 'oci')
      expect(next.fence).toBeGreaterThan(2 ** 32)
      expect(await settleDone(truth, old)).toBe(false)
      expect(await settleDone(truth, next)).toBe(true)
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
      expect(await stateOf(truth, 'seal')).toBe(state === 'dropped' ? 'dropped' : 'waiting')
      expect(await truth.claim(wanted('seal/tekton'))).toEqual([])
    })

    it('is given up with a required copy, so that nothing of the run waits for ever; a store that wants the copy brings it back', async () => {
      const item = await runItem(makeRun('a'), [owed('oci'), owed('gcs', { host: 'machine-gone' })], { seals })
      const [made] = await committed(truth, item)
      await settleDone(truth, await claimOne(truth, 'oci'))
      const rows = await truth.list({})
      const [copy = 0, mark = 0] = ['gcs', 'seal'].map((name) => rows.find(({ target }) => target === name)?.id ?? 0)
      expect(await truth.drop([copy], 'ann', 'the machine is gone')).toEqual([copy, mark])
      expect(await rig.sql('SELECT delivery, reason FROM decision ORDER BY delivery')).toHaveLength(2)
      expect(await truth.owed()).toEqual({ rows: 0, bytes: 0 })
      // Another required copy does not bring the mark back: it would wait for ever.
      await committed(truth, { ...item, deliveries: [owed('s3')] })
      expect(await stateOf(truth, 'seal')).toBe('dropped')
      await settleDone(truth, await claimOne(truth, 's3'))
      await committed(truth, { ...item, deliveries: [owed('gcs')] })
      expect(await stateOf(truth, 'seal')).toBe('waiting')
      await settleDone(truth, await claimOne(truth, 'gcs'))
      expect(await stateOf(truth, 'seal')).toBe('pending')
      await settleDone(truth, await claimOne(truth, 'seal/tekton'))
      expect(await truth.prune(made?.seq ?? 0)).toBe(true)
    })

    it('of a file on a machine that is gone can be given up by itself, waiting or pending; then the entry can be pruned', async () => {
      for (const [name, isDone] of [
        ['a', false],
        ['b', true],
      ] as const) {
        const gone = [{ backend: 'tekton', host: 'machine-gone' }]
        const item = await runItem(makeRun(name), [owed('oci')], { seals: gone })
        const [made] = await committed(truth, item)
        if (isDone) await settleDone(truth, await claimOne(truth, 'oci'))
        const [mark] = await truth.list({ target: 'seal', run: makeRun(name).uid })
        expect(mark).toMatchObject({ host: 'machine-gone', state: isDone ? 'pending' : 'waiting' })
        expect(await truth.claim(wanted('seal/tekton'))).toEqual([])
        expect(await truth.drop([mark?.id ?? 0], 'ann', 'the machine is gone')).toEqual([mark?.id])
        if (!isDone) await settleDone(truth, await claimOne(truth, 'oci'))
        expect(await truth.prune(made?.seq ?? 0)).toBe(true)
      }
    })
  })
}
