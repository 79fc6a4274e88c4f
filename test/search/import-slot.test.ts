/** What is imported of one location that holds more than was asked for. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Backend, Found, Listed } from '../../src/backend/backend.ts'
import { ProvError } from '../../src/errors.ts'
import type { Entry } from '../../src/model/entry.ts'
import { signedBytes } from '../../src/model/envelope.ts'
import { type ImportedItem, type ImportJob, importFrom } from '../../src/search/import.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { openTruth } from '../../src/truth/open.ts'
import type { Truth } from '../../src/truth/truth.ts'
import { describeWith } from '../servers/endpoints.ts'
import { attest, retrying, signer } from '../support/makers.ts'
import { scratch } from '../support/scratch.ts'
import { makeRun, testKey } from '../truth/made.ts'
import { postgresRig } from '../truth/rigs.ts'

const slot: Listed = { backend: 'odd', key: 'here', kind: 'dsse', holds: 'many', address: {} }

async function imported(
  get: (slot: Listed) => Promise<readonly Found[]>,
  more: Partial<ImportJob> & { readonly slots?: readonly Listed[]; readonly opened?: Truth } = {},
): Promise<{ readonly truth: Truth; readonly items: readonly ImportedItem[] }> {
  const truth =
    more.opened ??
    (await openTruth({ url: `sqlite:${join(scratch(), 'truth.db')}`, newId: randomUUID() }, { make: true }))
  const source = { name: 'odd', get } as unknown as Backend
  const places = (async function* () {
    yield* more.slots ?? [slot]
  })()
  const { signal } = new AbortController()
  const job = {
    source,
    places,
    truth,
    trust: trustOf(await testKey()),
    repair: true,
    concurrency: 4,
    host: 'h',
    signal,
  }
  const items: ImportedItem[] = []
  for await (const item of importFrom({ ...job, retry: retrying(1, signal), ...more })) items.push(item)
  return { truth, items }
}

const raw = Buffer.from('x')

it('a signature of a stranger in the same envelope is not kept', async () => {
  const run = makeRun('a')
  const [ours, theirs] = [await attest(run, await testKey()), await attest(run, await signer())]
  const { envelope: _, ...rest } = ours
  const entry: Entry = { ...rest, signatures: [...theirs.signatures, ...ours.signatures] }
  const { truth, items } = await imported(async () => [{ location: 'l', raw, entry }])
  expect(items).toMatchObject([{ outcome: 'imported', location: 'l' }])
  const [hit] = await truth.search([`key:${(await testKey()).keyid}`], 0, 10)
  expect(hit?.keyids).toContain((await testKey()).keyid)
  const [kept] = await truth.imported(hit?.uri ?? '', hit?.format ?? '')
  expect(kept?.signatures).toHaveLength(1)
  // However many strangers sign it, it is the same entry.
  expect(await truth.holding(ours)).toBe('present')
  await truth.close()
})

it('one location that cannot be read, or is damaged, does not hide the others', async () => {
  const good = { location: 'good', raw, entry: await attest(makeRun('a'), await testKey()) }
  const { truth, items } = await imported(
    async ({ key }) => {
      if (key === 'gone') throw new ProvError('denied', 'not for you')
      return [{ location: 'bad', raw, damage: { code: 'copy_malformed', message: 'half' } }, good]
    },
    { slots: [slot, { ...slot, key: 'twice' }, { ...slot, key: 'gone' }] },
  )
  expect(items.map(({ outcome, location }) => `${outcome} ${location}`).toSorted()).toEqual([
    'imported good',
    'present good',
    'refused bad',
    'refused bad',
    'unread gone',
  ])
  expect((await truth.impact(['run:none'], 1)).unknown.refused).toBe(1)
  await truth.close()
})

it('without --repair nothing is written, and an entry that lies in two places is missing once', async () => {
  const good = { location: 'good', raw, entry: await attest(makeRun('a'), await testKey()) }
  const { truth, items } = await imported(async () => [good], { slots: [slot, { ...slot, key: 'b' }], repair: false })
  expect(items.map(({ outcome }) => outcome).toSorted()).toEqual(['missing', 'present'])
  expect(await truth.search([`key:${(await testKey()).keyid}`], 0, 10)).toEqual([])
  await truth.close()
})

const odd = async (): Promise<Entry> => {
  const subject = [{ name: 'x', digest: { sha256: '1'.repeat(64) } }]
  const json = {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://x.example/\u0000\ud800',
    predicate: {},
  }
  const entry: Entry = {
    kind: 'dsse',
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(JSON.stringify(json)),
    signatures: [],
  }
  return { ...entry, signatures: [await (await testKey()).sign(signedBytes(entry))] }
}

describeWith(['postgresql'], 'a predicate type that PostgreSQL does not take', () => {
  it('does not stop the import', async () => {
    const rig = await postgresRig()
    await rig.migrate()
    const entry = await odd()
    const { truth, items } = await imported(async () => [{ location: 'l', raw, entry }], { opened: await rig.open() })
    expect(items).toMatchObject([{ outcome: 'imported' }])
    expect(await truth.search([`digest:sha256:${'1'.repeat(64)}`], 0, 10)).toHaveLength(1)
    await truth.close()
    await rig.close()
  })
})
