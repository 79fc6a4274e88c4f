import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/pubsub/backend.ts'
import type { Backend } from '../../../src/backend/backend.ts'
import { entryId } from '../../../src/model/entry.ts'
import { calm, expectCode } from '../../conformance/checks.ts'
import { GAPS } from '../../conformance/gaps.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const sample = { run: sampleRun('build-1', image), image, otherImage: sampleImage('registry.example/acme/b', 'b') }
const name = `projects/prov/topics/t-${randomBytes(6).toString('hex')}`
const subscription = name.replace('topics', 'subscriptions')

function opened(emulator: string, settings: Readonly<Record<string, string>> = {}): Backend {
  const all = { 'storage.pubsub.provider': 'google', 'storage.pubsub.topic': name, ...settings }
  return { ...open({ ...testContext(all), env: { PUBSUB_EMULATOR_HOST: emulator } }) }
}

function closing(backend: Backend): Backend {
  onTestFinished(() => backend.close())
  return backend
}

describeWith(['pubsub'], "Google's Pub/Sub emulator", () => {
  let host = ''
  const call = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://${host}/v1/${path}`, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    return (await answer.json()) as Record<string, unknown>
  }

  beforeAll(async () => {
    host = (await server('pubsub'))['PUBSUB'] ?? ''
    await call('PUT', name, {})
    await call('PUT', subscription, { topic: name })
  })

  test('what a subscriber gets is the signed bytes, under an id by which it sees that it has them', async () => {
    const backend = closing(opened(host))
    const receipts: string[] = []
    for (const kind of ['dsse', 'raw'] as const) {
      const about = aboutOf(kind, sample.run, image)
      const [slot] = backend.slots(about)
      if (slot === undefined) throw new Error('no slot')
      const entry = sampleEntry(kind, sample.run, image)
      for (let i = 0; i < 2; i++) {
        const receipt = await backend.put(slot, entry, calm())
        expect(receipt).toMatchObject({ outcome: 'accepted', entry: entryId(entry), slot: name, backend: 'pubsub' })
        receipts.push(receipt.location)
      }
      const pulled = await call('POST', `${subscription}:pull`, { maxMessages: 10 })
      const got = pulled['receivedMessages'] as { ackId: string; message: Record<string, never> }[]
      const ids = got.map(({ message }) => `${name}#${message['messageId']}`)
      expect(ids.sort()).toEqual(receipts.splice(0).sort())
      for (const { message } of got) {
        const body = Buffer.from(message['data'] ?? '', 'base64')
        expect(body.equals(Buffer.from(entry.envelope ?? entry.signatures[0]?.sig ?? []))).toBe(true)
        expect(message['attributes']).toMatchObject({ entry: entryId(entry), 'payload-type': entry.payloadType })
      }
      await call('POST', `${subscription}:acknowledge`, { ackIds: got.map(({ ackId }) => ackId) })
    }
  })

  test('a topic that is not there, a server that is not there, one that never answers, and a stop', async () => {
    const entry = sampleEntry('dsse', sample.run, image)
    const about = aboutOf('dsse', sample.run, image)
    const put = (backend: Backend, signal = calm().signal) => {
      const [slot] = backend.slots(about)
      if (slot === undefined) throw new Error('no slot')
      return backend.put(slot, entry, { signal })
    }
    await expectCode(put(closing(opened(host, { 'storage.pubsub.topic': `${name}-none` }))), 'target_unwritable')
    const silent = createServer(() => undefined)
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    await expectCode(put(closing(opened(`127.0.0.1:${port}`, { 'storage.timeout': '300ms' }))), 'timed_out')
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    await expectCode(put(closing(opened(`127.0.0.1:${port}`)), stop.signal), 'aborted')
    const error = await expectCode(put(closing(opened('127.0.0.1:9', { 'storage.timeout': '5s' }))), 'unreachable')
    expect(error).toMatchObject({ backend: 'pubsub', operation: 'publish', location: name })
  })

  backendConformance('pubsub', { rig: () => ({ ...sample, open: () => opened(host) }), gaps: GAPS.pubsub })
})
