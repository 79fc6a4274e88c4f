/** Against Google's emulator. */
import { randomBytes } from 'node:crypto'
import { grpc } from 'google-gax'
import { open } from '../../../backends/docdb/backend.ts'
import type { Backend, Slot } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, server } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { startFakeFirestore } from './fake-firestore.ts'

const DOCUMENTS = 'projects/prov-test/databases/(default)/documents'

async function rig(emulator: string): Promise<Rig> {
  const collection = `c${randomBytes(8).toString('hex')}`
  const image = sampleImage('registry.example/acme/app', 'app')
  const url = `firestore://${DOCUMENTS}/${collection}?name_field=Name`
  const at = (host: string, more: Readonly<Record<string, string>> = {}): Backend =>
    open(testContext({ 'storage.docdb.url': url, ...more }, { FIRESTORE_EMULATOR_HOST: host }))
  const proxied = (mode: 'cut' | 'hang', more?: Readonly<Record<string, string>>) => async (): Promise<Backend> => {
    const proxy = await startTcpProxy(emulator)
    proxy.use(mode)
    const backend = at(proxy.endpoint, more)
    return { ...backend, close: () => backend.close().then(proxy.close) }
  }
  const answering = (code: grpc.status) => async (): Promise<Backend> => {
    const fake = await startFakeFirestore(code)
    const backend = at(fake.endpoint)
    return { ...backend, close: () => backend.close().then(fake.close) }
  }
  const rest = async (path: string, init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(`http://${emulator}/v1/${DOCUMENTS}/${collection}${path}`, init)
    if (!answer.ok) throw new Error(`the emulator answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => at(emulator),
    faults: {
      denied: answering(grpc.status.PERMISSION_DENIED),
      throttled: answering(grpc.status.RESOURCE_EXHAUSTED),
      unreachable: proxied('cut'),
      timedOut: proxied('hang', { 'storage.timeout': '150ms' }),
      stalled: proxied('hang'),
    },
    corrupt: async ({ address: { key = '' } }: Slot) => {
      const body = JSON.stringify({ fields: { Signature: { stringValue: 'no base64!' } } })
      await rest(`/${key}?updateMask.fieldPaths=Signature&currentDocument.exists=true`, { method: 'PATCH', body })
    },
    writes: async () => {
      const { documents = [] } = (await rest('?pageSize=300&mask.fieldPaths=Cert')) as {
        readonly documents?: readonly unknown[]
      }
      return documents.length
    },
  }
}

describeWith(['firestore'], 'Firestore emulator', async () => {
  const emulator = (await server('firestore'))['FIRESTORE'] ?? ''
  backendConformance('docdb (Firestore emulator)', { rig: () => rig(emulator), gaps: GAPS.docdb })
})
