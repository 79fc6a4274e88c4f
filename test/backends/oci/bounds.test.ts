/** What somebody without the key may push to a shared tag, or put into an image layout: bounded in number, bytes and signatures. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { layoutRegistry } from '../../../backends/oci/image-layout/registry.ts'
import type { Registry } from '../../../backends/oci/port.ts'
import { buildManifest, ENVELOPE_TYPE, type Layer, layersOf } from '../../../backends/oci/tags/layout.ts'
import { readTag } from '../../../backends/oci/tags/read.ts'
import { sha256Hex } from '../../../src/model/entry.ts'
import { expectCode } from '../../conformance/checks.ts'
import { sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { ODD_FILES } from '../../support/odd-files.ts'
import { scratch } from '../../support/scratch.ts'

const repo = 'registry.example/acme/app'
const tag = { repo, name: 'sha256-0.att' }
const slot = { backend: 'oci', key: `${repo}:${tag.name}`, kind: 'dsse', holds: 'many', address: {} } as const
const { signal } = new AbortController()
const good = sampleEntry('dsse', sampleRun('build-1', sampleImage(repo, 'app')), sampleImage(repo, 'app'))

const open = (directory: string): Registry => layoutRegistry({ directory, now: Date.now, random: randomBytes })

/** A layout with one tag that holds the good copy and these layers; the blobs are put by the caller. */
async function tagged(
  directory: string,
  layers: readonly Layer[],
  blobs: readonly Uint8Array[] = [],
): Promise<Registry> {
  const registry = open(directory)
  const [own] = layersOf(good)
  if (own === undefined) throw new Error('no layer')
  for (const blob of [own.blob, ...blobs]) await registry.putBlob(repo, blob, { signal })
  const { manifest, mediaType } = buildManifest(undefined, [own.layer, ...layers])
  await registry.putManifest(repo, tag.name, manifest, mediaType, { signal })
  return registry
}

function layerOf(blob: Uint8Array, annotations: Readonly<Record<string, string>> = {}): Layer {
  return { mediaType: ENVELOPE_TYPE, size: blob.length, digest: `sha256:${sha256Hex(blob)}`, annotations }
}

const envelope = (signatures: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from('{}').toString('base64'),
      signatures: Array.from({ length: signatures }, (_, i) => ({ sig: Buffer.from(`sig ${i}`).toString('base64') })),
    }),
  )

/** Counts what is fetched. */
function counting(registry: Registry): { readonly registry: Registry; readonly fetched: string[] } {
  const fetched: string[] = []
  const getBlob: Registry['getBlob'] = (at, digest, most, calls) => {
    fetched.push(digest)
    return registry.getBlob(at, digest, most, calls)
  }
  return { registry: { ...registry, getBlob }, fetched }
}

describe('a tag', () => {
  it('of 5,000 equal layers has one item of them, and the blob is fetched once', async () => {
    const blob = Buffer.alloc(1_000_000, 'x')
    const { registry, fetched } = counting(await tagged(scratch(), Array<Layer>(5000).fill(layerOf(blob)), [blob]))
    const found = await readTag(registry, slot, tag, signal)
    expect(found.map(({ damage }) => damage?.code)).toEqual([undefined, 'copy_malformed'])
    expect(fetched).toHaveLength(2)
    expect(found[1]?.raw.length).toBeLessThan(1000)
  })

  it('of 500 layers that differ in what nobody reads has one entry of them', async () => {
    const blob = envelope(100)
    const layers = Array.from({ length: 500 }, (_, i) => layerOf(blob, { n: String(i) }))
    const { registry, fetched } = counting(await tagged(scratch(), layers, [blob]))
    const found = await readTag(registry, slot, tag, signal)
    expect(found).toHaveLength(501)
    expect(new Set(found.map(({ entry }) => entry)).size).toBe(2)
    expect(fetched).toHaveLength(2)
  })

  it.each<readonly [string, readonly Layer[], readonly Uint8Array[]]>([
    ['1,001 layers', Array.from({ length: 1001 }, (_, i) => layerOf(envelope(1), { n: String(i) })), []],
    [
      'blobs that are too large together',
      [1, 2, 3].map((i) => ({ ...layerOf(Buffer.from(`${i}`)), size: 30_000_000 })),
      [],
    ],
    [
      'too many signatures',
      Array.from({ length: 21 }, (_, i) => layerOf(envelope(100), { 'dev.sigstore.cosign/bundle': String(i) })),
      [envelope(100)],
    ],
  ])('of %s is not read, with a code of its own', async (_, layers, blobs) => {
    const { registry } = counting(await tagged(scratch(), layers, blobs))
    await expectCode(readTag(registry, slot, tag, signal), 'limit_exceeded')
  })

  it('whose layer says less than its blob has does not make it read more', async () => {
    const blob = Buffer.alloc(1_000_000, 'x')
    const registry = await tagged(scratch(), [{ ...layerOf(blob), size: 10 }], [blob])
    const found = await readTag(registry, slot, tag, signal)
    expect(found.map(({ damage }) => damage?.code)).toEqual([undefined, 'response_too_large'])
  })
})

