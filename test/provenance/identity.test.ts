/** Whose an entry is, a rule a line. What a run fixes is in test/provenance. */
import { describe, expect, test } from 'vitest'
import { formatNamed } from '../../src/formats/index.ts'
import type { Artifact, RunArtifact, RunClaim } from '../../src/model/artifact.ts'
import type { Entry } from '../../src/model/entry.ts'
import { readStatement } from '../../src/model/statement.ts'
import {
  claimedIdentity,
  invocationId,
  relation,
  resembles,
  simpleSigningImage,
} from '../../src/provenance/identity.ts'
import { aboutRun, FORMAT_OPTIONS, hex, imageOf, taskRun } from '../support/makers.ts'

const run = taskRun('aa')
const subjects = aboutRun(run).subjects

function dsse(payload: Uint8Array | object): Entry {
  const bytes = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload))
  return { kind: 'dsse', payloadType: 't', payload: bytes, signatures: [] }
}
const made = (of: RunArtifact, format = 'slsa/v1') => dsse(formatNamed(format).payload(of, FORMAT_OPTIONS))
const raw = (text: string): Entry => ({ kind: 'raw', payloadType: 't', payload: Buffer.from(text), signatures: [] })
const said = (predicateType: string, predicate: object, digest = hex('aa')) =>
  dsse({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'registry.example/aa', digest: { sha256: digest } }],
    predicateType,
    predicate,
  })

describe('an entry of a run at hand', () => {
  const DIFFERENT: readonly (readonly [string, RunArtifact])[] = [
    ['another start', taskRun('aa', { start: '2026-11-18T08:00:00Z' })],
    ['other parameters', taskRun('bb', { image: 'aa' })],
  ]
  test.each(DIFFERENT)('is none of it with %s', (_, other) => {
    expect(relation(made(other), run, subjects, 'one')).toBe('beside')
    expect(relation(made(other), run, subjects, 'many')).toBe('beside')
  })

  test('in the times, their spelling is no matter', () => {
    const object = {
      ...run.object,
      status: { ...(run.object['status'] as object), startTime: '2026-11-18T10:12:04+01:00' },
    }
    expect(relation(made(run), { ...run, object }, subjects, 'one')).toBe('same')
  })

  test('a time that only one of them says is another run', () => {
    const status = (more: object) => ({
      ...run,
      object: { ...run.object, status: { ...(run.object['status'] as object), ...more } },
    })
    expect(relation(made(run), status({ completionTime: undefined }), subjects, 'one')).not.toBe('same')
    expect(relation(made(status({ completionTime: undefined })), run, subjects, 'one')).not.toBe('same')
    expect(relation(made(status({ startTime: undefined })), run, subjects, 'one')).not.toBe('same')
    const open = status({ completionTime: undefined })
    expect(relation(made(open), open, subjects, 'one')).toBe('same')
    expect(relation(made(open), status({ completionTime: null }), subjects, 'one')).toBe('same')
  })

  test('about nothing of it has no business there', () => {
    expect(relation(said('p', {}, hex('other')), run, subjects, 'one')).toBe('other')
    expect(relation(dsse(Buffer.from('?')), run, subjects, 'one')).toBe('other')
  })

  test('may be told by digests of any algorithm', () => {
    const expected = [{ name: 'x', digest: { sha512: 'abc' } }]
    const statement = { _type: 'https://in-toto.io/Statement/v1', subject: expected, predicateType: 'p' }
    expect(relation(dsse(statement), run, expected, 'many')).toBe('beside')
    expect(relation(dsse(statement), run, [], 'many')).toBe('other')
  })
})

