/** On the services and their stand-ins: what can be removed again is tried, what cannot is only looked at. */
import { randomBytes } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { MongoClient } from 'mongodb'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sampleImage, sampleRun } from '../conformance/samples.ts'
import { describeWith, server } from '../servers/endpoints.ts'
import { fakeArchivista } from '../support/archivista-server.ts'
import { fakeApi, status } from '../support/fake-kubernetes-api.ts'
import { freshBucket as gcsBucket } from '../support/gcs.ts'
import { fakeGrafeas } from '../support/grafeas-server.ts'
import { kubeconfig, place } from '../support/live-run.ts'
import { startProxy } from '../support/proxy.ts'
import { account, freshBucket as s3Bucket } from '../support/s3.ts'
import { allOk, detailOf, lookAt, outcomes } from './look.ts'

/** A bucket has its clock asked, and its preconditions tried before those of the contract. */
const BUCKET = allOk().flatMap((line) => {
  if (line === 'authenticate ok') return [line, 'clock ok']
  return line === 'limits ok' ? ['conditional-write ok', line] : [line]
})

describeWith(['fake-gcs'], 'doctor at a bucket of fake-gcs-server', () => {
  test('everything is tried, and no object is left', async () => {
    const bucket = await gcsBucket()
    await bucket.put('theirs/object', Buffer.from('kept'))
    const settings = { 'storage.gcs.bucket': bucket.name, 'storage.gcs.endpoint': bucket.endpoint }
    const names = async () => {
      const answer = await fetch(`${bucket.endpoint}/storage/v1/b/${bucket.name}/o`)
      return ((await answer.json()) as { items?: { name: string }[] }).items?.map(({ name }) => name)
    }
    const report = await lookAt('gcs', { settings })
    // Which it is: a deletion that names an older generation is let through.
    const found = BUCKET.map((line, i) =>
      i === BUCKET.lastIndexOf('conditional-write ok') ? 'conditional-write degraded' : line,
    )
    expect(outcomes(report).toSorted()).toEqual(found.toSorted())
    expect(detailOf(report, 'conditional-write')).toContain('ignores those of deletions')
    expect(report).toMatchObject({ outcome: 'degraded', exit: 0 })
    expect(await names()).toEqual(['theirs/object'])
  })
})

describeWith(['versitygw'], 'doctor at a bucket of versitygw', () => {
  test('everything is tried, and credentials that are wrong are told', async () => {
    const { endpoint, env } = await account('versitygw')
    const bucket = await s3Bucket({ endpoint, env })
    const settings = { 'storage.s3.bucket': bucket.name, 'storage.s3.endpoint': endpoint }
    const report = await lookAt('s3', { settings, env })
    expect(report.outcome).not.toBe('failed')
    expect(outcomes(report)).toEqual(expect.arrayContaining(['write ok', 'clock ok', 'delete ok', 'clean-up ok']))
    const again = await lookAt('s3', { settings, env, readOnly: true })
    expect(detailOf(again, 'list')).toBe('0 places')

    const nowhere = await lookAt('s3', { settings: { ...settings, 'storage.s3.bucket': 'no-such-bucket' }, env })
    expect(nowhere).toMatchObject({ outcome: 'failed', exit: 2 })
    expect(detailOf(nowhere, 'read')).toContain('the bucket does not exist')

    const denied = await lookAt('s3', { settings, env: { ...env, AWS_SECRET_ACCESS_KEY: 'pl4nted' } })
    expect(denied).toMatchObject({ outcome: 'failed', exit: 6 })
    expect(outcomes(denied)).toEqual(expect.arrayContaining(['reach ok', 'authenticate failed', 'clean-up ok']))
    expect(JSON.stringify(denied)).not.toContain('pl4nted')
  })
})

describeWith(['mongo-java'], 'doctor at MongoDB', () => {
  test('everything is tried, and no document is left', async () => {
    const url = (await server('mongo-java'))['MONGO_JAVA'] ?? ''
    const name = `c${randomBytes(8).toString('hex')}`
    const settings = {
      'storage.docdb.url': `mongo://prov_test/${name}?id_field=Name`,
      'storage.docdb.mongo-server-url': url,
    }
    const report = await lookAt('docdb', { settings })
    expect(outcomes(report)).toEqual(allOk())
    expect(detailOf(report, 'limits')).toBe('mongo: a document may have 16777216 bytes')
    const client = new MongoClient(url)
    onTestFinished(() => client.close())
    expect(await client.db('prov_test').collection(name).countDocuments()).toBe(0)
  })
})

describeWith(['pubsub'], 'doctor at Pub/Sub', () => {
  test('the topic is looked for, and no message is sent', async () => {
    const host = (await server('pubsub'))['PUBSUB'] ?? ''
    const topic = `projects/prov/topics/t-${randomBytes(6).toString('hex')}`
    const settings = { 'storage.pubsub.provider': 'google', 'storage.pubsub.topic': topic }
    const look = () => lookAt('pubsub', { settings, env: { PUBSUB_EMULATOR_HOST: host } })
    const before = await look()
    expect(before).toMatchObject({ outcome: 'failed' })
    expect(before.checks.find(({ check }) => check === 'topic')).toMatchObject({
      outcome: 'failed',
      error: { code: 'target_unwritable' },
    })
    await fetch(`http://${host}/v1/${topic}`, {
      method: 'PUT',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    const after = await look()
    expect(outcomes(after)).toEqual([
      'reach ok',
      'authenticate ok',
      'topic ok',
      'read not_possible',
      'write skipped',
      'limits ok',
    ])
    expect(after).toMatchObject({ outcome: 'ok', exit: 0 })
  })
})

describeWith(['kafka'], 'doctor at Kafka', () => {
  test('the topic is looked for, and not made', async () => {
    const host = (await server('kafka'))['KAFKA'] ?? ''
    const topic = `prov-${randomBytes(6).toString('hex')}`
    const settings = { 'storage.pubsub.topic': topic, 'storage.pubsub.kafka.bootstrap.servers': host }
    const before = await lookAt('kafka', { settings })
    expect(before).toMatchObject({ backend: 'kafka', outcome: 'failed' })
    expect(outcomes(before)).toContain('topic failed')
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [host] })
    expect(await admin.listTopics()).not.toContain(topic)
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    await vi.waitFor(() => admin.metadata({ topics: [topic], forceUpdate: true }), { timeout: 30_000, interval: 200 })
    await admin.close()
    expect(outcomes(await lookAt('kafka', { settings }))).toContain('topic ok')
  })
})

