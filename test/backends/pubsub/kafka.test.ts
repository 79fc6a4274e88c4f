import { randomBytes } from 'node:crypto'
import { Admin, Consumer } from '@platformatic/kafka'
import { expect, onTestFinished, test, vi } from 'vitest'
import { open } from '../../../backends/kafka/backend.ts'
import { messageOf } from '../../../backends/pubsub/layout.ts'
import type { Backend } from '../../../src/backend/backend.ts'
import { entryId } from '../../../src/model/entry.ts'
import { calm, expectCode } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const topic = `prov-${randomBytes(6).toString('hex')}`

function opened(servers: string, more: Readonly<Record<string, string>> = {}): Backend {
  const settings = { 'storage.pubsub.topic': topic, 'storage.pubsub.kafka.bootstrap.servers': servers, ...more }
  const backend = open(testContext(settings))
  onTestFinished(() => backend.close())
  return backend
}

function put(backend: Backend, kind: 'dsse' | 'raw', entry = sampleEntry(kind, run, image)) {
  const [slot] = backend.slots(aboutOf(kind, run, image))
  if (slot === undefined) throw new Error('no slot')
  return backend.put(slot, entry, calm())
}

describeWith(['kafka'], 'Apache Kafka', () => {
  test("a record is Chains': body, headers payload and signature; the second server of a list counts too", async () => {
    const host = (await server('kafka'))['KAFKA'] ?? ''
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [host] })
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    // The broker says that it is made before it can say where it is.
    await vi.waitFor(() => admin.metadata({ topics: [topic], forceUpdate: true }), { timeout: 30_000, interval: 200 })
    await admin.close()
    const backend = opened(`127.0.0.1:9, ${host}`)
    const entries = (['dsse', 'raw'] as const).map((kind) => sampleEntry(kind, run, image))
    for (const [i, entry] of entries.entries()) {
      const receipt = await put(backend, entry.kind, entry)
      expect(receipt).toMatchObject({ outcome: 'accepted', backend: 'kafka', location: `${topic}#${topic}/0/${i}` })
    }
    const consumer = new Consumer({ clientId: 'test', groupId: topic, bootstrapBrokers: [host] })
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
    const got: Record<string, unknown>[] = []
    for await (const { key, value, headers } of stream) {
      const all = [...headers].map(([header, bytes]) => [header.toString(), bytes])
      got.push({ key: key.toString(), value, headers: Object.fromEntries(all) })
      if (got.length === entries.length) break
    }
    await stream.close()
    await consumer.close(true)
    for (const [i, entry] of entries.entries()) {
      const { body, attributes } = messageOf(entry)
      expect(got[i]?.['key']).toBe(entryId(entry))
      expect(Buffer.from(body).equals(got[i]?.['value'] as Buffer)).toBe(true)
      const headers = Object.entries(attributes).map(([header, bytes]) => [header, Buffer.from(bytes)])
      expect(got[i]?.['headers']).toEqual(Object.fromEntries(headers))
    }
  })

  test('a topic that is not there, a message over the limit, and a server that is not there', async () => {
    const host = (await server('kafka'))['KAFKA'] ?? ''
    await expectCode(put(opened(host, { 'storage.pubsub.topic': `${topic}-none` }), 'dsse'), 'target_unwritable')
    const large = sampleEntry('dsse', run, image, 'x'.repeat(1_200_000))
    await expectCode(put(opened(host), 'dsse', large), 'entry_too_large')
    const error = await expectCode(put(opened('127.0.0.1:9'), 'dsse'), 'unreachable')
    expect(error).toMatchObject({ backend: 'kafka', operation: 'publish', location: topic })
  })
})
