/** Moving entries between unlike stores: what is moved, what is left, and that running it again moves nothing twice. */
import { describe, expect, test } from 'vitest'
import type { Backend, Receipt } from '../../src/backend/backend.ts'
import { checkSides } from '../../src/migrate/migrate.ts'
import { entryId, sameBytes, signatureId } from '../../src/model/entry.ts'
import { moveTally } from '../../src/report/text/migrate-text.ts'
import { attest, signer, signImage } from '../support/makers.ts'
import { calm, embedded, entrySet, fill, handle, idsIn, moved, outcomes, slotOf } from '../support/stored-set.ts'

const ROUTES = [
  ['docdb', 'gcs'],
  ['gcs', 's3'],
  ['s3', 'docdb'],
  ['docdb', 'oci'],
  ['oci', 's3'],
] as const

describe.each(ROUTES)('%s to %s', (from, to) => {
  test('every entry arrives with its bytes; a second run moves nothing', async () => {
    const { items, trust } = await entrySet(12)
    const settings = embedded()
    const [source, target] = [await handle(from, settings), await handle(to, settings)]
    await fill(source, items)
    expect(outcomes(await moved(source, [target], trust))).toEqual({ moved: 24 })
    expect(await idsIn(target)).toEqual(await idsIn(source))
    for (const { entry } of items) {
      const copies = await entriesIn(target)
      const copy = copies.find((one) => sameBytes(one.payload, entry.payload))
      expect(copy?.signatures.map(({ sig }) => Buffer.from(sig))).toEqual(
        entry.signatures.map(({ sig }) => Buffer.from(sig)),
      )
      expect(copy?.envelope && Buffer.from(copy.envelope)).toEqual(entry.envelope && Buffer.from(entry.envelope))
    }
    expect(outcomes(await moved(source, [target], trust))).toEqual({ unchanged: 24 })
    expect(await idsIn(target)).toHaveLength(24)
  })
})

async function entriesIn(backend: Backend) {
  const all = []
  for await (const slot of backend.list?.({}, calm) ?? [])
    for (const { entry } of await backend.get(slot, calm)) if (entry !== undefined) all.push(entry)
  return all
}

test('a run keeps its place: by name between stores that name it, by uid between all', async () => {
  const { items, trust } = await entrySet(3)
  const settings = embedded()
  const [gcs, s3, docdb] = [
    await handle('gcs', settings),
    await handle('s3', settings),
    await handle('docdb', settings),
  ]
  await fill(gcs, items)
  await moved(gcs, [s3, docdb], trust)
  for (const item of items)
    for (const backend of [s3, docdb]) expect(await backend.get(await slotOf(backend, item), calm)).toHaveLength(1)
  // There the name is lost, and comes back no more; the uid stays.
  const other = embedded()
  const [far, home] = [await handle('gcs', other), await handle('docdb', other)]
  await moved(docdb, [far], trust)
  await moved(far, [home], trust)
  for (const item of items) expect(await home.get(await slotOf(home, item), calm)).toHaveLength(1)
})

test('what does not verify is left behind and said; with includeUnverified it goes along, marked', async () => {
  const { items, trust } = await entrySet(2)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('gcs', settings)]
  const stranger = await signer()
  const [first, ...rest] = items
  if (first === undefined) throw new Error('two runs')
  const forged = { ...first, entry: await attest(first.run, stranger) }
  await fill(source, [forged, ...rest])
  const all = await moved(source, [target], trust)
  expect(outcomes(all)).toEqual({ moved: 3, left: 1 })
  expect(all.find(({ outcome }) => outcome === 'left')).toMatchObject({
    location: (await source.get(await slotOf(source, first), calm))[0]?.location,
    verified: false,
    error: { code: 'key_untrusted' },
  })
  expect(await idsIn(target)).toHaveLength(3)
  const again = await moved(source, [target], trust, { includeUnverified: true })
  expect(outcomes(again)).toEqual({ moved: 1, unchanged: 3 })
  expect(again.filter(({ verified }) => !verified)).toHaveLength(1)
})

