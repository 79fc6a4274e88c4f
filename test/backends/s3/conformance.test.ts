import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from '../../../backends/s3/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { account, freshBucket } from '../../support/s3.ts'
import { scratch } from '../../support/scratch.ts'
import { troubledBy } from '../../support/trouble.ts'

const image = sampleImage('registry.example/acme/app', 'app')
const sample = () => ({
  run: sampleRun('build-1', image),
  image,
  otherImage: sampleImage('registry.example/acme/other', 'other'),
})

/** A bucket behind the proxy that makes the trouble. */
async function bucketRig(name: 'moto' | 'versitygw'): Promise<Rig> {
  const { endpoint, env } = await account(name)
  const bucket = await freshBucket({ endpoint, env })
  const proxy = await startProxy(new URL(endpoint).host)
  const settings = {
    'storage.s3.bucket': bucket.name,
    'storage.s3.endpoint': `http://${proxy.endpoint}`,
    'storage.s3.prefix': 'provenance',
  }
  const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more }, env)))
  return {
    ...sample(),
    open: () => open(testContext(settings, env)),
    faults: {
      denied: troubled({ status: 403 }),
      throttled: troubled({ status: 503, headers: { 'retry-after': '3600' }, body: SLOW_DOWN }),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.timeout': '100ms' }),
      tooLarge: troubled({ status: 200, headers: { etag: '"x"' }, body: 'x'.repeat(32 * 1024 * 1024 + 1) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: ({ address, kind }) =>
      bucket.put(
        `provenance/${address['folder']}/${address['key']}.${kind === 'dsse' ? 'payload' : 'signature'}`,
        Buffer.from(kind === 'dsse' ? '{"altered":true}' : ''),
      ),
    writes: () => proxy.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length,
    dispose: () => proxy.close(),
  }
}

const SLOW_DOWN =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'

for (const name of ['versitygw', 'moto'] as const) {
  describeWith([name], name, () => {
    backendConformance(`s3 (${name})`, { rig: () => bucketRig(name), gaps: GAPS.s3 })
  })
}

backendConformance('s3 (directory)', {
  rig: () => {
    const directory = join(scratch(), 'copies')
    return {
      ...sample(),
      open: () => open(testContext({ 'storage.s3.directory': directory })),
      inProcess: 'reads',
      corrupt: async ({ address, kind }) => {
        const part = kind === 'dsse' ? 'payload' : 'signature'
        writeFileSync(join(directory, `${address['folder']}/${address['key']}.${part}`), '')
      },
    }
  },
  gaps: GAPS.objectsDirectory,
})
