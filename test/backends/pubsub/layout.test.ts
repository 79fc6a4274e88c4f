import { expect, test } from 'vitest'
import { open as openKafkaName } from '../../../backends/kafka/backend.ts'
import { open } from '../../../backends/pubsub/backend.ts'
import { googleMessage, messageOf } from '../../../backends/pubsub/layout.ts'
import { readSettings } from '../../../backends/pubsub/settings.ts'
import { entryId } from '../../../src/model/entry.ts'
import { calm, expectCode } from '../../conformance/checks.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { testContext } from '../../support/context.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const run = sampleRun('build-1', image)
const settings = { 'storage.pubsub.provider': 'google', 'storage.pubsub.topic': 'projects/acme/topics/t' }
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

test("a message is Chains': the signature as body, payload and signature beside it, and the id of the entry", () => {
  for (const kind of ['dsse', 'raw'] as const) {
    const entry = sampleEntry(kind, run, image)
    const { body, attributes } = messageOf(entry)
    expect(Buffer.from(body).equals(entry.envelope ?? entry.signatures[0]?.sig ?? body.subarray(1))).toBe(true)
    expect(attributes['signature']).toEqual(body)
    expect(text(attributes['payload'])).toBe(Buffer.from(entry.payload).toString('base64'))
    expect(text(attributes['entry'])).toBe(entryId(entry))
    expect(text(attributes['payload-type'])).toBe(entry.payloadType)
  }
  const several = sampleEntry('raw', run, image, 's', { signatures: 2 })
  expect(() => messageOf(several)).toThrow(expect.objectContaining({ code: 'not_supported' }))
})

test("within Google's limits nothing is lost: what no attribute can hold is in the body, or refused", () => {
  const large = googleMessage(sampleEntry('dsse', run, image, 'x'.repeat(1000)))
  expect(Object.keys(large.attributes).sort()).toEqual(['entry', 'payload-type'])
  expect(Object.keys(JSON.parse(text(large.body)))).toContain('payload')
  const raw = sampleEntry('raw', run, image)
  const signature = googleMessage(raw)
  expect(Object.keys(signature.attributes).sort()).toEqual(['entry', 'payload', 'payload-type', 'signature'])
  expect(Buffer.from(signature.attributes['signature'] ?? '', 'base64').equals(Buffer.from(signature.body))).toBe(true)
  const long = sampleEntry('raw', run, image, 'x'.repeat(1000))
  expect(() => googleMessage(long)).toThrow(expect.objectContaining({ code: 'entry_too_large' }))
  const backend = open(testContext(settings))
  const [slot] = backend.slots(aboutOf('raw', run, image))
  expect(() => slot && backend.size(slot, long)).toThrow(expect.objectContaining({ backend: 'pubsub' }))
})

test('the configuration names a broker and a topic', () => {
  const of = (more: Record<string, string>, env = {}) => readSettings({ ...testContext({ ...settings, ...more }), env })
  expect(of({})).toMatchObject({ project: 'acme', topic: 'projects/acme/topics/t' })
  expect(of({ 'storage.pubsub.topic': 't' }, { GOOGLE_CLOUD_PROJECT: 'other' })).toMatchObject({
    topic: 'projects/other/topics/t',
  })
  const kafka = { 'storage.pubsub.provider': 'kafka', 'storage.pubsub.topic': 't' }
  expect(of({ ...kafka, 'storage.pubsub.kafka.bootstrap.servers': 'a:9092, b:9093' })).toMatchObject({
    brokers: ['a:9092', 'b:9093'],
  })
  for (const bad of [
    { 'storage.pubsub.provider': '' },
    { 'storage.pubsub.topic': '' },
    { 'storage.pubsub.topic': 't' },
    kafka,
    { ...kafka, 'storage.pubsub.kafka.bootstrap.servers': 'http://a:9092' },
  ]) {
    expect(() => of(bad), JSON.stringify(bad)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  }
  expect(() => of({ 'storage.pubsub.provider': 'inmemory' })).toThrow(
    expect.objectContaining({ code: 'not_supported' }),
  )
  const named = testContext({
    ...settings,
    'storage.pubsub.topic': 't',
    'storage.pubsub.kafka.bootstrap.servers': 'a:1',
  })
  expect(openKafkaName(named).name).toBe('kafka')
})

test('nobody can look', async () => {
  const backend = open(testContext(settings))
  const [slot] = backend.slots(aboutOf('raw', run, image))
  if (slot === undefined) throw new Error('no slot')
  expect(backend.capabilities.readable).toBe(false)
  await expectCode(backend.get(slot, calm()), 'not_supported')
})
