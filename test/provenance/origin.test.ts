/** What a stored entry is about, told without the run at hand, and when its place says otherwise: a rule a line. */
import { describe, expect, test } from 'vitest'
import { formatNamed } from '../../src/formats/index.ts'
import type { RunClaim } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { originOf } from '../../src/provenance/origin.ts'
import { aboutRun, FORMAT_OPTIONS, hex, imageOf, taskRun } from '../support/makers.ts'

const run = taskRun('aa')
const place: RunClaim = { kind: 'TaskRun', uid: run.uid }

function dsse(predicateType: string, predicate: object): Entry {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: aboutRun(run).subjects,
    predicateType,
    predicate,
  }
  return { kind: 'dsse', payloadType: 't', payload: Buffer.from(JSON.stringify(statement)), signatures: [] }
}
const made = (format: string): Entry => {
  const payload = formatNamed(format).payload(run, FORMAT_OPTIONS)
  return { kind: 'dsse', payloadType: 't', payload, signatures: [] }
}
const signature = (): Entry => {
  const payload = formatNamed('simplesigning').payload(imageOf(run), FORMAT_OPTIONS)
  return { kind: 'raw', payloadType: 't', payload, signatures: [] }
}

function told(entry: Entry, names: Parameters<typeof originOf>[1]): string {
  try {
    return originOf(entry, names).about.artifact.type
  } catch (thrown) {
    return (thrown as { readonly code: string }).code
  }
}

describe("in a run's own place", () => {
  test.each(['slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'])('provenance is of the run: %s', (format) => {
    expect(told(made(format), { run: place })).toBe('run')
  })

  test.each([
    ['a VEX', dsse('https://openvex.dev/ns/v0.2.0', {})],
    ['a VSA', dsse('https://slsa.dev/verification_summary/v1', {})],
    ['provenance of another builder', dsse('https://slsa.dev/provenance/v0.2', { buildType: 'https://example.com/x' })],
    ['provenance of another run', made('slsa/v2alpha4')],
  ])('anything else is wrong_artifact: %s', (what, entry) => {
    const run = what.endsWith('run') ? { ...place, uid: 'other' } : place
    expect(told(entry, { run })).toBe('wrong_artifact')
  })

  test('provenance whose labels name another is wrong_artifact', () => {
    const labels = { 'tekton.dev/pipelineRun': 'p', 'tekton.dev/pipelineTask': 'noop' }
    const predicate = { buildType: 'tekton.dev/v1/TaskRun', invocation: { environment: { labels } } }
    const entry = dsse('https://slsa.dev/provenance/v0.2', predicate)
    expect(told(entry, { run: { ...place, namespace: 'ci', name: 'p-scan' } })).toBe('wrong_artifact')
    expect(told(entry, { run: { ...place, namespace: 'ci', name: 'p-noop' } })).toBe('run')
    expect(told(entry, { run: { ...place, joined: 'ci-p-scan' } })).toBe('wrong_artifact')
  })
})

describe("in an image's place", () => {
  test('its signature is of the image', () => {
    expect(told(signature(), {})).toBe('image')
    expect(told(signature(), { subject: hex('aa') })).toBe('image')
    expect(told(signature(), { imageKey: hex('aa').slice(0, 12) })).toBe('image')
  })

  test("another image's is wrong_artifact, though the place says twelve digits alone", () => {
    expect(told(signature(), { subject: hex('bb') })).toBe('wrong_artifact')
    expect(told(signature(), { imageKey: hex('bb').slice(0, 12) })).toBe('wrong_artifact')
  })

  test('what is said about it is about the Statement itself', () => {
    expect(told(dsse('https://openvex.dev/ns/v0.2.0', {}), { subject: hex('aa') })).toBe('statement')
    expect(told(dsse('https://openvex.dev/ns/v0.2.0', {}), { subject: hex('bb') })).toBe('wrong_artifact')
  })
})

test('what nobody can read is malformed', () => {
  expect(told({ ...made('slsa/v1'), payload: Buffer.from('?') }, {})).toBe('copy_malformed')
  expect(told({ ...made('slsa/v1'), payload: Buffer.from('['.repeat(20_000)) }, {})).toBe('copy_malformed')
  expect(told({ ...signature(), payload: Buffer.from('?') }, {})).toBe('copy_malformed')
})
