/** Twenty writers at once on one key, and images that share Chains' key, on every database. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import { openStore } from '../../../backends/docdb/engines.ts'
import { documentOf } from '../../../backends/docdb/layout.ts'
import { readTarget } from '../../../backends/docdb/settings.ts'
import type { Backend, Context, Slot } from '../../../src/backend/backend.ts'
import type { ImageRef } from '../../../src/model/artifact.ts'
import { type Entry, entryId } from '../../../src/model/entry.ts'
import { calm, collect, entries, expectCode, expectSame, look } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { scratch } from '../../support/scratch.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** A fresh collection. */
type Place = () => Promise<Context>

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const slotOf = (backend: Backend, kind: 'dsse' | 'raw', of: ImageRef): Slot => {
  const [slot] = backend.slots(aboutOf(kind, run, of))
  if (slot === undefined) throw new Error('no slot')
  return slot
}
/** A handle as another process would open one. */
const opened = (context: Context): Backend => {
  const backend = open(context)
  onTestFinished(() => backend.close())
  return backend
}

function suite(place: Place): void {
  test('each condition is the database’s own: what was read before another wrote is neither replaced nor removed', async () => {
    const context = await place()
    const store = await openStore(readTarget(context), context)
    onTestFinished(() => store.close())
    const [first, second, third] = ['first', 'second', 'third'].map((note) =>
      documentOf(sampleEntry('dsse', run, image, note), 'k'),
    )
    if (first === undefined || second === undefined || third === undefined) throw new Error('three documents')
    const signed = async () => (await store.get(['k'], calm())).map(({ fields }) => fields['Signature'])
    expect(await store.create(first, calm())).toBe(true)
    expect(await store.create(second, calm())).toBe(false)
    expect(await signed()).toEqual([first.Signature])
    const [read] = await store.get(['k', 'none'], calm())
    if (read === undefined) throw new Error('nothing there')
    expect(await store.replace(read, second, calm())).toBe(true)
    expect(await store.replace(read, third, calm())).toBe(false)
    expect(await store.remove(read, calm())).toBe(false)
    expect(await signed()).toEqual([second.Signature])
    const [now] = await store.get(['k'], calm())
    if (now === undefined) throw new Error('nothing there')
    expect(await store.remove(now, calm())).toBe(true)
    expect(await store.remove(now, calm())).toBe(false)
    expect(await store.replace(now, third, calm())).toBe(false)
    expect(await signed()).toEqual([])
  }, 30_000)

  test('twenty payloads into one key: one is written, nineteen are told what stands there', async () => {
    const context = await place()
    const handles = Array.from({ length: 20 }, () => opened(context))
    const receipts = await Promise.all(
      handles.map((backend, i) =>
        backend.put(slotOf(backend, 'dsse', image), sampleEntry('dsse', run, image, `${i}`), calm()),
      ),
    )
    const [winner] = receipts.filter(({ outcome }) => outcome === 'written')
    expect(receipts.filter(({ outcome }) => outcome === 'occupied')).toHaveLength(19)
    for (const { found } of receipts.filter(({ outcome }) => outcome === 'occupied')) {
      expect(found?.map(({ entry }) => entry && entryId(entry))).toEqual([winner?.entry])
    }
    const [left, ...more] = await entries(opened(context), slotOf(handles[0] ?? opened(context), 'dsse', image))
    expect(more).toEqual([])
    expect(left && entryId(left)).toBe(winner?.entry)
  }, 30_000)

  test('twenty images that share a key: each is kept and found again, Chains’ own key holds one of them', async () => {
    const context = await place()
    const images = Array.from(
      { length: 20 },
      (_, i): ImageRef => ({
        repository: `registry.example/acme/app${i}`,
        digest: `sha256:0123456789ab${sampleImage('x', `${i % 7}`).digest.slice(19)}`,
      }),
    )
    const signed = images.map((one): readonly [ImageRef, Entry] => [one, sampleEntry('raw', run, one)])
    const receipts = await Promise.all(
      signed.map(async ([one, entry]) => {
        const backend = opened(context)
        return backend.put(slotOf(backend, 'raw', one), entry, calm())
      }),
    )
    expect(new Set(receipts.map(({ location }) => location)).size).toBe(20)
    expect(receipts.filter(({ location }) => location.endsWith('#0123456789ab'))).toHaveLength(1)
    const reader = opened(context)
    for (const [one, entry] of signed) {
      const found = await entries(reader, slotOf(reader, 'raw', one))
      expect(found).toHaveLength(1)
      expectSame(found[0], entry)
    }
    if (reader.list === undefined) throw new Error('no list')
    const listed = await collect(reader.list({ kind: 'raw' }, calm()))
    expect(listed.map(({ key }) => key).sort()).toEqual(images.map((one) => slotOf(reader, 'raw', one).key).sort())
    for (const [one] of signed) {
      const [found] = await look(reader, slotOf(reader, 'raw', one))
      if (found === undefined) throw new Error('it is gone')
      await reader.remove?.(slotOf(reader, 'raw', one), found, calm())
    }
    expect(await collect(reader.list({}, calm()))).toEqual([])
  })

  test('twenty replacements of what was read: one is done, nineteen are conflicts', async () => {
    const context = await place()
    const handles = Array.from({ length: 20 }, () => opened(context))
    const [first] = handles
    if (first === undefined) throw new Error('no handle')
    const slot = slotOf(first, 'dsse', image)
    await first.put(slot, sampleEntry('dsse', run, image, 'first'), calm())
    const [found] = await look(first, slot)
    if (found === undefined) throw new Error('nothing there')
    const ends = await Promise.allSettled(
      handles.map((backend, i) => backend.replace?.(slot, found, sampleEntry('dsse', run, image, `${i}`), calm())),
    )
    const done = ends.filter((end) => end.status === 'fulfilled')
    expect(done).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
    const [left] = await entries(first, slot)
    expect(left && entryId(left)).toBe(done[0]?.value?.entry)
    await expectCode(first.remove?.(slot, found, calm()) ?? Promise.resolve(), 'conflict')
  }, 30_000)
}