describe('an entry of a run that is not at hand', () => {
  const claimed = (
    claim: Partial<RunClaim> & { readonly identity?: string },
    more: Partial<RunArtifact> = {},
  ): RunArtifact => ({
    ...{ ...run, object: {}, namespace: '', name: '' },
    ...more,
    claim: { kind: 'TaskRun', identity: '', ...claim },
  })

  test('its own place says whose it is', () => {
    expect(relation(made(run), claimed({}), subjects, 'one')).toBe('same')
    expect(relation(made(run), claimed({}), subjects, 'many')).toBe('beside')
  })

  test('in a shared place it is what says the same of itself', () => {
    const identity = claimedIdentity(made(run))
    expect(relation(made(run), claimed({ identity }), subjects, 'many')).toBe('same')
    expect(
      relation(made(taskRun('aa', { start: '2026-11-18T08:00:00Z' })), claimed({ identity }), subjects, 'many'),
    ).toBe('beside')
  })

  test('SLSA v1.0 says its uid', () => {
    for (const holds of ['one', 'many'] as const) {
      expect(relation(made(run, 'slsa/v2alpha4'), claimed({}), subjects, holds)).toBe('same')
      expect(relation(made(run, 'slsa/v2alpha4'), claimed({}, { uid: 'other' }), subjects, holds)).toBe('beside')
    }
  })

  test('its labels are held against the name of the place; of a run at hand they are compared with the run', () => {
    const labels = { 'tekton.dev/pipelineRun': 'p', 'tekton.dev/pipelineTask': 'noop' }
    const labelled = taskRun('aa', { labels })
    const options = { ...FORMAT_OPTIONS, buildType: 'https://tekton.dev/chains/v2/slsa-tekton' }
    const entries = [made(labelled), dsse(formatNamed('slsa/v2alpha4').payload(labelled, options))]
    for (const entry of entries) {
      expect(relation(entry, claimed({}, { name: 'p-scan' }), subjects, 'one')).toBe('beside')
      expect(relation(entry, claimed({}, { name: 'p-noop' }), subjects, 'one')).toBe('same')
      expect(relation(entry, labelled, subjects, 'one')).toBe('same')
    }
  })

  test('is none of another kind, or of no run of Tekton', () => {
    expect(relation(made(run), claimed({}, { kind: 'PipelineRun' }), subjects, 'one')).toBe('beside')
    expect(relation(said('https://slsa.dev/provenance/v0.2', { buildType: 'x' }), claimed({}), subjects, 'one')).toBe(
      'beside',
    )
    expect(relation(said('https://slsa.dev/provenance/v1', {}), claimed({}, { uid: '' }), subjects, 'one')).toBe(
      'beside',
    )
    expect(relation(said('https://openvex.dev/ns', {}), claimed({}), subjects, 'one')).toBe('beside')
  })
})

describe('what does not verify only resembles', () => {
  test('a run by its kind, times and subjects', () => {
    expect(resembles(made(run), run, subjects, 'many')).toBe('same')
    expect(resembles(made(run, 'slsa/v2alpha4'), run, subjects, 'many')).toBe('same')
    expect(resembles(made(taskRun('aa', { start: '2026-11-18T08:00:00Z' })), run, subjects, 'many')).toBe('beside')
    expect(resembles(said('p', {}, hex('other')), run, subjects, 'many')).toBe('other')
    expect(resembles(dsse(Buffer.from('?')), run, subjects, 'many')).toBe('other')
  })

  test('by both of its times, however they are spelled, and by those that are not there', () => {
    const status = (more: object): RunArtifact => ({
      ...run,
      object: { ...run.object, status: { ...(run.object['status'] as object), ...more } },
    })
    const told = (said: RunArtifact, at: RunArtifact) => resembles(made(said), at, subjects, 'many')
    const early = { startTime: '2026-11-18T08:00:00Z' }
    const late = { completionTime: '2026-11-18T23:00:00Z' }
    expect(told(run, status({ startTime: '2026-11-18T10:12:04+01:00' }))).toBe('same')
    expect(told(run, status({ completionTime: '2026-11-18T10:13:41+01:00' }))).toBe('same')
    for (const more of [early, late, { startTime: null }, { completionTime: null }]) {
      expect(told(run, status(more))).toBe('beside')
      expect(told(status(more), run)).toBe('beside')
      expect(told(status(more), status(more))).toBe('same')
    }
    const { predicate, ...statement } = JSON.parse(
      Buffer.from(made(status({ completionTime: null })).payload).toString(),
    )
    const metadata = { ...predicate.metadata, buildFinishedOn: null }
    const open = dsse({ ...statement, predicate: { ...predicate, metadata } })
    expect(resembles(open, status({ completionTime: null }), subjects, 'many')).toBe('same')
    expect(resembles(open, run, subjects, 'many')).toBe('beside')
  })

  test('a Statement by its bytes', () => {
    const { payload } = said('p', { a: 1 })
    const artifact: Artifact = { type: 'statement', name: 's', payload, predicateType: 'p', subjects }
    expect(resembles(dsse(payload), artifact, subjects, 'many')).toBe('same')
    expect(resembles(said('p', { a: 2 }), artifact, subjects, 'many')).toBe('beside')
    expect(relation(dsse(payload), artifact, subjects, 'many')).toBe('same')
  })

  test('an image by its digest', () => {
    expect(resembles(said('p', {}), imageOf(run), subjects, 'many')).toBe('same')
    expect(resembles(said('p', {}, hex('other')), imageOf(run), subjects, 'many')).toBe('other')
    expect(relation(said('p', {}), imageOf(run), subjects, 'many')).toBe('same')
    expect(relation(said('p', {}, hex('other')), imageOf(run), subjects, 'many')).toBe('other')
  })
})

