/** What a rotation promises, on a real database and a folder of keys. */
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publicJwk } from '../../src/keys/jwk.ts'
import { compare } from '../../src/keysets/compare.ts'
import { findJournal, keysOf } from '../../src/keysets/find.ts'
import { type JournalName, type Journals, keyName } from '../../src/keysets/journal.ts'
import { journalsIn } from '../../src/keysets/journal-sql.ts'
import type { KeyStore } from '../../src/keysets/keystore.ts'
import { prune } from '../../src/keysets/prune.ts'
import type { KeyToPublish, PublicationProof } from '../../src/keysets/publication.ts'
import { revoke } from '../../src/keysets/revoke.ts'
import type { RotateJob } from '../../src/keysets/rotate-job.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { stoppedError } from '../../src/keysets/stopped.ts'
import { openDatabase } from '../../src/truth/open.ts'
import {
  type Engine,
  emptyStore,
  type JournalRig,
  journalFor,
  journalRig,
  rotateJob,
  stateOf,
  statuses,
} from '../support/journal.ts'

export function rotationSuite(engine: Engine): void {
  describe(`a rotation over ${engine}`, () => {
    let rig: JournalRig
    let store: KeyStore & { readonly folder: string }
    let journal: JournalName
    let job: RotateJob
    beforeEach(async () => {
      rig = await journalRig(engine)
      store = emptyStore()
      journal = await journalFor(rig.journals, store)
      job = rotateJob(rig.journals, journal, store)
    })
    afterEach(() => rig.close())

    const now = (): Promise<readonly string[]> => statuses(rig.journals, journal)
    const files = (): readonly string[] =>
      readdirSync(store.folder)
        .filter((name) => name.startsWith(journal.id))
        .sort()

    it('makes the first key and lets it sign, then has nothing to do', async () => {
      const { steps } = await rotate(job)
      expect(steps.map(({ step }) => step)).toEqual(['intend', 'make', 'record', 'activate'])
      expect(await now()).toEqual(['1 active'])
      expect(files()).toEqual([`${journal.id}-1.key`, `${journal.id}-1.pub`])
      expect((await rotate(job)).steps).toEqual([])
      expect(compare(await stateOf(rig.journals, journal), await keysOf(store))).toEqual([])
    })

    it('replaces the active key; the one before is kept until its validity is over, and its public half for ever', async () => {
      await rotate(job)
      await rotate({ ...job, wanted: 'prepare' })
      expect(await now()).toEqual(['1 active', '2 prepared'])
      await rotate({ ...job, wanted: 'activate' })
      expect(await now()).toEqual(['1 old', '2 active'])
      await rotate(job)
      expect(files()).toHaveLength(4)
      await rig.sql('UPDATE journal_key SET retires = activates WHERE n = 1')
      expect((await rotate({ ...job, skewMs: 3_600_000 })).steps).toEqual([])
      expect((await rotate(job)).steps.map(({ step, n }) => `${step} ${n}`)).toEqual(['retire 1', 'destroy 1'])
      expect(await now()).toEqual(['1 retired', '2 active'])
      expect(files().filter((name) => name.includes('-1.'))).toEqual([`${journal.id}-1.pub`])
    })

    it('two at once on one store: one rotation happens', async () => {
      const other = journalsIn(await openDatabase(rig.place, { make: false }))
      const [a, b] = await Promise.all([rotate(job), rotate({ ...job, journals: other })])
      expect(await now()).toEqual(['1 active'])
      expect([...a.steps, ...b.steps].filter(({ step }) => step === 'activate')).toHaveLength(1)
      const more = await Promise.all([
        rotate({ ...job, wanted: 'prepare' }),
        rotate({ ...job, wanted: 'prepare', journals: other }),
      ])
      expect(more.map(({ state }) => state.keys.length)).toEqual([2, 2])
      expect(files()).toHaveLength(4)
      await other.close()
    })

    it('two instances with two stores never touch the journal of the other', async () => {
      const second = emptyStore()
      const theirs = await journalFor(rig.journals, second, 'theirs')
      await Promise.all([rotate(job), rotate(rotateJob(rig.journals, theirs, second))])
      expect(await findJournal(rig.journals, store)).toEqual(journal)
      expect(await findJournal(rig.journals, second)).toEqual(theirs)
      expect([await now(), await statuses(rig.journals, theirs)]).toEqual([['1 active'], ['1 active']])
      await rotate({ ...job, wanted: 'prepare' })
      expect(await statuses(rig.journals, theirs)).toEqual(['1 active'])
    })

    it('a store that holds only an old key is of the same journal', async () => {
      await rotate(job)
      await rotate({ ...job, wanted: 'prepare' })
      await rotate({ ...job, wanted: 'activate' })
      const rest = emptyStore()
      copyFileSync(join(store.folder, `${journal.id}-1.pub`), join(rest.folder, 'whatever.pub'))
      expect(await findJournal(rig.journals, rest)).toEqual(journal)
    })

    it('a file that another made under the number is taken, not replaced', async () => {
      const other = {
        ...store,
        make: (...args: Parameters<KeyStore['make']>) => store.make(...args).then(() => false),
      }
      await rotate({ ...job, store: other })
      const [{ publicKey } = {}] = await store.list()
      expect(await now()).toEqual(['1 active'])
      const spki = publicKey?.export({ type: 'spki', format: 'der' }) ?? new Uint8Array()
      expect((await stateOf(rig.journals, journal)).keys[0]?.key?.kid).toBe((await publicJwk(spki)).kid)
    })

    it('the next key is not made with another password than that of the key that signs', async () => {
      await rotate(job)
      const wrong = { ...job, wanted: 'prepare', password: async () => 'another' } as const
      await expect(rotate(wrong)).rejects.toMatchObject({ code: 'key_password' })
      expect(files()).toEqual([`${journal.id}-1.key`, `${journal.id}-1.pub`])
      await rotate({ ...job, wanted: 'prepare' })
      expect(await now()).toEqual(['1 active', '2 prepared'])
      // A file that is damaged is not a reason to go without a next key.
      writeFileSync(join(store.folder, `${journal.id}-1.key`), 'damaged')
      await rotate({ ...job, wanted: 'activate' })
      writeFileSync(join(store.folder, `${journal.id}-2.key`), 'damaged')
      await rotate({ ...job, wanted: 'prepare' })
      expect(await now()).toEqual(['1 old', '2 active', '3 prepared'])
    })

    it('a key file with another password stops it, and the number stays', async () => {
      await rotate({
        ...job,
        told: ({ step }) => (step === 'make' ? Promise.reject(new Error('stopped')) : undefined),
      }).catch(() => undefined)
      await expect(rotate({ ...job, password: async () => 'wrong' })).rejects.toMatchObject({ code: 'key_password' })
      expect(await now()).toEqual(['1 intended'])
      await rotate(job)
      expect(await now()).toEqual(['1 active'])
      expect(files()).toHaveLength(2)
    })

    describe('with public URLs', () => {
      let published: (readonly KeyToPublish[])[]
      let proof: PublicationProof
      let safe: RotateJob
      beforeEach(() => {
        published = []
        proof = { seen: [], missing: [{ url: 'https://a', reason: 'not there' }] }
        safe = {
          ...job,
          unsafe: false,
          publish: async (keys) => ({ seq: published.push(keys) }),
          proof: async () => proof,
        }
      })
      const seenUntil = (ms: number): PublicationProof => {
        const [at, activates] = [Date.now(), Date.now() + ms].map((time) => new Date(time).toISOString()) as [
          string,
          string,
        ]
        return { seen: [{ url: 'https://a', at, maxAgeMs: 0 }], missing: [], activates }
      }

      it('a key signs only once it was seen and caches have run out', async () => {
        const unseen = await rotate(safe)
        expect(await now()).toEqual(['1 published'])
        expect(unseen.stopped && stoppedError(unseen.stopped, unseen.proof)).toMatchObject({
          code: 'key_unpublished',
          message: expect.stringContaining('https://a (not there)'),
        })
        expect(published.at(-1)).toMatchObject([{ status: 'prepared' }])
        proof = seenUntil(3_600_000)
        const early = await rotate({ ...safe, wanted: 'activate' })
        expect(early.stopped).toMatchObject({ do: 'wait' })
        expect(early.stopped && stoppedError(early.stopped, early.proof)).toMatchObject({
          code: 'key_unpublished',
          message: expect.stringMatching(/may sign from 20\d\d-.*Z on/),
        })
        expect(await now()).toEqual(['1 published'])
        await rig.sql('UPDATE journal_key SET activates = 1')
        expect((await rotate(safe)).steps.map(({ step }) => step)).toEqual(['activate'])
        expect(published.at(-1)).toMatchObject([{ status: 'active', from: expect.any(String) }])
      })

      it('unsafe does not wait; the journal remembers it', async () => {
        await rotate({ ...safe, unsafe: true })
        expect(await now()).toEqual(['1 active'])
        expect((await rig.journals.events(journal.id, 1))[0]?.what).toMatchObject({ did: 'activate', unsafe: true })
        proof = seenUntil(0)
        await rotate({ ...safe, wanted: 'prepare' })
        await rotate({ ...safe, wanted: 'activate' })
        expect((await rig.journals.events(journal.id, 1))[0]?.what).toMatchObject({ did: 'activate', n: 2 })
        expect((await rig.journals.events(journal.id, 1))[0]?.what).not.toHaveProperty('unsafe')
      })

      it('a clock of this machine that is an hour off changes nothing: the database says what time it is', async () => {
        for (const off of [3_600_000, -3_600_000]) {
          const shifted = { ...safe, now: () => Date.now() + off }
          proof = { ...seenUntil(60_000), activates: new Date(shifted.now() + 60_000).toISOString() }
          await rig.sql("DELETE FROM journal_key WHERE status = 'published'")
          await rotate(shifted)
          const { keys, now: at } = await stateOf(rig.journals, journal)
          expect(Math.abs((keys.at(-1)?.activates ?? 0) - at - 60_000)).toBeLessThan(30_000)
        }
      })
    })

    it('a revoked key signs no more and loses its private half; the next one takes over', async () => {
      await rotate(job)
      const kid = (await stateOf(rig.journals, journal)).keys[0]?.key?.kid ?? ''
      const why = { kid, reason: 'stolen', since: Date.parse('2026-11-01') }
      expect(await revoke(job, why)).toEqual({ n: 1, wasActive: true, isNew: true })
      expect(await revoke(job, { ...why, reason: 'again' })).toEqual({ n: 1, wasActive: false, isNew: false })
      expect(files()).toEqual([`${journal.id}-1.pub`])
      expect((await stateOf(rig.journals, journal)).keys[0]?.revoked).toEqual({ since: why.since, reason: 'stolen' })
      await expect(revoke(job, { ...why, kid: 'none' })).rejects.toMatchObject({ code: 'usage' })
      await rotate(job)
      expect(await now()).toEqual(['1 revoked', '2 active'])
    })

    it('prune removes what never signs again, number by number; a damaged row among them is named and left alone', async () => {
      await fill(rig.journals, journal, store, 100)
      await rig.sql(
        engine === 'sqlite'
          ? "UPDATE journal_key SET spki = x'00' WHERE n = 42"
          : "UPDATE journal_key SET spki = '\\x00' WHERE n = 42",
      )
      const pruning = { ...job, eventsOlderThanMs: 0, dryRun: true }
      expect((await prune(pruning)).privateKeys).toHaveLength(99)
      expect(files()).toHaveLength(100)
      const pruned = await prune({ ...pruning, dryRun: false })
      expect(pruned.privateKeys).toHaveLength(99)
      expect(pruned.findings).toMatchObject([
        { n: 42, code: 'keyset_refused', message: expect.stringContaining('row 42') },
      ])
      expect(files()).toEqual([`${journal.id}-42.key`])
      expect((await stateOf(rig.journals, journal)).keys).toHaveLength(99)
      expect(await rig.journals.events(journal.id, 9)).toHaveLength(1)
    })

    it('prune removes a number that no key was made for, once a day has passed', async () => {
      await rig.journals.change(
        await stateOf(rig.journals, journal),
        { insert: [{ n: 1, status: 'intended' }], what: { did: 'intend' } },
        'me',
      )
      const pruning = { ...job, eventsOlderThanMs: 1e12, dryRun: false }
      expect((await prune(pruning)).intents).toEqual([])
      await rig.sql('UPDATE journal_key SET created = created - 86400001')
      expect((await prune(pruning)).intents).toEqual([1])
      expect(await now()).toEqual([])
    })

    it('with the database away nothing is made', async () => {
      const away: Journals = {
        ...rig.journals,
        change: () => Promise.reject(new Error('away')),
      }
      for (let round = 0; round < 20; round += 1)
        await expect(rotate({ ...job, journals: away })).rejects.toThrow('away')
      expect(files()).toEqual([])
      await rotate(job)
      rmSync(join(store.folder, `${journal.id}-1.pub`))
      expect(await findJournal(rig.journals, store)).toEqual(journal) // the note in the store
    })
  })
}

/** So many retired keys, with files that hold no key. */
async function fill(journals: Journals, journal: JournalName, store: KeyStore, count: number): Promise<void> {
  const insert = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const spki = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })
      await store.make(keyName(journal.id, at + 1), 'no key')
      return { n: at + 1, status: 'retired' as const, key: { kid: (await publicJwk(spki)).kid, spki, alg: 'EdDSA' } }
    }),
  )
  await journals.change(await stateOf(journals, journal), { insert, what: { did: 'import' } }, 'a test')
}