describe('an image layout', () => {
  const blobOf = (directory: string, hex: string): string => join(directory, 'blobs', 'sha256', hex)
  const kinds = Object.entries(ODD_FILES)

  it.each(kinds)('with %s in place of a blob: damage beside the good copy', async (_, [code, put]) => {
    const directory = scratch()
    const blob = envelope(1)
    const registry = await tagged(directory, [layerOf(blob)], [blob])
    const path = blobOf(directory, sha256Hex(blob))
    rmSync(path)
    put(path)
    const found = await readTag(registry, slot, tag, signal)
    expect(found.map(({ damage }) => damage?.code)).toEqual([undefined, code])
    await registry.putBlob(repo, blob, { signal })
    expect((await readTag(registry, slot, tag, signal))[1]?.damage).toBeUndefined()
  })

  it.each([
    ...kinds,
    ['other bytes', ['digest_mismatch', (path: string) => writeFileSync(path, '{}')]] as const,
    ['nothing', ['copy_malformed', () => undefined]] as const,
  ])('with %s in place of a manifest: damage that says what it is, and can be written anew', async (_, [code, put]) => {
    const directory = scratch()
    const blob = envelope(1)
    const registry = await tagged(directory, [layerOf(blob)], [blob])
    const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
      readonly manifests: readonly { readonly digest: string }[]
    }
    const path = blobOf(directory, index.manifests[0]?.digest.slice('sha256:'.length) ?? '')
    rmSync(path)
    put(path)
    const found = await readTag(registry, slot, tag, signal)
    expect(found.map(({ damage }) => damage?.code)).toEqual([code])
    await tagged(directory, [layerOf(blob)], [blob])
    expect((await readTag(open(directory), slot, tag, signal)).map(({ damage }) => damage)).toEqual([
      undefined,
      undefined,
    ])
  })

  it.each(kinds)('with %s in place of index.json: nobody can look, and nobody waits', async (_, [, put]) => {
    const directory = scratch()
    await tagged(directory, [])
    rmSync(join(directory, 'index.json'))
    put(join(directory, 'index.json'))
    await expectCode(readTag(open(directory), slot, tag, signal), 'storage_io')
  })

  it.each(['blobs', 'blobs/sha256'])(
    'whose folder %s is a link out of it is not read and not written',
    async (name) => {
      const [directory, victim] = [scratch(), join(scratch(), 'moved')]
      await tagged(directory, [])
      renameSync(join(directory, name), victim)
      symlinkSync(victim, join(directory, name))
      const before = readdirSync(victim, { recursive: true }).length
      const registry = open(directory)
      await expectCode(registry.putBlob(repo, Buffer.from('new'), { signal }), 'symbolic_link')
      expect(readdirSync(victim, { recursive: true })).toHaveLength(before)
      const [found] = await readTag(registry, slot, tag, signal)
      expect(found?.damage).toBeDefined()
    },
  )

  it('with a sparse index.json of a terabyte is too large, at once', async () => {
    const directory = scratch()
    await tagged(directory, [])
    truncateSync(join(directory, 'index.json'), 1024 ** 4)
    await expectCode(readTag(open(directory), slot, tag, signal), 'response_too_large')
  })
})
