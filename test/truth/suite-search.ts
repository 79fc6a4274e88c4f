/** What is found by its terms, and what is known of it. The same lines for every engine. */
import { describe, expect, it } from 'vitest'
import { askedTerm } from '../../src/provenance/terms.ts'
import { INDEX } from '../../src/truth/term-pages.ts'
import { signer } from '../support/makers.ts'
import { claimOne, committed, entryId, imageItem, makeRun, owed, runItem, settleDone, testKey, wanted } from './made.ts'
import type { Scene } from './suite.ts'

export function searchLines({ truth, rig, another }: Scene): void {
  const seqsOf = async (terms: readonly string[], after = 0, limit = 100): Promise<readonly number[]> =>
    (await truth.search(terms, after, limit)).map(({ seq }) => seq)
  const keyTerm = async (): Promise<string> => askedTerm('key', (await testKey()).keyid)
  const many = async (names: readonly string[]): Promise<readonly number[]> => {
    const items = await Promise.all(names.map((name) => runItem(makeRun(name), [owed('oci')])))
    return (await committed(truth, ...items)).map(({ seq }) => seq)
  }

  describe('search', () => {
    it('finds by each of its terms what has it, and by several what has all', async () => {
      const run = makeRun('a')
      const items = [await runItem(run, [owed('oci')]), await imageItem(run, [owed('oci')])]
      const [first, second] = (await committed(truth, ...items)).map(({ seq }) => seq)
      await many(['b'])
      const [byRun, byKey] = [askedTerm('run', run.uid.toUpperCase()), await keyTerm()]
      expect(await seqsOf([byRun])).toEqual([first, second].toSorted())
      expect(await seqsOf([byKey])).toHaveLength(3)
      expect(await seqsOf([byKey, byRun, byKey])).toEqual([first, second].toSorted())
      // Each of these has one that the other has not.
      const byType = askedTerm('type', 'https://slsa.dev/provenance/v0.2')
      expect(await seqsOf([byRun, byType])).toEqual([first])
      expect(await seqsOf([byType, byRun])).toEqual([first])
      expect(await seqsOf([byKey, askedTerm('run', 'another')])).toEqual([])
      const hit = (await truth.search([byRun], 0, 10)).find(({ seq }) => seq === first)
      expect(hit).toEqual({
        seq: first,
        id: entryId(items[0]?.entry ?? { kind: 'raw', payload: new Uint8Array() }),
        uri: items[0]?.uri,
        format: 'slsa/v1',
        keyids: items[0]?.keyids,
        source: 'signed',
      })
    })

    it('gives a page after a number, and not more than was asked for', async () => {
      const seqs = (await many(['a', 'b', 'c', 'd', 'e'])).toSorted((a, b) => a - b)
      const term = await keyTerm()
      expect(await seqsOf([term], 0, 2)).toEqual(seqs.slice(0, 2))
      expect(await seqsOf([term], seqs[1], 2)).toEqual(seqs.slice(2, 4))
      expect(await seqsOf([term], seqs[4])).toEqual([])
    })

    it('finds what is quarantined, and says so; what was superseded it finds no more', async () => {
      const item = await runItem(makeRun('a'), [owed('oci')])
      const [old] = await committed(truth, item)
      const [fresh] = await committed(
        truth,
        await runItem(makeRun('a'), [owed('oci')], { resign: true }, await signer()),
      )
      await truth.quarantine(fresh?.seq ?? 0, { code: 'signature_invalid', message: 'changed' })
      await rig.sql("INSERT INTO term(term, seq) VALUES ('run:left', $1)", [old?.seq ?? 0])
      expect(await seqsOf(['run:left'])).toEqual([])
      expect(await truth.impact(['run:left'], 9)).toMatchObject({ entries: 0 })
      expect(await seqsOf([askedTerm('run', makeRun('a').uid)])).toEqual([fresh?.seq])
      expect(await truth.standing([old?.seq ?? 0, fresh?.seq ?? 0, 1_000_000])).toEqual([
        expect.objectContaining({ seq: old?.seq, state: 'superseded', supersedes: 0 }),
        expect.objectContaining({
          seq: fresh?.seq,
          state: 'quarantined',
          reason: { code: 'signature_invalid', message: 'changed' },
          supersedes: 1,
        }),
      ])
    })

    it('says where the copies are: once, though two runs owe them', async () => {
      const first = await imageItem(makeRun('a'), [owed('oci'), owed('gcs')], 'shared')
      const [made] = await committed(truth, first)
      await settleDone(truth, await claimOne(truth, 'oci'))
      await committed(truth, await imageItem(makeRun('b'), [owed('oci')], 'shared', first.entry))
      const [known] = await truth.standing([made?.seq ?? 0])
      expect(known?.copies).toEqual([
        { target: 'oci', slotKey: 'oci-slot', state: 'done', required: true, location: 'oci-slot' },
        { target: 'gcs', slotKey: 'gcs-slot', state: 'pending', required: true },
      ])
      expect(known?.created).toBeGreaterThan(1_500_000_000_000)
    })

    it('says how far it reaches, and when terms may be missing', async () => {
      expect(await truth.reach()).toEqual({ whole: true })
      const seqs = await many(['a', 'b'])
      for (const end = Date.now() + 30_000; (await truth.reach()).upTo === undefined && Date.now() < end; )
        await new Promise((resolve) => setTimeout(resolve, 20))
      expect((await truth.reach()).upTo).toEqual({ xid: expect.any(String), seq: Math.max(...seqs) })
      await rig.sql("DELETE FROM meta WHERE key = 'terms'")
      expect((await truth.reach()).whole).toBe(false)
      await rig.migrate()
      expect((await truth.reach()).whole).toBe(true)
    })

    it('counts what everything with a term comes to, in exact numbers', async () => {
      const other = await signer()
      const runs = [makeRun('a'), makeRun('b')]
      const made = await committed(
        truth,
        ...(await Promise.all(runs.map((run) => runItem(run, [owed('oci'), owed('gcs')])))),
        await imageItem(makeRun('a'), [owed('oci')], 'shared'),
        await runItem(makeRun('c'), [owed('oci')], {}, other),
      )
      await settleDone(truth, await claimOne(truth, 'gcs'))
      await truth.quarantine(made[1]?.seq ?? 0, { code: 'signature_invalid', message: 'changed' })
      const found = await truth.impact([await keyTerm()], 2)
      expect(found).toMatchObject({ entries: 3, quarantined: 1, imported: 0, whole: true })
      expect(found.artifacts).toMatchObject({ total: 3, first: [{ entries: 1 }, { entries: 1 }] })
      expect(found.runs.total).toBe(2)
      expect(found.runs.first.map(({ entries }) => entries).toSorted()).toEqual([1, 2])
      expect(found.builders).toEqual({ total: 1, first: [{ name: expect.stringMatching(/^https:/), entries: 2 }] })
      expect(found.places).toEqual([
        { target: 'gcs', state: 'done', copies: 1 },
        { target: 'gcs', state: 'pending', copies: 1 },
        { target: 'oci', state: 'pending', copies: 3 },
      ])
      expect(found.since).toBeLessThanOrEqual(found.until ?? 0)
      expect(await truth.impact(['key:SHA256:nobody'], 2)).toMatchObject({
        entries: 0,
        artifacts: { total: 0, first: [] },
        places: [],
        unknown: { superseded: 0, pruned: 0, refused: 0, long: 0 },
      })
    })

    it('says what it does not count: superseded, pruned, refused, names too long for plain terms', async () => {
      await committed(truth, await runItem(makeRun('a'), [owed('oci')]))
      await committed(truth, await runItem(makeRun('a'), [owed('oci')], { resign: true }, await signer()))
      const [gone] = await committed(truth, await runItem(makeRun('b'), [owed('gcs')]))
      await settleDone(truth, await claimOne(truth, 'gcs'))
      await truth.prune(gone?.seq ?? 0)
      await truth.refuse([refusal('x'), refusal('y'), refusal('x')])
      const long = await runItem(makeRun('c'), [owed('oci')])
      await committed(await another(), { ...long, keyids: [...long.keyids, 'K'.repeat(2000)] })
      const { unknown } = await truth.impact([await keyTerm()], 10)
      expect(unknown).toEqual({ superseded: 1, pruned: 1, refused: 2, long: 1 })
    })
  })

  describe('import', () => {
    const found = async (name: string, more: object = {}) => {
      const { uri, format, entry, keyids, about } = await runItem(makeRun(name), [])
      return {
        uri,
        format,
        entry,
        keyids,
        about,
        from: { source: 'oci', location: name },
        deliveries: [owed('oci', { state: 'done', action: 'present' })],
        ...more,
      }
    }

    it('takes an entry once for each set of signatures, and it is found', async () => {
      const one = await found('a')
      expect(await truth.holding(one.entry)).toBe('new')
      const other = await another()
      const said = await Promise.all([truth.import(one), other.import(one), truth.import(one)])
      expect(said.toSorted()).toEqual(['new', 'present', 'present'])
      const again = await runItem(makeRun('a'), [], {}, await signer())
      expect(await truth.import({ ...one, entry: again.entry, keyids: again.keyids })).toBe('new')
      const hits = await truth.search([askedTerm('builder', 'https://tekton.dev/chains/v2')], 0, 10)
      expect(hits.map(({ source }) => source)).toEqual(['imported', 'imported'])
      expect((await truth.standing([hits[0]?.seq ?? 0]))[0]?.copies).toMatchObject([{ target: 'oci', state: 'done' }])
      expect(await truth.imported(one.uri, one.format)).toHaveLength(2)
    })

    it('leaves alone what the truth holds already, superseded or pruned', async () => {
      const item = await runItem(makeRun('a'), [owed('oci')])
      await committed(truth, item)
      expect(await truth.import(await found('a', { entry: item.entry }))).toBe('present')
      await committed(truth, await runItem(makeRun('a'), [], { resign: true }, await signer()))
      expect(await truth.import(await found('a', { entry: item.entry }))).toBe('present')
      const gone = await runItem(makeRun('b'), [owed('gcs')])
      const [made] = await committed(truth, gone)
      await settleDone(truth, await claimOne(truth, 'gcs'))
      await truth.prune(made?.seq ?? 0)
      expect(await truth.import(await found('b', { entry: gone.entry }))).toBe('pruned')
      expect(await seqsOf([await keyTerm()])).toEqual([])
    })

    it('becomes the entry that stands once a store adopts it', async () => {
      const one = await found('a')
      await truth.import(one)
      const [before] = await seqsOf([await keyTerm()])
      const adopted = await runItem(makeRun('a'), [owed('gcs')], { entry: one.entry, source: 'adopted' })
      const [made] = await committed(truth, adopted)
      expect(made?.seq).toBe(before)
      expect((await truth.find(one.uri, one.format))?.seq).toBe(before)
      const [hit, ...others] = await truth.search([askedTerm('run', makeRun('a').uid)], 0, 10)
      expect(hit?.source).toBe('adopted')
      expect(others).toEqual([])
      expect((await truth.list({})).map(({ target, state }) => `${target} ${state}`)).toEqual([
        'oci done',
        'gcs pending',
      ])
    })

    it('does not stand in the way of what a store signs itself', async () => {
      await truth.import(await found('a'))
      const mine = await runItem(makeRun('a'), [owed('gcs')], {}, await signer())
      const [made] = await committed(truth, mine)
      expect((await truth.find(mine.uri, mine.format))?.seq).toBe(made?.seq)
      expect(await seqsOf([await keyTerm()])).toHaveLength(1)
    })

    it('keeps why something was refused, until it is imported from there', async () => {
      await truth.refuse([refusal('x'), refusal('x'), { ...refusal('y'), location: `${'y'.repeat(5000)}\u0000\ud800` }])
      await truth.refuse([{ ...refusal('x'), reason: { code: 'signature_invalid', message: 'now this' } }])
      const rows = await rig.sql('SELECT location, reason FROM refused ORDER BY id')
      expect(rows).toHaveLength(2)
      expect(JSON.stringify(rows[0])).toContain('now this')
      expect(String(rows[1]?.['location']).length).toBeLessThan(600)
      await truth.import(await found('a', { from: { source: 'oci', location: 'x' } }))
      expect(await rig.sql('SELECT location FROM refused')).toHaveLength(1)
    })

    it('is owed to the index once, whoever asks, and counts as indexed when the index has confirmed it', async () => {
      const one = await found('a')
      const id = entryId(one.entry)
      expect(await truth.indexed(id)).toBe(false)
      await truth.import(one)
      const other = await another()
      expect(await Promise.all([truth.indexed(id), other.indexed(id), truth.indexed(id)])).toEqual([
        false,
        false,
        false,
      ])
      expect((await truth.list({ target: INDEX })).map(({ state }) => state)).toEqual(['pending'])
      const [claim] = await truth.claim(wanted(INDEX, { targets: [INDEX] }))
      if (claim === undefined) throw new Error('nothing is owed')
      await settleDone(truth, claim)
      expect(await truth.indexed(id)).toBe(true)
      expect(await truth.indexed(id)).toBe(true)
    })

    it('keeps no more reasons than there is room for', async () => {
      await rig.sql(`INSERT INTO refused(source, location, digest, reason, seen)
        WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 99999) SELECT 's', 'l' || n, 'd', '{}', 0 FROM s`)
      await truth.refuse([refusal('a'), refusal('b'), refusal('a')])
      await truth.refuse([
        refusal('c'),
        { ...refusal('a'), reason: { code: 'signature_invalid', message: 'now this' } },
      ])
      const rows = await rig.sql("SELECT location, reason FROM refused WHERE source = 'oci'")
      expect(rows).toHaveLength(1)
      expect(JSON.stringify(rows)).toContain('now this')
    })
  })
}

function refusal(location: string) {
  return { source: 'oci', location, digest: 'd', reason: { code: 'key_untrusted', message: 'nobody we know' } } as const
}
