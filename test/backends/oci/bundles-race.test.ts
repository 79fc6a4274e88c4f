/** Writers of one fallback index with handles of their own, while a third of the manifest PUTs is late. */
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../../backends/oci/backend.ts'
import { aboutOf, sampleEntry, sampleRun } from '../../conformance/samples.ts'
import { describeWith, registry } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { startProxy } from '../../support/proxy.ts'
import { fallbackTagOf, freshImage, refer, referrersOf } from '../../support/referrers.ts'
import { freshName, OCI_MANIFEST, putBlob, tagsOf } from '../../support/registry.ts'
import { calm } from '../../support/remote-registry.ts'

const WRITERS = 4
const EACH = 4

for (const name of ['distribution', 'docker-registry'] as const) {
  describeWith([name], `writers of one fallback index on ${name}`, () => {
    test('markers: none is lost, what others listed stays to the letter, no marker is left', {
      timeout: 240_000,
    }, async () => {
      const endpoint = registry(name)
      const proxy = await startProxy(endpoint)
      onTestFinished(() => proxy.close())
      const repository = freshName('race')
      const image = await freshImage(endpoint, repository, proxy.endpoint)
      const theirs = await sbom(endpoint, repository, image.digest)
      proxy.use(({ method, path }) =>
        method === 'PUT' && path.includes('/manifests/') && Math.random() < 1 / 3
          ? { delayMs: Math.random() * 400 }
          : undefined,
      )
      const settings = { 'storage.oci.encoding-format': 'sigstore-bundle', 'storage.oci.tag-writes': 'markers' }
      const uids = await Promise.all(
        Array.from({ length: WRITERS }, async (_, writer) => {
          const backend = open(testContext(settings))
          onTestFinished(() => backend.close())
          const stored: string[] = []
          for (let n = 0; n < EACH; n++) {
            const run = sampleRun(`w${writer}-${n}`, image)
            const [slot] = backend.slots(aboutOf('dsse', run, image))
            if (slot === undefined) throw new Error('no slot')
            await backend.put(slot, sampleEntry('dsse', run, image), { signal: AbortSignal.timeout(120_000) })
            stored.push(run.uid)
          }
          return stored
        }),
      )
      proxy.use(undefined)
      const reader = open(testContext(settings))
      onTestFinished(() => reader.close())
      const [slot] = reader.slots(aboutOf('dsse', sampleRun('r', image), image))
      if (slot === undefined) throw new Error('no slot')
      const found = await reader.get(slot, calm())
      const text = found.map((item) => Buffer.from(item.entry?.payload ?? []).toString()).join('\n')
      expect(uids.flat().filter((uid) => !text.includes(uid))).toEqual([])
      expect(found).toHaveLength(WRITERS * EACH)
      const { index } = await referrersOf(endpoint, repository, image.digest)
      expect(index.manifests).toContainEqual(theirs)
      expect((await tagsOf(endpoint, repository)).toSorted()).toEqual([fallbackTagOf(image.digest), 'v1'])
    })
  })
}

/** Somebody else's referrer. */
async function sbom(endpoint: string, name: string, digest: string) {
  const layer = await putBlob(endpoint, name, Buffer.from('{"sbom":1}'), 'application/spdx+json')
  const config = await putBlob(endpoint, name, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
  const subject = { mediaType: OCI_MANIFEST, digest, size: 7 }
  const artifactType = 'application/spdx+json'
  return refer(endpoint, name, digest, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [layer],
    subject,
    artifactType,
  })
}