test('what somebody else signed as well is left behind, and keeps nothing back', async () => {
  const { items, trust } = await entrySet(1)
  const settings = embedded()
  const [source, target] = [await handle('oci', settings), await handle('docdb', settings)]
  await fill(source, items)
  const other = await signer()
  const [run, image] = items
  const picture = image?.about.artifact
  if (run === undefined || image === undefined || picture?.type !== 'image') throw new Error('no such items')
  await fill(source, [{ ...run, entry: await attest(run.run, other, run.entry.payload) }])
  await fill(source, [{ ...image, entry: await signImage(picture, other) }])
  const all = await moved(source, [target], trust)
  expect(outcomes(all)).toEqual({ moved: 2, left: 2 })
  expect(all.flatMap(({ error }) => error?.code ?? []).sort()).toEqual(['key_untrusted', 'signature_invalid'])
  for (const { entry, signatures } of all.filter(({ outcome }) => outcome === 'moved')) {
    const own = items.find((item) => entryId(item.entry) === entry)?.entry.signatures.map(signatureId)
    expect(signatures).toEqual(own)
  }
})

test('a copy in the place of another run is left behind', async () => {
  const { items, trust } = await entrySet(2)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('gcs', settings)]
  const [a, , b] = items
  if (a === undefined || b === undefined) throw new Error('two runs')
  const v1 = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: a.about.subjects,
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { runDetails: { metadata: { invocationId: a.run.uid } } },
    }),
  )
  const set = await entrySet(0)
  await source.put(await slotOf(source, b), await attest(a.run, set.by, v1), calm)
  const [left] = await moved(source, [target], set.trust)
  expect(left).toMatchObject({ outcome: 'left', error: { code: 'wrong_artifact' } })
  expect(trust.keys).toHaveLength(1)
})

test('once it is stopped, no other place is begun', async () => {
  const { items, trust } = await entrySet(8)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('s3', settings)]
  await fill(source, items)
  const slots = await Promise.all(items.map((item) => slotOf(source, item)))
  const stop = new AbortController()
  let begun = 0
  async function* places() {
    for (const slot of slots) yield { slot }
  }
  const turn = async () => {
    if (++begun === 3) stop.abort(new Error('stopped'))
  }
  const all = moved(source, [target], trust, { places: places(), turn, signal: stop.signal, concurrency: 1 })
  await expect(all).rejects.toThrow('stopped')
  expect(begun).toBe(3)
  expect(await idsIn(target)).toHaveLength(2)
})

test('what stands in the way stays', async () => {
  const { items, trust, by } = await entrySet(1)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('s3', settings)]
  const [attestation] = items
  if (attestation === undefined) throw new Error('one run')
  await fill(source, items)
  const resigned = await attest(attestation.run, await signer())
  const byRun = { kind: 'TaskRun' as const, uid: attestation.run.uid }
  const place = target.slots({
    ...attestation.about,
    artifact: { ...attestation.run, namespace: '', name: '', claim: { ...byRun, identity: '' } },
  })
  await target.put(place[0] ?? (await slotOf(target, attestation)), resigned, calm)
  const all = await moved(source, [target], trust)
  expect(outcomes(all)).toEqual({ moved: 1, failed: 1 })
  expect(all.find(({ outcome }) => outcome === 'failed')?.error).toMatchObject({ code: 'occupied', backend: 's3' })
  expect(by.keyid).toBeTruthy()
  const tally = moveTally('docdb', ['s3'])
  for (const one of all) tally.add(one)
  expect(tally.summary(true, false)).toMatchObject({ exit: 7, codes: { occupied: 1 }, errors: { s3: 1 } })
})

