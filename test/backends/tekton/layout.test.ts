import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { keyBeside } from '../../../backends/shared/image-key.ts'
import { placeOf, slotOf, standing } from '../../../backends/tekton/address.ts'
import {
  type Annotations,
  annotationBytes,
  annotationNames,
  annotationsOf,
  readItem,
} from '../../../backends/tekton/layout.ts'
import type { Kind } from '../../../src/model/entry.ts'
import {
  aboutOf,
  LEAF,
  ROOT,
  sampleEntry,
  sampleImage,
  sampleRun,
  signed,
  simplesigning,
} from '../../conformance/samples.ts'

interface Row {
  readonly backend: string
  readonly format: string
  readonly key: string
  readonly files: readonly string[]
}

const index = JSON.parse(readFileSync('fixtures/stored/index.json', 'utf8')) as readonly Row[]
const rows = index.filter((row) => row.backend === 'tekton')

function stored(row: Row): Annotations {
  return JSON.parse(readFileSync(`fixtures/${row.files[0]}`, 'utf8')) as Annotations
}

const PARTS = ['payload', 'signature', 'cert', 'chain'] as const

describe('annotations that Tekton Chains stored', () => {
  test('the fixtures hold some of both kinds', () => {
    expect(new Set(rows.map((row) => row.format)).size).toBeGreaterThan(1)
  })

  test.each(rows)('$format $key: read, and written again to the same bytes', (row) => {
    const annotations = stored(row)
    const kind: Kind = row.format === 'simplesigning' ? 'raw' : 'dsse'
    const item = readItem(annotations, row.key, kind)
    if (item?.entry === undefined) throw new Error(`not read: ${item?.damage?.message}`)
    const wanted = Object.fromEntries(
      PARTS.map((part) => [
        `chains.tekton.dev/${part}-${row.key}`,
        annotations[`chains.tekton.dev/${part}-${row.key}`],
      ]),
    )
    expect(annotationsOf(item.entry, row.key)).toEqual(wanted)
    expect(Buffer.from(item.raw).toString()).toBe(JSON.stringify(wanted))
    expect(item.entry.signatures[0]?.certificate).toBeUndefined()
    expect(item.entry.signatures[0]?.chain).toBeUndefined()
    expect(item.entry.payloadType).toMatch(kind === 'raw' ? /simplesigning/ : /in-toto/)
    expect(item.entry.signatures[0]?.keyid?.startsWith('SHA256:') ?? false).toBe(kind === 'dsse')
  })
})

describe('an entry as annotations', () => {
  const image = sampleImage('ghcr.io/acme/app', 'app')
  const run = sampleRun('build-1', image)

  test('names, and no name over the 63 bytes that Kubernetes allows', () => {
    expect(annotationNames('09e72cd46682').cert).toBe('chains.tekton.dev/cert-09e72cd46682')
    const longest = [`pipelinerun-${run.uid}`, keyBeside(image)].map((key) => annotationNames(key).signature)
    for (const name of longest) expect(name.slice('chains.tekton.dev/'.length).length).toBeLessThanOrEqual(63)
    expect(() => annotationNames(`taskrun-${'a'.repeat(50)}`)).toThrow(
      expect.objectContaining({ code: 'input_invalid' }),
    )
  })

  test('without an envelope of its own one is made', () => {
    const { envelope, ...entry } = sampleEntry('dsse', run, image)
    expect(annotationsOf(entry, 'k')['chains.tekton.dev/signature-k']).toBe(
      Buffer.from(envelope ?? []).toString('base64'),
    )
  })

  test('unlike certificates and several raw signatures are refused', () => {
    const one = sampleEntry('dsse', run, image, 'x', { certificate: LEAF })
    const two = { ...one, signatures: [...one.signatures, ...signed('dsse', one.payload).signatures] }
    const raw = sampleEntry('raw', run, image, 'x', { signatures: 2 })
    for (const entry of [two, raw]) {
      expect(() => annotationsOf(entry, 'k')).toThrow(expect.objectContaining({ code: 'not_supported' }))
    }
  })

  test('bytes are counted as Kubernetes counts them', () => {
    expect(annotationBytes({ 'a/ä': 'é', b: '' })).toBe(4 + 2 + 1)
  })
})