describe('SQLite', () => {
  suite(async () => {
    const url = `sqlite:${join(scratch(), 'prov.db')}`
    return testContext({ 'storage.docdb.url': url })
  })
})

describeWith(['mongo-java'], 'MongoDB', () => {
  suite(async () => {
    const MONGO_SERVER_URL = process.env['PROV_TEST_MONGO_URL'] ?? (await server('mongo-java'))['MONGO_JAVA'] ?? ''
    const url = `mongo://prov_test/w${randomBytes(8).toString('hex')}?id_field=Name`
    return testContext({ 'storage.docdb.url': url }, { MONGO_SERVER_URL })
  })
})

describeWith(['firestore'], 'Firestore', () => {
  suite(async () => {
    const FIRESTORE_EMULATOR_HOST = (await server('firestore'))['FIRESTORE'] ?? ''
    const url = `firestore://projects/prov-test/databases/(default)/documents/w${randomBytes(8).toString('hex')}?name_field=Name`
    return testContext({ 'storage.docdb.url': url }, { FIRESTORE_EMULATOR_HOST })
  })
})

describeWith(['moto'], 'DynamoDB', () => {
  suite(async () => {
    const { url: endpoint, close } = await oneAtATime((await server('moto'))['MOTO'] ?? '')
    onTestFinished(close)
    const env = {
      AWS_ACCESS_KEY_ID: 'prov',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: endpoint,
    }
    const TableName = `w${randomBytes(8).toString('hex')}`
    const credentials = { accessKeyId: 'prov', secretAccessKey: 'x' }
    const client = new DynamoDBClient({ endpoint, region: env.AWS_REGION, credentials })
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'Name', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'Name', KeyType: 'HASH' }],
      }),
    )
    client.destroy()
    return testContext({ 'storage.docdb.url': `dynamodb://${TableName}?partition_key=Name` }, env)
  })
})