test('a broker that is not there: exit 6', async () => {
  const settings = {
    'storage.pubsub.topic': 't',
    'storage.pubsub.kafka.bootstrap.servers': '127.0.0.1:9',
    'storage.timeout': '2s',
  }
  const report = await lookAt('kafka', { settings })
  expect(report).toMatchObject({ outcome: 'failed', exit: 6 })
  expect(outcomes(report)[0]).toBe('reach failed')
})

describe('what keeps all it was given is only looked at', () => {
  test('archivista', async () => {
    const fake = await fakeArchivista()
    onTestFinished(() => fake.close())
    const report = await lookAt('archivista', { settings: { 'storage.archivista.url': `http://${fake.endpoint}` } })
    expect(outcomes(report)).toEqual(
      [
        ...['reach ok', 'authenticate ok', 'clock ok', 'read ok', 'write skipped', 'list not_possible', 'limits ok'],
      ].toSorted((a, b) => orderOf(report, a) - orderOf(report, b)),
    )
    expect(detailOf(report, 'write')).toContain('nothing can be removed here again')
    expect(fake.objects.size).toBe(0)
  })

  test('archivista that refuses, and one that is gone', async () => {
    const fake = await fakeArchivista()
    const proxy = await startProxy(fake.endpoint, () => ({ status: 403 }))
    const settings = { 'storage.archivista.url': `http://${proxy.endpoint}` }
    const denied = await lookAt('archivista', { settings })
    expect(outcomes(denied).slice(0, 2)).toEqual(['reach ok', 'authenticate failed'])
    expect(denied.exit).toBe(6)
    await proxy.close()
    await fake.close()
    expect(await lookAt('archivista', { settings })).toMatchObject({ outcome: 'failed', exit: 6 })
  })

  test('grafeas', async () => {
    const fake = await fakeGrafeas()
    onTestFinished(() => fake.close())
    const settings = { 'storage.grafeas.projectid': 'acme', 'storage.grafeas.endpoint': `http://${fake.endpoint}` }
    const report = await lookAt('grafeas', { settings })
    expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
    expect(outcomes(report)).toEqual(
      expect.arrayContaining(['reach ok', 'clock ok', 'read ok', 'list ok', 'write skipped']),
    )
    expect(fake.notes.size + fake.occurrences.size).toBe(0)
  })
})

function orderOf({ checks }: { readonly checks: readonly { readonly check: string }[] }, line: string): number {
  return checks.findIndex(({ check }) => line.startsWith(`${check} `))
}

describe('a run in its cluster', () => {
  const image = sampleImage('registry.example/acme/app', 'app')

  async function cluster() {
    const api = await fakeApi()
    const run = sampleRun('build-1', image)
    const path = place(api, run, { mine: 'kept' })
    api.objects.set('/version', { gitVersion: 'v1.31.0', metadata: { uid: '', resourceVersion: '' } })
    const settings = { 'storage.tekton.cluster': 'true', 'kubernetes.kubeconfig': kubeconfig(api.url) }
    return { api, run, path, settings }
  }

  test('is patched and has after it what it had before', async () => {
    const { api, run, path, settings } = await cluster()
    const report = await lookAt('tekton', { settings, artifacts: [run] })
    expect(outcomes(report)).toEqual(
      expect.arrayContaining(['reach ok', 'write ok', 'conditional-write ok', 'delete ok', 'room ok', 'clean-up ok']),
    )
    expect(report).toMatchObject({ outcome: 'ok', exit: 0 })
    expect(detailOf(report, 'reach')).toContain('Kubernetes v1.31.0')
    expect(api.objects.get(path)?.metadata.annotations).toEqual({ mine: 'kept' })
    expect(api.seen.filter(({ method }) => method === 'PATCH').length).toBeGreaterThan(0)
  })

  test('is not patched with --read-only', async () => {
    const { api, run, settings } = await cluster()
    const report = await lookAt('tekton', { settings, artifacts: [run], readOnly: true })
    expect(outcomes(report)).toEqual(expect.arrayContaining(['reach ok', 'read ok', 'write skipped']))
    expect(api.seen.map(({ method }) => method)).not.toContain('PATCH')
  })

  test('may be read and not patched: exit 7', async () => {
    const { api, run, path, settings } = await cluster()
    api.use(({ method }) => (method === 'PATCH' ? status(403, 'Forbidden') : undefined))
    const report = await lookAt('tekton', { settings, artifacts: [run] })
    expect(report).toMatchObject({ outcome: 'failed', exit: 7 })
    expect(outcomes(report)).toEqual(expect.arrayContaining(['read ok', 'write failed']))
    expect(api.objects.get(path)?.metadata.annotations).toEqual({ mine: 'kept' })
  })
})
