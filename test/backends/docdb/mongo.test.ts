/** Against mongo-java-server, an imitation: no real mongod was to be had. With PROV_TEST_MONGO_URL also against the server it names. */
import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { afterAll } from 'vitest'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { startFakeMongo } from './fake-mongo.ts'

/** `keepsName`: the spelling of id_field that makes Chains write both `_id` and `Name`. */
async function rig(url: string, client: MongoClient, idField: 'Name' | 'name'): Promise<Rig> {
  const name = `c${randomBytes(8).toString('hex')}`
  const collection = client.db('prov_test').collection<{ _id: string }>(name)
  const image = sampleImage('registry.example/acme/app', 'app')
  const settings = (server: string) => ({
    'storage.docdb.url': `mongo://prov_test/${name}?id_field=${idField}`,
    'storage.docdb.mongo-server-url': server,
  })
  const address = new URL(url).host
  const proxied = (mode: 'cut' | 'hang', more: Readonly<Record<string, string>>) => async (): Promise<Backend> => {
    const proxy = await startTcpProxy(address)
    proxy.use(mode)
    const server = `mongodb://${proxy.endpoint}/?serverSelectionTimeoutMS=300&directConnection=true`
    const backend = open(testContext({ ...settings(server), ...more }))
    return { ...backend, close: () => backend.close().then(proxy.close) }
  }
  const answering = (error: Readonly<Record<string, unknown>>) => async (): Promise<Backend> => {
    const fake = await startFakeMongo(error)
    const backend = open(testContext(settings(fake.url)))
    return { ...backend, close: () => backend.close().then(fake.close) }
  }
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => open(testContext(settings(url))),
    faults: {
      denied: answering({ code: 13, codeName: 'Unauthorized', errmsg: 'not authorized on prov_test' }),
      throttled: answering({ code: 16500, errmsg: 'Request rate is large. RetryAfterMs=3600000' }),
      unreachable: proxied('cut', {}),
      timedOut: proxied('hang', { 'storage.timeout': '150ms' }),
      stalled: proxied('hang', {}),
    },
    corrupt: async ({ address: { key = '' } }: Slot) => {
      const { matchedCount } = await collection.updateOne({ _id: key }, { $set: { Signature: 'no base64!' } })
      if (matchedCount !== 1) throw new Error('nothing to corrupt')
    },
    writes: () => collection.countDocuments(),
    dispose: async () => {
      await collection.drop().catch(() => {}) // never made by a test that writes nothing
    },
  }
}

function suites(url: string, which: string): void {
  const client = new MongoClient(url)
  afterAll(() => client.close())
  for (const idField of ['Name', 'name'] as const) {
    backendConformance(`docdb (${which}, id_field=${idField})`, {
      rig: () => rig(url, client, idField),
      gaps: GAPS.docdb,
    })
  }
}

describeWith(['mongo-java'], 'mongo-java-server', async () => {
  suites((await server('mongo-java'))['MONGO_JAVA'] ?? '', 'mongo-java-server')
})

const real = process.env['PROV_TEST_MONGO_URL']
if (real) suites(real, 'PROV_TEST_MONGO_URL')
