/** Entries, what they are about, plan rows and receipts go to JSON and back: over generated ones, and over those of the conformance suite. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openMemory } from '../../backends/memory/backend.ts'
import { aboutFromJson, aboutToJson } from '../../src/backend/about-json.ts'
import type { About } from '../../src/backend/backend.ts'
import { writeCopy } from '../../src/copies/write-copy.ts'
import type { Artifact, RunArtifact } from '../../src/model/artifact.ts'
import type { Entry, Signature } from '../../src/model/entry.ts'
import { entryFromJson, entryToJson } from '../../src/model/entry-json.ts'
import { type PlanRow, planRow } from '../../src/store/plan.ts'
import {
  aboutOf,
  LEAF,
  oddlySpelled,
  ROOT,
  sampleEntry,
  sampleImage,
  sampleRun,
  signed,
  simplesigning,
  statement,
} from '../conformance/samples.ts'
import { retrying } from '../support/makers.ts'

const { signal } = new AbortController()
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const entryAgain = (entry: Entry): Entry => entryFromJson(throughJson(entryToJson(entry)))
const aboutAgain = (about: About): About => aboutFromJson(throughJson(aboutToJson(about)))

/** The same without Node's own kind of bytes, which compares unequal. */
function plainBytes(one: Entry): Entry {
  const signatures = one.signatures.map((each) => ({ ...each, sig: new Uint8Array(each.sig) }))
  const envelope = one.envelope === undefined ? {} : { envelope: new Uint8Array(one.envelope) }
  return { ...one, payload: new Uint8Array(one.payload), signatures, ...envelope }
}

const bytes = fc.uint8Array({ maxLength: 300 })
const text = fc.string({ unit: 'binary', maxLength: 60 })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
/** Members that are undefined are left out, as in the types. */
const without = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T

const signature: fc.Arbitrary<Signature> = fc
  .record({
    sig: bytes,
    keyid: maybe(text),
    keyHint: maybe(text),
    certificate: maybe(text),
    chain: maybe(text),
    logEntries: maybe(fc.array(text, { maxLength: 3 })),
    logProof: maybe(text),
    timestamps: maybe(fc.array(bytes, { maxLength: 3 })),
  })
  .map((one) => without(one) as Signature)
const entry: fc.Arbitrary<Entry> = fc
  .record({
    kind: fc.constantFrom('dsse' as const, 'raw' as const),
    payloadType: text,
    payload: bytes,
    signatures: fc.array(signature, { minLength: 1, maxLength: 3 }),
    envelope: maybe(bytes),
  })
  .map((one) => without(one) as Entry)

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => throughJson(value))
const objectJson = fc
  .dictionary(
    fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__'),
    json,
    { maxKeys: 4 },
  )
  .map((value) => throughJson(value) as Record<string, unknown>)
const kind = fc.constantFrom('TaskRun' as const, 'PipelineRun' as const)
const runOf = (children: fc.Arbitrary<readonly RunArtifact[]>): fc.Arbitrary<RunArtifact> =>
  fc
    .record({
      type: fc.constant('run' as const),
      kind,
      namespace: text,
      name: text,
      uid: text,
      object: objectJson,
      children,
      source: maybe(
        fc
          .record({
            file: text,
            document: fc.nat(),
            item: maybe(fc.nat()),
            cluster: maybe(fc.record({ server: text, namespace: text, name: text })),
          })
          .map(without),
      ),
      claim: maybe(
        fc
          .record({
            kind,
            uid: maybe(text),
            namespace: maybe(text),
            name: maybe(text),
            joined: maybe(text),
            identity: text,
          })
          .map(without),
      ),
    })
    .map((one) => without(one) as RunArtifact)
const run = runOf(fc.array(runOf(fc.constant([])), { maxLength: 2 }))
const subjects = fc.array(
  fc.record({ name: text, digest: fc.constantFrom({}, { sha256: 'ab' }, { sha512: 'cd', sha1: 'ef' }) }),
  { maxLength: 3 },
)
const artifact: fc.Arbitrary<Artifact> = fc.oneof(
  run,
  fc
    .record({
      type: fc.constant('image' as const),
      image: fc.record({ repository: text, digest: text }),
      run: maybe(run),
    })
    .map((one) => without(one) as Artifact),
  fc
    .record({
      type: fc.constant('statement' as const),
      name: text,
      payload: bytes,
      predicateType: text,
      subjects,
      run: maybe(fc.constant('unknown' as const)),
    })
    .map((one) => without(one) as Artifact),
)
const about: fc.Arbitrary<About> = fc
  .record({
    artifact,
    kind: fc.constantFrom('dsse' as const, 'raw' as const),
    subjects,
    format: maybe(text),
    role: maybe(fc.constantFrom('signature' as const, 'attestation' as const)),
  })
  .map((one) => without(one) as About)

