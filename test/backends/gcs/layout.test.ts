/** The objects as Tekton Chains stored them (fixtures/stored/gcs), read and written. */
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { open } from '../../../backends/gcs/backend.ts'
import { placeNamed } from '../../../backends/objects/address.ts'
import { entryOf, PARTS, partsOf } from '../../../backends/objects/layout.ts'
import { imageIn } from '../../../backends/shared/image-key.ts'
import type { About, Slot } from '../../../src/backend/backend.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import { calm, collect, entries, expectSame, look } from '../../conformance/checks.ts'
import { LEAF, ROOT, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'
import { prov } from '../../support/cli.ts'
import { testContext } from '../../support/context.ts'
import { FIXTURES, PUBLIC_KEY, runFixture } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'

const STORED = join(FIXTURES, 'stored/gcs')

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
}

/** One for each copy that Chains stored for the input. */
function copiesOf(input: string) {
  return filesUnder(join(STORED, input)).flatMap((name) => {
    const place = placeNamed(name)
    if (place === undefined) return []
    const bytes = Object.fromEntries(
      PARTS.map((part) => [part, readFileSync(join(STORED, input, place.folder, `${place.key}.${part}`))]),
    )
    return [{ name, place, bytes }]
  })
}

describe.each(readdirSync(STORED))('Chains and %s', (input) => {
  const copies = copiesOf(input)

  it('every copy is read, and written again byte for byte', () => {
    expect(copies.length).toBeGreaterThan(0)
    for (const { place, bytes } of copies) {
      const entry = entryOf(bytes, place.kind)
      const again = partsOf(entry)
      for (const part of PARTS) expect(Buffer.from(again[part]).equals(bytes[part] ?? Buffer.of())).toBe(true)
      expect(entry.signatures.map((s) => [s.certificate, s.chain])).toEqual([[undefined, undefined]])
    }
  })

  it('a put gives the same objects under the same names', async () => {
    const directory = scratch()
    const backend = open(testContext({ 'storage.gcs.directory': directory }))
    for (const { place, bytes } of copies) {
      const entry = entryOf(bytes, place.kind)
      const [slot] = backend.slots(aboutOf(place.folder, place.key, entry.payload))
      if (slot === undefined) throw new Error('no slot')
      expect((await backend.put(slot, entry, calm())).outcome).toBe('written')
    }
    expect(filesUnder(directory)).toEqual(filesUnder(join(STORED, input)))
    for (const name of filesUnder(directory)) {
      expect(readFileSync(join(directory, name)).equals(readFileSync(join(STORED, input, name)))).toBe(true)
    }
  })

  it("Chains' own bucket is listed and read", async () => {
    const directory = scratch()
    cpSync(join(STORED, input), directory, { recursive: true })
    const backend = open(testContext({ 'storage.gcs.directory': directory }))
    const slots = await collect(backend.list?.({}, calm()) ?? none())
    expect(slots.map((slot) => `${slot.address['folder']}/${slot.address['key']}.signature`).sort()).toEqual(
      copies.map(({ name }) => name),
    )
    for (const slot of slots) {
      const copy = copies.find(({ place }) => place.key === slot.address['key'])
      expectSame((await entries(backend, slot))[0], entryOf(copy?.bytes ?? {}, slot.kind))
    }
  })

  it('is verified by the command line', async () => {
    const directory = scratch()
    cpSync(join(STORED, input), directory, { recursive: true })
    const args = [
      'verify',
      '--show',
      'all',
      '--storage',
      'gcs',
      '--set',
      `storage.gcs.directory=${directory}`,
      '--key',
      PUBLIC_KEY,
    ]
    const [run = ''] = copies.map(({ place }) => place.key).filter((key) => key.includes('run-'))
    const uid = run.replace(/^(?:taskrun|pipelinerun)-/, '')
    const outcome = await prov([...args, '--run', uid, runFixture(`${input}.yaml`)])
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    expect(outcome.stdout.match(/^ {2}= gcs /gm)).toHaveLength(copies.length)
  })
})

/** What the copy is about, made of its names: Chains joins them, so where the namespace ends does not matter. */
function aboutOf(folder: string, key: string, payload: Uint8Array): About {
  const [, kind = '', namespace = '', name = ''] = /^(taskrun|pipelinerun)-([^-]+)-(.+)$/.exec(folder) ?? []
  const uid = key.replace(/^(?:taskrun|pipelinerun)-/, '')
  const run: RunArtifact = {
    type: 'run',
    kind: kind === 'taskrun' ? 'TaskRun' : 'PipelineRun',
    namespace,
    name,
    uid,
    object: {},
    children: [],
  }
  const image = imageIn(payload)
  return image === undefined
    ? { artifact: run, kind: 'dsse', subjects: [] }
    : { artifact: { type: 'image', image, run }, kind: 'raw', subjects: [] }
}

