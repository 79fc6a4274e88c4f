/** What a journal in a database promises: the same lines for every engine. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publicJwk } from '../../src/keys/jwk.ts'
import { findJournal } from '../../src/keysets/find.ts'
import type { JournalKey, JournalName } from '../../src/keysets/journal.ts'
import { journalsIn } from '../../src/keysets/journal-sql.ts'
import { openDatabase } from '../../src/truth/open.ts'
import { type Engine, emptyStore, type JournalRig, journalRig, stateOf } from '../support/journal.ts'

async function newKey(): Promise<NonNullable<JournalKey['key']>> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return { kid: (await publicJwk(spki)).kid, spki, alg: 'ES256' }
}

export function journalSuite(engine: Engine): void {
  describe(`a journal in ${engine}`, () => {
    let rig: JournalRig
    let journal: JournalName
    beforeEach(async () => {
      rig = await journalRig(engine)
      journal = { id: randomUUID(), name: 'test' }
      expect(await rig.journals.create(journal, 'me')).toBe(true)
    })
    afterEach(() => rig.close())

    const change = (version: number, wanted: Parameters<typeof rig.journals.change>[1]): Promise<boolean> =>
      rig.journals.change({ id: journal.id, version }, wanted, 'me')

    it('is made once, with its first event', async () => {
      expect(await rig.journals.create({ ...journal, name: 'another' }, 'me')).toBe(false)
      expect(await stateOf(rig.journals, journal)).toMatchObject({ name: 'test', version: 1, keys: [], damaged: [] })
      expect(await rig.journals.events(journal.id, 9)).toMatchObject([{ version: 1, who: 'me', what: { did: 'init' } }])
      expect(await rig.journals.read(randomUUID())).toBeUndefined()
    })

    it('comes back as it was written, each change with its event', async () => {
      const key = await newKey()
      const since = Date.parse('2026-11-01')
      await change(1, { insert: [{ n: 1, status: 'intended' }], what: { did: 'intend' } })
      await change(2, {
        update: [{ n: 1, status: 'prepared', key, activates: { after: 60_000 }, retires: 5 }],
        what: { did: 'prepare' },
      })
      await change(3, {
        update: [{ n: 1, status: 'revoked', revoked: { since, reason: 'stolen' } }],
        what: { did: 'revoke' },
      })
      const { keys, now, changed } = await stateOf(rig.journals, journal)
      expect(keys).toEqual([
        {
          n: 1,
          status: 'revoked',
          created: expect.any(Number),
          key: { ...key, spki: expect.any(Uint8Array) },
          activates: expect.any(Number),
          retires: 5,
          revoked: { since, reason: 'stolen' },
        },
      ])
      expect(Buffer.from(keys[0]?.key?.spki ?? []).equals(Buffer.from(key.spki))).toBe(true)
      expect(Math.abs((keys[0]?.activates ?? 0) - changed - 60_000)).toBeLessThanOrEqual(now - (keys[0]?.created ?? 0))
      expect((await rig.journals.events(journal.id, 2)).map(({ what }) => what['did'])).toEqual(['revoke', 'prepare'])
    })

    it('takes one of two changes of one version, whole, and nothing of the other', async () => {
      const other = journalsIn(await openDatabase(rig.place, { make: false }))
      const won = await Promise.all([
        change(1, { insert: [{ n: 1, status: 'intended' }], what: { did: 'import' } }),
        other.change(
          { id: journal.id, version: 1 },
          { insert: [{ n: 2, status: 'intended' }], what: { did: 'retire' } },
          'other',
        ),
      ])
      await other.close()
      expect(won.toSorted()).toEqual([false, true])
      const { keys, version } = await stateOf(rig.journals, journal)
      expect([keys.length, version]).toEqual([1, 2])
      expect(await rig.journals.events(journal.id, 9)).toHaveLength(2)
      expect(await change(1, { insert: [{ n: 9, status: 'intended' }], what: { did: 'prune' } })).toBe(false)
    })

    it.each([
      ['active keys', 'active'],
      ['keys on their way', 'prepared'],
    ] as const)('never holds two %s', async (_, status) => {
      const row = async (n: number) => ({ n, status, key: await newKey() })
      await change(1, { insert: [await row(1)], what: { did: 'import' } })
      await expect(change(2, { insert: [await row(2)], what: { did: 'retire' } })).rejects.toMatchObject({
        code: expect.any(String),
      })
      expect(await stateOf(rig.journals, journal)).toMatchObject({ version: 2, keys: [{ n: 1 }] })
    })

    it('the active key and the one before it change places in one step', async () => {
      const [a, b] = [await newKey(), await newKey()]
      const before = [
        { n: 1, status: 'active' as const, key: a },
        { n: 2, status: 'published' as const, key: b },
      ]
      await change(1, { insert: before, what: { did: 'import' } })
      expect((await rig.journals.active(journal.id))?.key?.kid).toBe(a.kid)
      await change(2, {
        update: [
          { n: 1, status: 'old' },
          { n: 2, status: 'active' },
        ],
        what: { did: 'retire' },
      })
      expect((await rig.journals.active(journal.id))?.key?.kid).toBe(b.kid)
    })

    it('names a row whose bytes are damaged, and reads the others', async () => {
      const keys = await Promise.all(
        [1, 2, 3, 4].map(async (n) => ({ n, status: 'old' as const, key: await newKey() })),
      )
      await change(1, { insert: keys, what: { did: 'import' } })
      await rig.sql('UPDATE journal_key SET spki = (SELECT spki FROM journal_key WHERE n = 4) WHERE n = 1')
      await rig.sql(
        engine === 'sqlite'
          ? "UPDATE journal_key SET spki = x'00' WHERE n = 2"
          : "UPDATE journal_key SET spki = '\\x00' WHERE n = 2",
      )
      await rig.sql('UPDATE journal_key SET kid = NULL WHERE n = 3')
      const state = await stateOf(rig.journals, journal)
      expect(state.keys.map(({ n }) => n)).toEqual([4])
      expect(state.damaged.map(({ n, why }) => `${n}: ${why}`)).toEqual([
        '1: its kid is not that of its key',
        '2: its key bytes are not a public key',
        '3: half of its public key is missing',
      ])
    })

    it('removes a number that no key was made for, and never a key', async () => {
      const key = await newKey()
      await change(1, {
        insert: [
          { n: 1, status: 'retired', key },
          { n: 2, status: 'intended' },
        ],
        what: { did: 'import' },
      })
      await change(2, { remove: [1, 2], what: { did: 'prune' } })
      expect((await stateOf(rig.journals, journal)).keys.map(({ n }) => n)).toEqual([1])
      await change(3, { forgetBefore: Number.MAX_SAFE_INTEGER, what: { did: 'prune' } })
      expect(await rig.journals.events(journal.id, 9)).toHaveLength(1)
    })

    it('is found by any key of the store; none and two are said', async () => {
      const { journals } = rig
      const store = emptyStore()
      await expect(findJournal(journals, store)).rejects.toMatchObject({ code: 'journal_missing' })
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
      const spki = pair.export({ type: 'spki', format: 'der' })
      await store.makePublic('mine', String(pair.export({ type: 'spki', format: 'pem' })))
      await store.makePublic('odd', 'no key')
      await expect(findJournal(journals, store)).rejects.toMatchObject({ code: 'journal_missing' })
      const key = { kid: (await publicJwk(spki)).kid, spki, alg: 'ES256' }
      await change(1, { insert: [{ n: 1, status: 'old', key }], what: { did: 'import' } })
      expect(await findJournal(journals, store)).toEqual(journal)
      const another = { id: randomUUID(), name: 'another' }
      await journals.create(another, 'me')
      const second = generateKeyPairSync('ed25519').publicKey
      const bytes = second.export({ type: 'spki', format: 'der' })
      await store.makePublic('theirs', String(second.export({ type: 'spki', format: 'pem' })))
      const row = {
        n: 1,
        status: 'old' as const,
        key: { kid: (await publicJwk(bytes)).kid, spki: bytes, alg: 'EdDSA' },
      }
      await journals.change({ id: another.id, version: 1 }, { insert: [row], what: { did: 'import' } }, 'me')
      await expect(findJournal(journals, store)).rejects.toMatchObject({
        code: 'journal_ambiguous',
        message: expect.stringMatching(
          new RegExp(`${journal.id}[\\s\\S]*${another.id}|${another.id}[\\s\\S]*${journal.id}`),
        ),
      })
      expect(await findJournal(journals, store, 'another')).toEqual(another)
      expect(await findJournal(journals, store, journal.id)).toEqual(journal)
      await expect(findJournal(journals, store, 'third')).rejects.toMatchObject({ code: 'journal_ambiguous' })
    })
  })
}