describe('what is no entry', () => {
  const image = sampleImage('ghcr.io/acme/app', 'app')
  const run = sampleRun('build-1', image)
  const good = annotationsOf(sampleEntry('dsse', run, image, 'n', { certificate: LEAF, chain: ROOT }), 'k')
  const other = annotationsOf(sampleEntry('dsse', run, image, 'other'), 'k')
  const raw = annotationsOf(sampleEntry('raw', run, image), 'k')
  const name = (part: string) => `chains.tekton.dev/${part}-k`
  const without = (from: Annotations, part: string) =>
    Object.fromEntries(Object.entries(from).filter(([n]) => n !== name(part)))

  test('nothing at all is absent', () => {
    expect(readItem({ [name('payload').replace('-k', '-other')]: 'eA==' }, 'k', 'dsse')).toBeUndefined()
    expect(readItem(JSON.parse('{"__proto__": {"chains.tekton.dev/payload-k": "eA=="}}'), 'k', 'raw')).toBeUndefined()
  })

  test.each([
    ['no payload', without(good, 'payload'), 'dsse', 'copy_malformed'],
    ['no signature', without(good, 'signature'), 'dsse', 'copy_malformed'],
    ['only an empty certificate', { [name('cert')]: '' }, 'raw', 'copy_malformed'],
    ['empty payload', { ...raw, [name('payload')]: '' }, 'raw', 'copy_malformed'],
    [
      'another payload than in the envelope',
      { ...good, [name('payload')]: other[name('payload')] ?? '' },
      'dsse',
      'payload_mismatch',
    ],
    [
      'no padding',
      { ...raw, [name('signature')]: (raw[name('signature')] ?? '').replace(/=*$/, '').concat('A').slice(0, 95) },
      'raw',
      'copy_malformed',
    ],
    ['a line end in base64', { ...raw, [name('payload')]: `${raw[name('payload')]}\n` }, 'raw', 'copy_malformed'],
    ['garbage in base64', { ...raw, [name('payload')]: `${raw[name('payload')]}*%` }, 'raw', 'copy_malformed'],
    ['URL-safe base64', { ...raw, [name('payload')]: '-_-_' }, 'raw', 'copy_malformed'],
    ['a signature that is no envelope', { ...good, [name('signature')]: 'MEUC' }, 'dsse', 'copy_malformed'],
    ['a certificate that is none', { ...good, [name('cert')]: 'aGVsbG8=' }, 'dsse', 'copy_malformed'],
    [
      'a chain that is none',
      { ...good, [name('chain')]: Buffer.from('-----BEGIN PRIVATE KEY-----').toString('base64') },
      'dsse',
      'copy_malformed',
    ],
  ] as const)('%s', (_, annotations, kind, code) => {
    const item = readItem(annotations, 'k', kind)
    expect(item?.damage).toMatchObject({ code, backend: 'tekton' })
    expect(Object.keys(JSON.parse(Buffer.from(item?.raw ?? []).toString())).length).toBeGreaterThan(0)
  })

  test('certificate and chain come back as written', () => {
    const entry = readItem(good, 'k', 'dsse')?.entry
    expect(entry?.signatures[0]).toMatchObject({ certificate: LEAF, chain: ROOT })
  })
})

describe('two images with the same first twelve digits', () => {
  const digest = `sha256:${'ab'.repeat(32)}`
  const one = { repository: 'ghcr.io/acme/app', digest }
  const two = { repository: 'quay.io/acme/app', digest }
  const three = { repository: 'ghcr.io/acme/app', digest: `sha256:${'ab'.repeat(6)}${'cd'.repeat(26)}` }
  const run = sampleRun('build-1', one)
  const place = (image: typeof one) => {
    const found = placeOf(aboutOf('raw', run, image), 'run.yaml')
    if (found === undefined) throw new Error('no place')
    return found
  }
  const under = (key: string, image: typeof one) => annotationsOf(signed('raw', simplesigning(image)), key)

  test('the first has Chains’ key, the others one beside it', () => {
    const first = under('abababababab', one)
    expect(standing({}, place(one))).toEqual({ items: [], freeKey: 'abababababab' })
    expect(standing(first, place(one)).items.map((i) => i.key)).toEqual(['abababababab'])
    for (const image of [two, three]) {
      const { items, freeKey } = standing(first, place(image))
      expect(items).toEqual([])
      expect(freeKey).toMatch(/^abababababab-[0-9a-f]{32}$/)
      const both = { ...first, ...under(freeKey, image) }
      expect(standing(both, place(image)).items.map((i) => i.key)).toEqual([freeKey])
      expect(standing(both, place(one)).items.map((i) => i.key)).toEqual(['abababababab'])
    }
    expect(keyBeside(two)).not.toBe(keyBeside(three))
  })

  test('an entry about an image that has no business there is shown, not passed over', () => {
    const stray = sampleImage('ghcr.io/acme/app', 'elsewhere')
    expect(standing(under('abababababab', stray), place(one)).items).toHaveLength(1)
  })

  test('their slots have different keys', () => {
    expect(slotOf(place(one)).key).toBe(
      `run.yaml#taskrun-${run.uid}/chains.tekton.dev/signature-abababababab (ghcr.io/acme/app@${digest})`,
    )
    expect(new Set([one, two, three].map((image) => slotOf(place(image)).key)).size).toBe(3)
  })
})