function none(): never {
  throw new Error('no list')
}

describe('the four objects', () => {
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = sampleRun('build-1', image)

  it('hold certificate and chain as they are', () => {
    const parts = partsOf(sampleEntry('raw', run, image, 'c', { certificate: LEAF, chain: ROOT }))
    expect(Buffer.from(parts.cert).toString()).toBe(LEAF)
    expect(Buffer.from(parts.chain).toString()).toBe(ROOT)
  })

  it.each([
    ['an empty payload', { payload: Buffer.of() }, 'copy_malformed'],
    ['no payload', { payload: undefined }, 'copy_malformed'],
    ['an empty signature', { signature: Buffer.of() }, 'copy_malformed'],
    ['a certificate that is none', { cert: Buffer.from('x') }, 'copy_malformed'],
    ['a chain that is none', { chain: Buffer.from('-----BEGIN') }, 'copy_malformed'],
    ['another payload than the envelope', { payload: Buffer.from('{}') }, 'payload_mismatch'],
    ['half an envelope', { signature: Buffer.from('{"payloadType":') }, 'copy_malformed'],
  ])('%s is damage', (_title, harm, code) => {
    const parts = { ...partsOf(sampleEntry('dsse', run, image)), ...harm }
    const given = Object.fromEntries(Object.entries(parts).filter(([, bytes]) => bytes !== undefined))
    expect(() => entryOf(given, 'dsse')).toThrow(expect.objectContaining({ code }))
  })

  it('names of other objects say nothing', () => {
    for (const name of [
      'a.signature',
      'x/y/z.signature',
      'taskrun-a-b/x.signature',
      'statement/x.signature',
      'image/0.signature',
    ]) {
      expect(placeNamed(name)).toBeUndefined()
    }
    expect(placeNamed('taskrun-a-b/taskrun-1.payload')).toBeUndefined()
  })
})

describe('a directory', () => {
  const image = sampleImage('registry.example/acme/app', 'app')
  const run = sampleRun('build-1', image)
  const about: About = { artifact: run, kind: 'dsse', subjects: [] }

  it('is absent until the first put, and holds nothing but the objects then', async () => {
    const directory = join(scratch(), 'deep', 'er')
    const backend = open(testContext({ 'storage.gcs.directory': directory }))
    const slot = backend.slots(about)[0] as Slot
    expect(await look(backend, slot)).toEqual([])
    expect(await collect(backend.list?.({}, calm()) ?? none())).toEqual([])
    const entry = sampleEntry('dsse', run, image)
    await backend.put(slot, entry, calm())
    const [found] = await look(backend, slot)
    if (found === undefined) throw new Error('nothing there')
    await backend.replace?.(slot, found, sampleEntry('dsse', run, image, 'other'), calm())
    expect(filesUnder(directory).map((name) => basename(name))).toEqual(
      ['cert', 'chain', 'payload', 'signature'].map((part) => `taskrun-${run.uid}.${part}`),
    )
    expect(relative(directory, found.location)).toBe(`taskrun-ci-build-1/taskrun-${run.uid}.signature`)
  })

  it('that is a file cannot be read or written', async () => {
    const backend = open(testContext({ 'storage.gcs.directory': PUBLIC_KEY }))
    const slot = backend.slots(about)[0] as Slot
    const error = { code: 'storage_io', backend: 'gcs' }
    await expect(look(backend, slot)).rejects.toMatchObject(error)
    await expect(backend.put(slot, sampleEntry('dsse', run, image), calm())).rejects.toMatchObject(error)
  })

  it.each([
    [{}, /neither .* is set/],
    [{ 'storage.gcs.directory': 'd', 'storage.gcs.bucket': 'b' }, /both set/],
    [{ 'storage.gcs.bucket': 'b', 'storage.gcs.endpoint': 'ftp://x' }, /endpoint/],
    [{ 'storage.gcs.bucket': 'b', 'storage.gcs.endpoint': 'http://user:secret@x' }, /endpoint/],
    [{ 'storage.gcs.bucket': 'b', 'storage.timeout': 'soon' }, /duration/],
  ])('settings %j are refused', (settings, message) => {
    const slots = () => open(testContext(settings)).slots(about)
    expect(slots).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(slots).toThrow(message)
    expect(slots).not.toThrow(/secret/)
  })
})
