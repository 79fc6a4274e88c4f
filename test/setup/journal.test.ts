/** The journal and the key store that settings name. */
import { expect, it } from 'vitest'
import type { KeyStore } from '../../src/keysets/keystore.ts'
import { openJournals } from '../../src/setup/journal.ts'
import { settingsFor } from '../../src/setup/settings.ts'
import { quietWorld } from '../support/world.ts'

const world = quietWorld()

it.each([
  ['usage', []],
  ['config_invalid', ['truth.url=sqlite:/nowhere/truth.db']],
])('a database that cannot be opened (%s): the key store that was opened before it is closed', async (code, set) => {
  let closed = 0
  const store = { close: () => closed++ } as unknown as KeyStore
  await expect(openJournals(await settingsFor({ set }, world), world, store)).rejects.toMatchObject({ code })
  expect(closed).toBe(1)
})
