/** What the world sees of the keys of a journal. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { type JournalState, keyName } from '../../src/keysets/journal.ts'
import type { StoredKey } from '../../src/keysets/keystore.ts'
import type { KeyToPublish } from '../../src/keysets/publication.ts'
import { keysToPublish } from '../../src/keysets/to-publish.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = publicKey.export({ type: 'spki', format: 'der' })
const ID = '0b6f5a52-0000-4000-8000-000000000001'
const shownOf = (keys: readonly object[], stored = publicKey): Promise<readonly KeyToPublish[]> =>
  keysToPublish({ id: ID, name: 'eu', keys } as unknown as JournalState, {
    location: 'folder:keys',
    list: async () => [{ name: keyName(ID, 1), publicKey: stored } as StoredKey],
  })
const [BEGIN, REPLACED] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 1, 1)]

it('a key that was replaced is good for two minutes more: a store that is at work may not know it yet', async () => {
  const keys = [{ n: 1, key: { spki }, status: 'old', activates: BEGIN, ended: REPLACED }]
  const [old] = await shownOf(keys)
  expect(old).toMatchObject({ status: 'old', from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:02:00.000Z' })
})

it('an active key has no end, and an intended one is not shown', async () => {
  const keys = [
    { n: 1, key: { spki }, status: 'active', activates: BEGIN },
    { n: 2, status: 'intended' },
  ]
  const shown = await shownOf(keys)
  expect(shown).toHaveLength(1)
  expect(shown[0]).not.toHaveProperty('until')
})

it('a key that the database alone names is not vouched for', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const keys = [{ n: 1, key: { spki }, status: 'old', activates: BEGIN, ended: REPLACED }]
  await expect(shownOf(keys, other)).rejects.toMatchObject({ code: 'keyset_refused' })
})
