import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from '../../../backends/oci/backend.ts'
import type { Slot } from '../../../src/backend/backend.ts'
import type { ImageRef } from '../../../src/model/artifact.ts'
import { GAPS } from '../../conformance/gaps.ts'
import type { Rig } from '../../conformance/rig.ts'
import { sampleRun } from '../../conformance/samples.ts'
import { backendConformance } from '../../conformance/suite.ts'
import { describeWith, registry } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { damageFirst, freshImage } from '../../support/referrers.ts'
import { digestOf, freshName } from '../../support/registry.ts'
import { scratch } from '../../support/scratch.ts'
import { troubledBy } from '../../support/trouble.ts'

/** A registry behind the proxy that makes the trouble, with two images to refer to. */
async function bundlesRig(endpoint: string, tagWrites: 'readback' | 'markers'): Promise<Rig> {
  const proxy = await startProxy(endpoint)
  const name = freshName('bundles')
  const image = await freshImage(endpoint, name, proxy.endpoint)
  const settings = { 'storage.oci.encoding-format': 'sigstore-bundle', 'storage.oci.tag-writes': tagWrites }
  const troubled = troubledBy(proxy, (more) => open(testContext({ ...settings, ...more })))
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: await freshImage(endpoint, name, proxy.endpoint),
    open: () => open(testContext(settings)),
    faults: {
      denied: troubled({ status: 403 }),
      throttled: troubled({ status: 429, headers: { 'retry-after': '3600' } }),
      unreachable: troubled({ cut: 'before' }),
      timedOut: troubled({ hang: true }, { 'storage.oci.timeout': '100ms' }),
      tooLarge: troubled({ status: 200, body: 'x'.repeat(5 * 1024 * 1024) }),
      stalled: troubled({ hang: true }),
    },
    corrupt: () => damageFirst(endpoint, name, image.digest),
    writes: () => proxy.seen.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length,
    dispose: () => proxy.close(),
  }
}

const PLACES = [
  ['distribution', 'readback', GAPS.ociBundlesReadback],
  ['distribution', 'markers', GAPS.ociBundles],
  ['cue-oci', 'readback', GAPS.ociBundles],
] as const

for (const [name, tagWrites, gaps] of PLACES) {
  describeWith([name], `bundles on ${name}, ${tagWrites}`, () => {
    backendConformance('oci', { rig: () => bundlesRig(registry(name), tagWrites), gaps, kinds: ['dsse'] })
  })
}

/** A layout directory that holds the images already, as a pull into one leaves it. */
function layoutRig(): Rig {
  const directory = join(scratch(), 'copies')
  const blob = (digest: string) => join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length))
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true })
  const imageNamed = (name: string): ImageRef => {
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: 'm/x', layers: [], annotations: { name } }),
    )
    writeFileSync(blob(digestOf(manifest)), manifest)
    return { repository: `registry.example/acme/${name}`, digest: digestOf(manifest) }
  }
  const image = imageNamed('app')
  const settings = { 'storage.oci.layout': directory, 'storage.oci.encoding-format': 'sigstore-bundle' }
  return {
    run: sampleRun('build-1', image),
    image,
    otherImage: imageNamed('other'),
    open: () => open(testContext(settings)),
    inProcess: 'reads',
    corrupt: async ({ address }: Slot) => {
      const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
      const { manifests } = read(join(directory, 'index.json')) as {
        manifests: { digest: string; annotations: Record<string, string> }[]
      }
      const name = `${address['repository']}:${address['subject']?.replace(':', '-')}`
      const item = manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === name)
      const index = read(blob(item?.digest ?? '')) as { manifests: { digest: string }[] }
      const referrer = read(blob(index.manifests[0]?.digest ?? '')) as { layers: { digest: string }[] }
      writeFileSync(blob(referrer.layers[0]?.digest ?? ''), 'cut of')
    },
  }
}

backendConformance('oci layout directory with bundles', {
  rig: layoutRig,
  gaps: GAPS.ociBundlesLayout,
  kinds: ['dsse'],
})
