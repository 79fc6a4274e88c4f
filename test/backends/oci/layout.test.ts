import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  buildManifest,
  type Layer,
  layersOf,
  OCI_MANIFEST_TYPE,
  parseManifest,
  readLayer,
  readTag,
  tagOf,
  unionOf,
} from '../../../backends/oci/tags/layout.ts'
import type { Kind } from '../../../src/model/entry.ts'
import { type Entry, holds, sha256Hex } from '../../../src/model/entry.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures')

interface Row {
  readonly backend: string
  readonly tag: string
  readonly manifestDigest: string
  readonly manifest: string
  readonly config: string
  readonly layers: readonly string[]
}

const rows = (JSON.parse(readFileSync(join(FIXTURES, 'stored/index.json'), 'utf8')) as Row[]).filter(
  (row) => row.backend === 'oci',
)
const read = (path: string) => readFileSync(join(FIXTURES, path))

describe.each(rows.map((row) => [row.manifest.split('/').slice(-2).join('/'), row] as const))(
  'stored by Chains: %s',
  (_, row) => {
    const kind: Kind = row.tag.endsWith('.sig') ? 'raw' : 'dsse'
    const manifest = parseManifest(read(row.manifest))
    const [layer] = manifest.layers
    if (layer === undefined) throw new Error('no layer')
    const blob = read(row.layers[0] ?? '')
    const { entry } = readLayer(layer, blob, kind)

    test('is read', () => {
      expect(readTag(row.tag)?.kind).toBe(kind)
      expect(tagOf({ digest: `sha256:${readTag(row.tag)?.subject}` }, kind)).toBe(row.tag)
      expect(entry.kind).toBe(kind)
      expect(entry.signatures).toHaveLength(1)
      expect(entry.signatures[0]).not.toHaveProperty('certificate')
      expect(entry.signatures[0]?.sig[0]).toBe(0x30)
      if (kind === 'raw') expect(Buffer.from(entry.payload).toString()).toContain('"docker-manifest-digest"')
      else expect(JSON.parse(Buffer.from(entry.payload).toString())).toHaveProperty('predicateType')
      expect(entry.envelope === undefined).toBe(kind === 'raw')
    })

    test('is written again byte for byte, but for cosign’s predicateType', () => {
      const [made] = layersOf(entry)
      expect(Buffer.from(made?.blob ?? [])).toEqual(blob)
      const { predicateType, ...annotations } = made?.layer.annotations ?? {}
      expect(predicateType !== undefined).toBe(kind === 'dsse')
      const like = { ...(made?.layer as Layer), annotations }
      expect(JSON.stringify(like)).toBe(JSON.stringify(layer))
      const built = buildManifest(undefined, [like])
      expect(Buffer.from(built.config)).toEqual(read(row.config))
      expect(Buffer.from(built.manifest)).toEqual(read(row.manifest))
      expect(`sha256:${sha256Hex(built.manifest)}`).toBe(row.manifestDigest)
    })
  },
)

const raw: Entry = {
  kind: 'raw',
  payloadType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  payload: Buffer.from('{"critical":{}}'),
  signatures: [
    {
      sig: Buffer.from('one'),
      certificate: 'CERT',
      chain: 'CHAIN',
      logProof: '{"a":1}',
      timestamps: [Buffer.from('stamp')],
    },
    { sig: Buffer.from('two') },
  ],
}

test('each raw signature is a layer of its own, over one blob, with its own proofs', () => {
  const layers = layersOf(raw)
  expect(layers.map((item) => item.layer.digest)).toEqual(Array(2).fill(`sha256:${sha256Hex(raw.payload)}`))
  expect(
    unionOf(
      [],
      layers.map((item) => item.layer),
    ),
  ).toHaveLength(2)
  const found = layers.map(({ layer, blob }) => readLayer(layer, blob, 'raw').entry)
  expect(found.flatMap((entry) => entry.signatures)).toEqual(raw.signatures)
  expect(holds({ ...raw, signatures: found.flatMap((entry) => entry.signatures) }, raw)).toBe(true)
  expect(Object.keys(layers[0]?.layer.annotations ?? {})).toEqual([
    'dev.cosignproject.cosign/signature',
    'dev.sigstore.cosign/bundle',
    'dev.sigstore.cosign/certificate',
    'dev.sigstore.cosign/chain',
    'dev.sigstore.cosign/rfc3161timestamp',
  ])
})

test('other people’s layers, annotations and members are kept, in order', () => {
  const text = `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST_TYPE}","config":{"mediaType":"x","size":1,"digest":"sha256:${'0'.repeat(64)}"},"layers":[{"mediaType":"text/plain","digest":"sha256:${'1'.repeat(64)}","size":3,"urls":["https://x"],"annotations":{"z":"<&>\\u2028","a":"1"},"odd":{"n":[1,2]}},{"mediaType":"application/vnd.dsse.envelope.v1+json","size":2,"digest":"sha512:${'2'.repeat(128)}"}],"annotations":{"team":"other"},"x-unknown":true}`
  const manifest = parseManifest(Buffer.from(text))
  const built = JSON.parse(
    Buffer.from(buildManifest(manifest, [...manifest.layers, layersOf(raw)[0]?.layer as Layer]).manifest).toString(),
  ) as typeof manifest
  const before = JSON.parse(text) as typeof manifest
  expect(JSON.stringify(built.layers.slice(0, 2))).toBe(JSON.stringify(before.layers))
  expect(built).toMatchObject({ annotations: { team: 'other' }, 'x-unknown': true })
  expect(Object.keys(built)).toEqual(Object.keys(before))
})

test.each([
  ['no JSON', '{"layers":'],
  ['an array', '[]'],
  ['an index', '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'],
  ['no layers', '{"schemaVersion":2,"config":{}}'],
  [
    'a layer without digest',
    `{"config":{"mediaType":"x","size":1,"digest":"sha256:${'0'.repeat(64)}"},"layers":[{"mediaType":"x","size":1}]}`,
  ],
  [
    'a digest that climbs',
    `{"config":{"mediaType":"x","size":1,"digest":"sha256:${'0'.repeat(64)}"},"layers":[{"mediaType":"x","size":1,"digest":"../../x"}]}`,
  ],
])('a manifest that is none: %s', (_, text) => {
  expect(() => parseManifest(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'copy_malformed' }))
})

test.each([undefined, '', 'not base64!', 'YQ'])('a signature annotation that is none: %s', (text) => {
  const layer = {
    mediaType: raw.payloadType,
    size: 1,
    digest: 'sha256:x',
    ...(text === undefined ? {} : { annotations: { 'dev.cosignproject.cosign/signature': text } }),
  }
  expect(() => readLayer(layer, raw.payload, 'raw')).toThrow(expect.objectContaining({ code: 'copy_malformed' }))
})

test('tags that are none of ours', () => {
  for (const tag of [
    'latest',
    'sha256-ab.sig',
    `sha256-${'a'.repeat(64)}`,
    `sha256-${'a'.repeat(64)}.sbom`,
    `sha256-${'A'.repeat(64)}.sig`,
  ]) {
    expect(readTag(tag)).toBeUndefined()
  }
})