const image = sampleImage('registry.example/acme/app', 'json')
const sample = sampleRun('json', image)

test('an entry comes back byte for byte', () => {
  fc.assert(fc.property(entry, (one) => void expect(entryAgain(one)).toEqual(one)))
})

test('what an entry is about comes back whole', () => {
  fc.assert(fc.property(about, (one) => void expect(aboutAgain(one)).toEqual(one)))
})

test('the samples of the conformance suite come back, odd spelling, certificates and all', () => {
  const entries = [
    sampleEntry('dsse', sample, image),
    oddlySpelled(sampleEntry('dsse', sample, image)),
    sampleEntry('raw', sample, image),
    signed('dsse', statement(sample, image), { certificate: LEAF, chain: ROOT }),
    signed('raw', simplesigning(image), { certificate: LEAF, chain: ROOT }),
  ]
  for (const one of entries) expect(entryAgain(one)).toEqual(plainBytes(one))
  for (const one of [aboutOf('dsse', sample, image), aboutOf('raw', sample, image)])
    expect(aboutAgain(one)).toEqual(one)
})

test('a plan row and a receipt are plain JSON, and enough to deliver by', async () => {
  const backend = openMemory({
    setting: () => undefined,
    env: {},
    now: () => 0,
    random: (size) => new Uint8Array(size),
    debug: () => undefined,
  })
  const one = sampleEntry('dsse', sample, image)
  const its = aboutOf('dsse', sample, image)
  const [slot] = backend.slots(its)
  if (slot === undefined) throw new Error('the memory backend keeps runs')
  const judged = { good: [], neighbours: [], others: [] }
  const size = () => ({ bytes: 7 })
  const row = planRow({ backend: 'memory', slot, judged }, one, { size, resign: true, foreign: true, kept: [] })
  const again = throughJson(row) as PlanRow
  expect(again).toEqual(row)
  expect(again).toMatchObject({ action: 'write', bytes: 7, resign: true, foreign: true })
  const retry = retrying(1, signal)
  const receipt = await writeCopy(backend, again.slot ?? slot, entryAgain(one), { signal, retry })
  expect(receipt.confirmed).toBe(true)
  expect(throughJson(receipt)).toEqual(receipt)
  expect(aboutAgain(its).artifact).toEqual(its.artifact)
})

describe('what is not in this form is refused', () => {
  const good = throughJson(entryToJson(sampleEntry('dsse', sample, image))) as Record<string, unknown>
  const cases: readonly [string, unknown, RegExp][] = [
    ['null', null, /not a JSON object/],
    ['a list', [], /not a JSON object/],
    ['a newer version', { ...good, v: 3 }, /version 3; this prov reads versions 1 and 2/],
    ['no version', { ...good, v: undefined }, /version undefined/],
    ['another kind', { ...good, kind: 'jws' }, /neither dsse nor raw/],
    ['no signatures', { ...good, signatures: [] }, /no signatures/],
    ['payload that is not base64', { ...good, payload: 'a*b' }, /payload is not base64/],
    ['base64 with a line break', { ...good, payload: 'aGk=\n' }, /payload is not base64/],
    ['a signature without bytes', { ...good, signatures: [{ keyid: 'x' }] }, /sig is not base64/],
    ['a key id that is a number', { ...good, signatures: [{ sig: '', keyid: 7 }] }, /keyid is not text/],
    ['time-stamps that are text', { ...good, signatures: [{ sig: '', timestamps: 'x' }] }, /timestamps are not a list/],
  ]
  for (const [name, value, why] of cases) {
    test(`an entry: ${name}`, () => {
      expect(() => entryFromJson(value)).toThrow(
        expect.objectContaining({ code: 'copy_malformed', message: expect.stringMatching(why) }),
      )
    })
  }

  test('about: an unknown artifact, a run without its object, a subject that is text', () => {
    const its = throughJson(aboutToJson(aboutOf('dsse', sample, image))) as Record<string, unknown>
    const bad = [
      null,
      { ...its, artifact: { type: 'file' } },
      { ...its, artifact: { ...(its['artifact'] as object), object: 'x' } },
      { ...its, subjects: ['x'] },
    ]
    for (const value of bad) {
      expect(() => aboutFromJson(value)).toThrow(expect.objectContaining({ code: 'copy_malformed' }))
    }
  })
})
