/** What the world sees of the keys of a journal. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import type { JournalState } from '../../src/keysets/journal.ts'
import { keysToPublish } from '../../src/keysets/to-publish.ts'

const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
const [BEGIN, REPLACED] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 1, 1)]

it('a key that was replaced is good for two minutes more: a store that is at work may not know it yet', async () => {
  const keys = [{ n: 1, key: { spki }, status: 'old', activates: BEGIN, ended: REPLACED }]
  const [old] = await keysToPublish({ keys } as unknown as JournalState)
  expect(old).toMatchObject({ status: 'old', from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:02:00.000Z' })
})

it('an active key has no end, and an intended one is not shown', async () => {
  const keys = [
    { n: 1, key: { spki }, status: 'active', activates: BEGIN },
    { n: 2, status: 'intended' },
  ]
  const shown = await keysToPublish({ keys } as unknown as JournalState)
  expect(shown).toHaveLength(1)
  expect(shown[0]).not.toHaveProperty('until')
})
