import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from '../../../backends/gcs/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { freshBucket } from '../../support/gcs.ts'
import { startProxy } from '../../support/proxy.ts'
import { scratch } from '../../support/scratch.ts'
import { troubledBy } from '../../support/trouble.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const sample = () => ({
  run: sampleRun('build-1', image),
  image,
  otherImage: sampleImage('registry.example/acme/other', 'other'),
})

/** A bucket behind the proxy that makes the trouble. */
async function bucketRig(): Promise<Rig> {
  const bucket = await freshBucket()
  const proxy = await startProxy(new URL(bucket.endpoint).host)
  const settings = { 'storage.gcs.bucket': bucket.name, 'storage.gcs.endpoint': `http://${proxy.endpoint}` }
  const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more })))
  return {
    ...sample(),
    open: () => open(testContext(settings)),
    faults: {
      denied: troubled({ status: 403 }),
      throttled: troubled({ status: 429, headers: { 'retry-after': '3600' } }),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.timeout': '100ms' }),
      tooLarge: troubled({ status: 200, body: 'x'.repeat(32 * 1024 * 1024 + 1) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: ({ address, kind }) =>
      bucket.put(
        `${address['folder']}/${address['key']}.${kind === 'dsse' ? 'payload' : 'signature'}`,
        Buffer.from(kind === 'dsse' ? '{"altered":true}' : ''),
      ),
    writes: () => proxy.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length,
    dispose: () => proxy.close(),
  }
}

describeWith(['fake-gcs'], 'fake-gcs-server', () => {
  backendConformance('gcs', { rig: bucketRig, gaps: GAPS.gcs })
})

backendConformance('gcs (directory)', {
  rig: () => {
    const directory = join(scratch(), 'copies')
    return {
      ...sample(),
      open: () => open(testContext({ 'storage.gcs.directory': directory })),
      inProcess: 'reads',
      corrupt: async ({ address, kind }) => {
        const part = kind === 'dsse' ? 'payload' : 'signature'
        writeFileSync(join(directory, `${address['folder']}/${address['key']}.${part}`), '')
      },
    }
  },
  gaps: GAPS.objectsDirectory,
})