describe('of several subjects', () => {
  const several = (...subject: readonly object[]) =>
    dsse({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'p' })
  const ours = { name: 'a', digest: { sha256: hex('aa') } }
  const other = { name: 'b', digest: { sha512: 'b', sha256: hex('b') } }

  test('one is enough, by one of its digests', () => {
    expect(relation(several(other, ours), imageOf(run), subjects, 'many')).toBe('same')
    expect(relation(several(other, ours), run, subjects, 'many')).toBe('beside')
    expect(relation(several({ name: 'a', digest: { sha512: 'x', sha256: hex('aa') } }), run, subjects, 'many')).toBe(
      'beside',
    )
    expect(relation(several(other), run, subjects, 'many')).toBe('other')
    expect(relation(several(), run, subjects, 'many')).toBe('other')
    expect(relation(several(), imageOf(run), subjects, 'many')).toBe('other')
  })
})

describe('what an entry says that it is about', () => {
  test('a run by uid, else by build type, times and subjects', () => {
    expect(claimedIdentity(made(run, 'slsa/v2alpha4'))).toBe(`https://slsa.dev/provenance/v1 ${run.uid}`)
    const identity = claimedIdentity(made(run))
    expect(identity).toContain('2026-11-18T09:12:04Z')
    expect(identity).toContain('registry.example/aa')
    expect(claimedIdentity(made(taskRun('bb', { image: 'aa' })))).toBe(identity)
    expect(claimedIdentity(made(taskRun('bb')))).not.toBe(identity)
    expect(claimedIdentity(made(taskRun('aa', { start: '2026-11-18T08:00:00Z' })))).not.toBe(identity)
  })

  test('a build without times by its build type and subjects', () => {
    const build = (more: object, digest?: string) => claimedIdentity(said('p', { buildType: 'x', ...more }, digest))
    expect(build({ a: 1 })).toBe(build({ a: 2 }))
    expect(build({ a: 1 })).not.toBe(build({ buildType: 'y' }))
    expect(build({ a: 1 })).not.toBe(build({ a: 1 }, hex('other')))
    expect(build({ metadata: { buildFinishedOn: 't' } })).not.toBe(build({}))
  })

  test('any other Statement by what it means', () => {
    const vex = claimedIdentity(said('p', { a: 1, b: 2 }))
    expect(claimedIdentity(said('p', { b: 2, a: 1 }))).toBe(vex)
    expect(claimedIdentity(said('p', { a: 2 }))).not.toBe(vex)
    expect(claimedIdentity(said('q', { a: 1, b: 2 }))).not.toBe(vex)
    expect(claimedIdentity(said('p', { buildType: 'x' }))).not.toContain(vex.split(' ')[1])
  })

  test('an image signature by its format, and bytes that are nothing as that', () => {
    expect(claimedIdentity(raw('x'))).toBe('simplesigning')
    expect(claimedIdentity(dsse(Buffer.from('x')))).toBe('unreadable')
  })

  test('a uid that is no text, or of another predicate type, is none', () => {
    const id = (type: string, value: unknown) => {
      const statement = readStatement(said(type, { runDetails: { metadata: { invocationId: value } } }).payload)
      return statement === undefined ? 'none' : invocationId(statement)
    }
    expect(id('https://slsa.dev/provenance/v1', 'u')).toBe('u')
    expect(id('https://slsa.dev/provenance/v1', 7)).toBeUndefined()
    expect(id('https://slsa.dev/provenance/v0.2', 'u')).toBeUndefined()
  })
})

describe('the image that a simplesigning payload names', () => {
  const document = (reference: unknown, digest: unknown) =>
    Buffer.from(
      JSON.stringify({
        critical: { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest } },
      }),
    )
  const digest = `sha256:${hex('x')}`

  test('in the normalised spelling', () => {
    expect(simpleSigningImage(document('docker.io/acme/app', digest))).toEqual({
      repository: 'index.docker.io/acme/app',
      digest,
    })
  })

  test.each([
    ['no reference', document(undefined, digest)],
    ['a reference that is none', document(7, digest)],
    ['no digest', document('docker.io/acme/app', undefined)],
    ['no JSON', Buffer.from('?')],
    ['null', Buffer.from('null')],
    ['20,000 levels', Buffer.from('['.repeat(20_000))],
  ])('is none: %s', (_, payload) => {
    expect(simpleSigningImage(payload)).toBeUndefined()
  })

  test('a signature of another image of the run may stand beside provenance in a shared place alone', () => {
    const entry: Entry = {
      kind: 'raw',
      payloadType: 't',
      payload: document('registry.example/aa', `sha256:${hex('aa')}`),
      signatures: [],
    }
    expect(relation(entry, run, subjects, 'many')).toBe('beside')
    expect(relation(entry, run, subjects, 'one')).toBe('other')
    expect(relation(entry, run, [], 'many')).toBe('other')
    expect(relation(entry, imageOf(run), subjects, 'one')).toBe('same')
    expect(relation(raw('x'), imageOf(run), subjects, 'one')).toBe('other')
  })
})