test('nothing is written without leave: a dry run counts bytes', async () => {
  const { items, trust } = await entrySet(3)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('gcs', settings)]
  await fill(source, items)
  const planned = await moved(source, [target], trust, { dryRun: true, deleteSource: true })
  expect(outcomes(planned)).toEqual({ planned: 6 })
  expect(await idsIn(target)).toEqual([])
  const real = await moved(source, [target], trust)
  const bytes = (all: typeof real) =>
    all.flatMap(({ copies }) => copies).reduce((sum, copy) => sum + (copy.bytes ?? 0), 0)
  expect(bytes(planned)).toBe(bytes(real))
  expect(outcomes(await moved(source, [target], trust, { dryRun: true }))).toEqual({ unchanged: 6 })
})

test('the source is emptied only of what a second look finds in every target', async () => {
  const { items, trust } = await entrySet(4)
  const settings = embedded()
  const [source, gcs, s3] = [
    await handle('docdb', settings),
    await handle('gcs', settings),
    await handle('s3', settings),
  ]
  await fill(source, items)
  // Says that it has written, shows it once, and has lost it by the second look.
  let looks = 0
  const lossy: Backend = {
    ...s3,
    get: async (slot, options) => {
      const found = await s3.get(slot, options)
      const isLost = slot.kind === 'raw' && found.length > 0 && ++looks > 4
      return isLost ? [] : found
    },
  }
  const all = await moved(source, [gcs, lossy], trust, { deleteSource: true, concurrency: 1 })
  const removed = all.filter((one) => one.removed)
  expect(removed.length).toBeLessThan(8)
  expect(await idsIn(source)).toEqual(
    all
      .filter((one) => !one.removed)
      .map(({ entry }) => entry)
      .sort(),
  )
  expect(all.filter((one) => !one.removed).every(({ error }) => error?.code === 'read_back_failed')).toBe(true)
  expect(outcomes(await moved(source, [gcs, s3], trust, { deleteSource: true }))).toEqual({
    unchanged: 8 - removed.length,
  })
  expect(await idsIn(source)).toEqual([])
  expect(await idsIn(gcs)).toHaveLength(8)
})

test('a write that the target lost is an error', async () => {
  const { items, trust } = await entrySet(1)
  const settings = embedded()
  const [source, target] = [await handle('docdb', settings), await handle('gcs', settings)]
  await fill(source, items)
  const liar: Backend = {
    ...target,
    put: async (slot, entry, options): Promise<Receipt> => {
      const receipt = await target.put(slot, entry, options)
      for (const found of await target.get(slot, options)) await target.remove?.(slot, found, options)
      return receipt
    },
  }
  const all = await moved(source, [liar], trust, { deleteSource: true })
  expect(all.map(({ outcome, error, removed }) => [outcome, error?.code, removed])).toEqual([
    ['failed', 'read_back_failed', false],
    ['failed', 'read_back_failed', false],
  ])
})

test('one backend keeps no such entries: left behind, or moved to those that do', async () => {
  const { items, trust } = await entrySet(1)
  const settings = embedded()
  const [source, gcs] = [await handle('docdb', settings), await handle('gcs', settings)]
  const bundles = await handle('oci', { ...settings, 'storage.oci.encoding-format': 'sigstore-bundle' })
  await fill(
    source,
    items.filter(({ about }) => about.kind === 'raw'),
  )
  const [left] = await moved(source, [bundles], trust)
  expect(left).toMatchObject({ outcome: 'left', notKept: ['oci'], error: { code: 'not_kept' } })
  const [both] = await moved(source, [bundles, gcs], trust, { deleteSource: true })
  expect(both).toMatchObject({ outcome: 'moved', notKept: ['oci'], removed: false })
})

test('nobody can look into a write-only store', async () => {
  const pubsub = await handle('pubsub', { 'storage.pubsub.provider': 'google', 'storage.pubsub.topic': 't' })
  const gcs = await handle('gcs', embedded())
  expect(() => checkSides(gcs, [pubsub], false)).toThrow(expect.objectContaining({ code: 'not_supported' }))
})
