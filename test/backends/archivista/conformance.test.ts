import { open } from '../../../backends/archivista/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { fakeArchivista } from '../../support/archivista-server.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { troubledBy } from '../../support/trouble.ts'

async function rig(): Promise<Rig> {
  const server = await fakeArchivista({ pageSize: 3 })
  const proxy = await startProxy(server.endpoint)
  const settings = { 'storage.archivista.url': `http://${proxy.endpoint}` }
  const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more })))
  const image = sampleImage('registry.example/acme/app', 'app')
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => open(testContext(settings)),
    inProcess: 'reads',
    forget: () => proxy.reset(),
    faults: {
      denied: troubled({ status: 403 }),
      throttled: troubled({ status: 429, headers: { 'retry-after': '3600' } }),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.timeout': '100ms' }),
      tooLarge: troubled({ status: 200, body: 'x'.repeat(32 * 1024 * 1024 + 1) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: async () => {
      const [gitoid] = server.objects.keys()
      if (gitoid === undefined) throw new Error('nothing to corrupt')
      server.objects.set(gitoid, Buffer.from('{"payload":"altered"}'))
    },
    writes: () => proxy.seen.filter(({ path }) => path === '/upload').length,
    dispose: async () => {
      await proxy.close()
      await server.close()
    },
  }
}

backendConformance('archivista', { rig, gaps: GAPS.archivista, kinds: ['dsse'] })
