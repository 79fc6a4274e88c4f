/** Lists of referrers as no test registry gives them on command. */
import { describe, expect, test } from 'vitest'
import { open } from '../../../backends/oci/backend.ts'
import { aboutOf, sampleEntry, sampleRun } from '../../conformance/samples.ts'
import { describeWith, registry } from '../../servers/endpoints.ts'
import { testContext } from '../../support/context.ts'
import { reply, serve } from '../../support/fake-registry.ts'
import { fallbackTagOf, freshImage, referrersOf } from '../../support/referrers.ts'
import { freshName, putManifest } from '../../support/registry.ts'
import { calm, failsWith, remote } from '../../support/remote-registry.ts'

const DIGEST = `sha256:${'d'.repeat(64)}`
const INDEX = { 'content-type': 'application/vnd.oci.image.index.v1+json' }
const BUNDLES = { 'storage.oci.encoding-format': 'sigstore-bundle' }

function page(from: number, count: number): string {
  const manifests = Array.from({ length: count }, (_, n) => {
    const digest = `sha256:${(from + n).toString(16).padStart(64, '0')}`
    return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 7 }
  })
  return JSON.stringify({ schemaVersion: 2, manifests })
}

describe('the list of a registry', () => {
  test('is followed over its pages, once each', async () => {
    const fake = await serve((request, response) => {
      const second = request.url?.includes('page=2') ?? false
      const link = `</v2/a/referrers/${DIGEST}?page=2>; rel="next"`
      reply(response, 200, { ...INDEX, link }, second ? page(2, 1) : page(0, 2))
    })
    const found = await remote().listReferrers?.(`${fake.host}/a`, DIGEST, calm())
    expect(found).toHaveLength(3)
    expect(fake.seen).toHaveLength(2)
  })

  test.each([
    ['404', 404, INDEX, '{}'],
    ['a page of its own', 200, { 'content-type': 'text/html' }, '<html>'],
  ])('is none where it answers with %s: the fallback tag counts', async (_, status, headers, body) => {
    const fake = await serve((_request, response) => reply(response, status, headers, body))
    expect(await remote().listReferrers?.(`${fake.host}/a`, DIGEST, calm())).toBeUndefined()
  })

  test.each([
    ['no index', 'response_invalid', '{"manifests":[{}]}'],
    ['too long', 'response_too_large', page(0, 1001)],
  ] as const)('fails when it is %s', async (_, code, body) => {
    const fake = await serve((_request, response) => reply(response, 200, INDEX, body))
    await failsWith(code, remote().listReferrers?.(`${fake.host}/a`, DIGEST, calm()) ?? Promise.resolve())
  })
})

describeWith(['distribution'], 'a fallback tag that is no index', () => {
  test('is damage, and is replaced only when asked to', async () => {
    const endpoint = registry('distribution')
    const name = freshName('taken')
    const image = await freshImage(endpoint, name)
    const run = sampleRun('build-1', image)
    const taken = Buffer.from(await manifestOf(endpoint, name, image.digest))
    await putManifest(endpoint, name, fallbackTagOf(image.digest), taken)
    const backend = open(testContext(BUNDLES))
    const [slot] = backend.slots(aboutOf('dsse', run, image))
    if (slot === undefined) throw new Error('no slot')
    const entry = sampleEntry('dsse', run, image)
    const [found] = await backend.get(slot, calm())
    expect(found?.damage?.code).toBe('copy_malformed')
    await failsWith('occupied', backend.put(slot, entry, calm()))
    if (found === undefined) throw new Error('nothing found')
    expect((await backend.replace?.(slot, found, entry, calm()))?.outcome).toBe('replaced')
    expect((await referrersOf(endpoint, name, image.digest)).index.manifests).toHaveLength(1)
    await backend.close()
  })
})

async function manifestOf(endpoint: string, name: string, digest: string): Promise<ArrayBuffer> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  return (await fetch(`http://${endpoint}/v2/${name}/manifests/${digest}`, { headers })).arrayBuffer()
}

describe('places', () => {
  const image = { repository: 'registry.example/acme/app', digest: DIGEST }
  const about = aboutOf('dsse', sampleRun('b', image), image)
  const keysOf = (encoding: string, role?: 'signature') =>
    open(testContext({ 'storage.oci.encoding-format': encoding, 'storage.oci.repository': 'registry.example/sigs' }))
      .slots(role === undefined ? about : { ...about, role })
      .map((slot) => slot.key)

  test.each([
    ['dsse', [`registry.example/sigs:sha256-${'d'.repeat(64)}.att`], []],
    ['sigstore-bundle', [`registry.example/acme/app@${DIGEST} (referrers)`], undefined],
    [
      'dsse, sigstore-bundle',
      [`registry.example/sigs:sha256-${'d'.repeat(64)}.att`, `registry.example/acme/app@${DIGEST} (referrers)`],
      [`registry.example/acme/app@${DIGEST} (referrers)`],
    ],
  ])('of %s: bundles with their image, and what signs an image among the bundles only', (encoding, all, signing) => {
    expect(keysOf(encoding)).toEqual(all)
    expect(keysOf(encoding, 'signature')).toEqual(signing ?? all)
  })
})
