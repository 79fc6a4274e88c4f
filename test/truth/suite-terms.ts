/** Search terms of the entries that stand. The same lines for every engine. */
import { describe, expect, it } from 'vitest'
import { termsOf } from '../../src/provenance/terms.ts'
import { runOf } from '../../src/store/seal.ts'
import type { NewItem } from '../../src/truth/truth.ts'
import { imageOf, signer, signImage } from '../support/makers.ts'
import { claimOne, committed, imageItem, makeRun, owed, runItem, settleDone } from './made.ts'
import type { Scene } from './suite.ts'

const termsOfItem = ({ entry, keyids, about }: NewItem, ...others: readonly NewItem[]): readonly string[] =>
  termsOf(entry, {
    keyids,
    runs: [about, ...others.map((one) => one.about)].flatMap((one) => runOf(one.artifact) ?? []),
  })

export function termLines({ truth, rig, another }: Scene): void {
  const written = async (): Promise<ReadonlyMap<number, readonly string[]>> => {
    const rows = await rig.sql('SELECT seq, term FROM term')
    const groups = Map.groupBy(rows, (row) => Number(row['seq']))
    const sorted = [...groups].sort(([a], [b]) => a - b)
    return new Map(sorted.map(([seq, own]) => [seq, own.map(({ term }) => String(term)).sort()]))
  }
  /** The tables as a prov made them that knew no terms. */
  const asBefore = async (): Promise<void> => {
    await rig.sql('DROP INDEX entry_superseded')
    await rig.sql('DROP INDEX tombstone_by_id')
    await rig.sql('DROP INDEX entry_imported')
    await rig.sql('ALTER TABLE entry DROP COLUMN signatures')
    for (const table of ['journal_event', 'journal_key', 'journal', 'refused']) await rig.sql(`DROP TABLE ${table}`)
    await rig.sql("DELETE FROM meta WHERE key = 'terms'")
    await rig.sql('DROP TABLE term')
    await rig.sql("UPDATE meta SET value = '1' WHERE key = 'schema'")
  }

  describe('search terms', () => {
    it('are committed with the entry, all or none', async () => {
      const items = [await runItem(makeRun('a'), [owed('oci')]), await imageItem(makeRun('a'), [owed('oci')])]
      const made = await committed(truth, ...items)
      const found = await written()
      expect(made.map(({ seq }) => found.get(seq))).toEqual(items.map((item) => termsOfItem(item)))
      const other = [await runItem(makeRun('b'), [owed('oci')]), await runItem(makeRun('a'), [], {}, await signer())]
      expect((await truth.commit(other)).first).toHaveLength(1)
      expect(await written()).toEqual(found)
    })

    it('of an entry that two runs have name both', async () => {
      const first = await imageItem(makeRun('a'), [owed('oci')], 'shared')
      const second = await imageItem(makeRun('b'), [owed('oci')], 'shared', first.entry)
      await committed(truth, first)
      await committed(truth, second)
      expect([...(await written()).values()]).toEqual([termsOfItem(first, second)])
    })

    it('move to the signature that takes the place of another, with the runs of both', async () => {
      const first = await imageItem(makeRun('a'), [owed('oci')], 'shared')
      await committed(truth, first, await imageItem(makeRun('b'), [owed('oci')], 'shared', first.entry))
      const entry = await signImage(imageOf(makeRun('c'), 'shared'), await signer())
      const third = await imageItem(makeRun('c'), [owed('oci')], 'shared', entry)
      const fresh = { ...third, keyids: ['SHA256:another'], resign: true }
      const [made] = await committed(truth, fresh)
      const also = await imageItem(makeRun('a'), [], 'shared', entry)
      const and = await imageItem(makeRun('b'), [], 'shared', entry)
      expect([...(await written())]).toEqual([[made?.seq, termsOfItem(fresh, also, and)]])
    })

    it('hold what nobody could type as well: NUL, half a pair, a very long name', async () => {
      const run = makeRun('a')
      const odd = { ...run, name: `${'n'.repeat(2000)}`, namespace: 'half \ud800' }
      const item = await runItem(run, [owed('oci')])
      const about = { ...item.about, artifact: odd }
      await committed(truth, { ...item, about, keyids: ['SHA256:\u0000', 'SHA256:\ud800'] })
      const [terms = []] = (await written()).values()
      expect(terms.filter((term) => term.startsWith('#sha256:'))).toHaveLength(2)
    })

    it('go with an entry that is pruned; the tombstone stays', async () => {
      const item = await runItem(makeRun('a'), [owed('oci')])
      const [made] = await committed(truth, item)
      await settleDone(truth, await claimOne(truth, 'oci'))
      expect(await truth.prune(made?.seq ?? 0)).toBe(true)
      expect(await written()).toEqual(new Map())
      expect(await truth.pruned(item.uri, item.format)).toBeDefined()
    })

    it('are made for entries of before by a migration, those changed by hand included; superseded ones have none', async () => {
      const items = await Promise.all(Array.from({ length: 5 }, (_, at) => runItem(makeRun(`r${at}`), [owed('oci')])))
      const seqs = (await committed(truth, ...items)).map(({ seq }) => seq)
      const again = await runItem(makeRun('r0'), [owed('oci')], { resign: true }, await signer())
      const [fresh] = await committed(truth, again)
      const before = await written()
      await rig.sql('UPDATE entry SET bytes = $1 WHERE seq = $2', [Buffer.from('{'), seqs[4] ?? 0])
      await asBefore()
      expect(await rig.migrate()).toBe(1)
      const after = await written()
      const broken = after.get(seqs[4] ?? 0) ?? []
      expect(broken.map((term) => term.replace(/:.*/s, ''))).toEqual(['entry', 'key'])
      expect([...after.keys()].sort()).toEqual([...seqs.slice(1), fresh?.seq].sort())
      for (const seq of [...seqs.slice(1, 4), fresh?.seq ?? 0]) expect(after.get(seq)).toEqual(before.get(seq))
    })

    it('that a migration was stopped at, or an older prov left out, are made by the next', async () => {
      const items = await Promise.all(Array.from({ length: 3 }, (_, at) => runItem(makeRun(`r${at}`), [owed('oci')])))
      await committed(truth, ...items)
      const all = await written()
      const [seq] = all.keys()
      await rig.sql('DELETE FROM term WHERE seq <> $1', [seq ?? 0])
      await rig.sql("INSERT INTO term(term, seq) VALUES ('run:pruned', 1000)")
      await Promise.all([rig.migrate(), rig.migrate(), committed(await another(), await runItem(makeRun('n'), []))])
      const found = await written()
      expect([...found].filter(([one]) => all.has(one))).toEqual([...all])
      expect(found.has(1000)).toBe(false)
    })

    it('a truth of before is not changed by whoever opens it', async () => {
      await asBefore()
      await expect(rig.open()).rejects.toMatchObject({ hint: expect.stringContaining('prov truth migrate') })
      await expect(rig.make()).rejects.toMatchObject({ hint: expect.stringContaining('prov truth migrate') })
    })
  })
}
