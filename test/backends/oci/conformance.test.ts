import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from '../../../backends/oci/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleImage, sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, REGISTRIES, registry } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { freshName, getManifest, putBlob, putManifest } from '../../support/registry.ts'
import { scratch } from '../../support/scratch.ts'
import { troubledBy } from '../../support/trouble.ts'

/** A registry behind the proxy that makes the trouble; copies go to the image's own repository, named as the override. */
async function registryRig(endpoint: string, tagWrites: 'readback' | 'markers'): Promise<Rig> {
  const proxy = await startProxy(endpoint)
  const name = freshName('conformance')
  const image = sampleImage(`${proxy.endpoint}/${name}`, 'app')
  const settings = { 'storage.oci.repository': `${proxy.endpoint}/${name}`, 'storage.oci.tag-writes': tagWrites }
  const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more })))
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage(image.repository, 'other'),
    open: () => open(testContext(settings)),
    faults: {
      denied: troubled({ status: 403 }),
      throttled: troubled({ status: 429, headers: { 'retry-after': '3600' } }),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.oci.timeout': '100ms' }),
      tooLarge: troubled({ status: 200, body: 'x'.repeat(5 * 1024 * 1024) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: async ({ address, kind }: Slot) => {
      const manifest = JSON.parse(`${await getManifest(endpoint, name, address['tag'] ?? '')}`) as {
        layers: { digest: string; annotations: Record<string, string> }[]
      }
      const [first] = manifest.layers
      if (first === undefined) throw new Error('nothing to corrupt')
      if (kind === 'dsse')
        Object.assign(
          first,
          await putBlob(endpoint, name, Buffer.from('{"pay'), 'application/vnd.dsse.envelope.v1+json'),
        )
      else first.annotations['dev.cosignproject.cosign/signature'] = 'no base64!'
      await putManifest(endpoint, name, address['tag'] ?? '', Buffer.from(JSON.stringify(manifest)))
    },
    writes: () => proxy.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length,
    dispose: () => proxy.close(),
  }
}

for (const name of REGISTRIES) {
  for (const tagWrites of ['readback', 'markers'] as const) {
    describeWith([name], `${name}, ${tagWrites}`, () => {
      backendConformance('oci', {
        rig: () => registryRig(registry(name), tagWrites),
        gaps: tagWrites === 'markers' ? GAPS.oci : GAPS.ociReadback,
      })
    })
  }
}

function layoutRig(): Rig {
  const directory = join(scratch(), 'copies')
  const image = sampleImage('registry.example/acme/app', 'app')
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: sampleImage('registry.example/acme/other', 'other'),
    open: () => open(testContext({ 'storage.oci.layout': directory })),
    inProcess: 'reads',
    corrupt: async ({ address }: Slot) => {
      const blob = (digest: string) => join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length))
      const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
        manifests: { digest: string; annotations: Record<string, string> }[]
      }
      const name = `${address['repository']}:${address['tag']}`
      const item = index.manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === name)
      const manifest = JSON.parse(readFileSync(blob(item?.digest ?? ''), 'utf8')) as { layers: { digest: string }[] }
      writeFileSync(blob(manifest.layers[0]?.digest ?? ''), 'cut of')
    },
  }
}

backendConformance('oci layout directory', { rig: layoutRig, gaps: GAPS.ociLayout })
