/** `kill -9` after every step of a rotation: the next run ends with one active key and no key file without a row. */
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compare } from '../../src/keysets/compare.ts'
import { keysOf } from '../../src/keysets/find.ts'
import type { JournalState } from '../../src/keysets/journal.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { describeWith } from '../servers/endpoints.ts'
import { prov, run } from '../support/cli.ts'
import {
  type Engine,
  emptyStore,
  journalFor,
  journalRig,
  rotateJob,
  STORE_PASSWORD,
  stateOf,
} from '../support/journal.ts'
import { PUBLIC } from './public.ts'

const CHILD = new URL('killed-child.ts', import.meta.url).pathname

/** What a rotation over a journal with an old key that is over does, in order. */
const STEPS = ['before', 'retire', 'destroy', 'intend', 'make', 'record', 'publish', 'prove', 'activate']

async function round(engine: Engine, at: number): Promise<void> {
  const rig = await journalRig(engine)
  try {
    const store = emptyStore()
    const journal = await journalFor(rig.journals, store)
    const job = rotateJob(rig.journals, journal, store)
    for (const wanted of ['auto', 'prepare', 'activate'] as const) await rotate({ ...job, ...PUBLIC, wanted })
    // The old key is over, and the active one is half way: everything is due at once.
    await rig.sql("UPDATE journal_key SET retires = 1 WHERE status = 'old'")
    await rig.sql("UPDATE journal_key SET activates = 1 WHERE status = 'active'")
    const args = [rig.place, store.folder, journal, { at }].map((one) => JSON.stringify(one))
    const killed = await run(process.execPath, [CHILD, ...args])
    expect(killed.code, `${STEPS[at]}: ${killed.stderr}`).toBe(null)
    const after = await stateOf(rig.journals, journal)
    expect(activeKeys(after), `killed after ${STEPS[at]}`).toHaveLength(1)
    const { state } = await rotate({ ...job, ...PUBLIC })
    expect(state.keys.map(({ n, status }) => `${n} ${status}`)).toEqual(['1 retired', '2 old', '3 active'])
    expect(compare(state, await keysOf(store)), `killed after ${STEPS[at]}`).toEqual([])
    const names = readdirSync(store.folder).filter((name) => name !== 'journal')
    const kept = ['1.pub', '2.key', '2.pub', '3.key', '3.pub']
    expect(names.toSorted()).toEqual(kept.map((name) => `${journal.id}-${name}`))
    await refuseUnjournalled(rig, journal.id)
  } finally {
    await rig.close()
  }
}

const activeKeys = ({ keys }: JournalState): readonly unknown[] => keys.filter(({ status }) => status === 'active')

/** Every key that was active at any time had been made, published and seen before. */
async function refuseUnjournalled({ journals }: Awaited<ReturnType<typeof journalRig>>, id: string): Promise<void> {
  const events = (await journals.events(id, 100)).toReversed().map(({ what }) => what)
  for (const { kid } of events.filter(({ did }) => did === 'activate')) {
    const order = events.filter((what) => what['kid'] === kid).map(({ did }) => did)
    expect(order.slice(0, 4)).toEqual(['prepare', 'publish', 'prove', 'activate'])
  }
}

const AT =
  process.env['PROV_KILL_ROUNDS'] === undefined
    ? [0, 3, 4, 5, 7]
    : Array.from({ length: 20 }, (_, i) => i % STEPS.length)

describe('killed over sqlite', () => {
  it.each(AT.map((at) => [STEPS[at] ?? '', at] as const))('after %s', { timeout: 60_000 }, async (_, at) =>
    round('sqlite', at),
  )
})

describeWith(['postgresql'], 'killed over postgres', () => {
  it.each(AT.map((at) => [STEPS[at] ?? '', at] as const))('after %s', { timeout: 60_000 }, async (_, at) =>
    round('postgres', at),
  )
})

it('twenty starts with the database away make no key', { timeout: 120_000 }, async () => {
  const store = emptyStore()
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await store.makePublic('mine', String(publicKey.export({ type: 'spki', format: 'pem' })))
  const before = readdirSync(store.folder)
  const flags = ['--truth', 'postgres://prov@127.0.0.1:1/prov', '--store', `folder:${store.folder}`]
  const starts = Array.from({ length: 20 }, () => ['keys', 'rotate', '--unsafe', ...flags])
  for (const args of starts) {
    const { code, stderr } = await prov(args, { env: { PROV_PASSWORD: STORE_PASSWORD } })
    expect(code, stderr).toBe(6)
  }
  expect(readdirSync(store.folder)).toEqual(before)
})
