/** What is committed, and what stands. The same lines for every engine. */
import { describe, expect, it } from 'vitest'
import { aboutOf, entryOfBytes } from '../../src/truth/kept.ts'
import type { Kept, Mark } from '../../src/truth/truth.ts'
import { signer } from '../support/makers.ts'
import { claimOne, committed, entryId, imageItem, makeRun, owed, paged, plain, runItem, settleDone } from './made.ts'
import type { Scene } from './suite.ts'

export function commitLines({ truth, rig, another }: Scene): void {
  describe('commit', () => {
    it('holds entry, about and what is owed, byte for byte', async () => {
      const run = makeRun('a')
      const odd = { ...run, object: { ...run.object, note: 'nul \u0000 and half a pair \ud800' } }
      const item = await runItem(odd, [owed('oci'), owed('gcs', { required: false, foreign: true })])
      const [made] = await committed(truth, item)
      expect(made?.deliveries.map(({ target, state }) => `${target} ${state}`)).toEqual(['oci pending', 'gcs pending'])
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
      expect(await paged(truth, 1)).toHaveLength(1)
    })

    it('of many that commit the same at once one wins, whole, and nobody fails', async () => {
      const writers = await Promise.all([1, 2, 3, 4].map(another))
      const keys = await Promise.all(writers.map(() => signer()))
      for (let round = 0; round < 8; round += 1) {
        const runs = [makeRun(`a${round}`), makeRun(`b${round}`)]
        const results = await Promise.all(
          writers.map(async (writer, at) => {
            const items = await Promise.all(runs.map((run) => runItem(run, [owed('oci')], {}, keys[at])))
            return writer.commit(at % 2 === 0 ? items : items.toReversed())
          }),
        )
        expect(results.filter(({ items }) => items !== undefined)).toHaveLength(1)
        expect(results.filter(({ first }) => first?.length === 2)).toHaveLength(3)
      }
      expect(await truth.list({})).toHaveLength(16)
      expect(await rig.sql('SELECT DISTINCT seq FROM term')).toHaveLength(16)
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
      expect(await paged(truth, 1)).toHaveLength(1)
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

  describe('pages in commit order', () => {
    it('lose nothing while many write', async () => {
      const writers = await Promise.all([1, 2, 3, 4].map(another))
      const items = await Promise.all(Array.from({ length: 60 }, (_, at) => runItem(makeRun(`r${at}`), [owed('oci')])))
      let writing = true
      const read: (Kept & Mark)[] = []
      const reading = (async () => {
        for (let empty = 0; read.length < 60 && empty < 5000; ) {
          const page = await truth.page(read.at(-1), 7)
          read.push(...page)
          empty = page.length === 0 && !writing ? empty + 1 : 0
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
}
