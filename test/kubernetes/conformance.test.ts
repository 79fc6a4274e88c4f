import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { beforeAll } from 'vitest'
import type { Backend } from '../../src/backend/backend.ts'
import { GAPS } from '../conformance/gaps.ts'
import type { Rig } from '../conformance/rig.ts'
import { sampleImage, sampleRun } from '../conformance/samples.ts'
import { backendConformance } from '../conformance/suite.ts'
import { describeWith } from '../servers/endpoints.ts'
import { fakeApi, type Rule, status } from '../support/fake-kubernetes-api.ts'
import { type Api, pathOf, realApi } from '../support/kubernetes-api.ts'
import { kubeconfig, liveBackend } from '../support/live-run.ts'

let api: Api

/** The samples are of the namespace ci; the run is where the test's own are. */
async function rig(): Promise<Rig> {
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = await api.create(sampleRun('sample', image))
  const inTrouble = async (rule: Rule, settings = {}): Promise<Backend> => {
    const fake = await fakeApi()
    fake.use(rule)
    return liveBackend(kubeconfig(fake.url), settings)
  }
  return {
    run,
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => within(api.namespace, liveBackend(api.kubeconfig)),
    faults: {
      denied: () => inTrouble(() => status(403, 'Forbidden', { message: 'User "jane" cannot get resource' })),
      throttled: () => inTrouble(() => ({ ...status(429, 'TooManyRequests'), headers: { 'retry-after': '30' } })),
      unreachable: async () => liveBackend(kubeconfig(`http://127.0.0.1:${await closedPort()}`)),
      timedOut: () => inTrouble(() => 'hang', { 'storage.timeout': '200ms' }),
      tooLarge: () => inTrouble(() => ({ status: 200, headers: { 'content-length': String(2 ** 30) } })),
      stalled: () => inTrouble(() => 'hang'),
    },
    corrupt: async (slot) => {
      const name = `chains.tekton.dev/payload-${slot.address['key']}`
      const value = (await api.annotations(run))[name] ?? ''
      // Of a Statement the envelope tells; of an image only the signature would, so there it is no base64 any more.
      const letter = slot.kind === 'raw' ? '!' : value[12] === 'Q' ? 'R' : 'Q'
      await api.annotate(run, { [name]: value.slice(0, 12) + letter + value.slice(13) })
    },
    // Every change of an object gives it a later version.
    writes: async () => Number((await api.call('GET', pathOf(run))).metadata.resourceVersion),
    sealed: async () => (await api.annotations(run))['chains.tekton.dev/signed'] === 'true',
    dispose: async () => void (await api.call('DELETE', pathOf(run))),
  }
}

/** Other tests have runs in the same cluster. */
function within(namespace: string, backend: Backend): Backend {
  const { list } = backend
  return list === undefined
    ? backend
    : { ...backend, list: (filter, options) => list({ ...filter, namespace }, options) }
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

describeWith(['kube-apiserver'], 'on a real API server', () => {
  beforeAll(async () => {
    api = await realApi()
  })
  backendConformance('tekton (live run)', { rig, gaps: GAPS.tektonCluster })
})
