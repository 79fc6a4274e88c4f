/** From copies in several formats, and of several runs, to marks: a rule a line. */
import { describe, expect, test } from 'vitest'
import type { About } from '../../../src/backend/backend.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { aboutImage, attest, imageOf, signImage, taskRun } from '../../support/makers.ts'
import { at, good, inFormat, marks, one, ours, run, told } from './copies.ts'

describe('several formats', () => {
  test('are held against each other over what both state', async () => {
    expect(marks([one(good), one(await inFormat(run, 'slsa/v2alpha4'))])).toBe('a= b=')
    const builder = (text: string) => text.replace('"id":"https://tekton.dev/chains/v2"', '"id":"https://evil"')
    const other = await inFormat(run, 'slsa/v2alpha4', builder)
    const { rows } = told([one(good), one(other)])
    expect(rows.map(({ mark, error }) => `${mark} ${error?.code}`)).toEqual([
      '* drift_across_formats',
      '* drift_across_formats',
    ])
    expect(rows[0]?.detail).toBe('the builder id is not what slsa/v2alpha4 says')
  })

  test('a named one that is not there is absent, in each backend that has another', async () => {
    const v4 = await inFormat(run, 'slsa/v2alpha4')
    const { rows } = told([one(good), one(v4)], ['slsa/v1'])
    expect(rows.map(({ backend, format, mark }) => `${backend} ${format} ${mark}`)).toEqual([
      'a slsa/v1 =',
      'b slsa/v2alpha4 =',
      'b slsa/v1 +',
    ])
  })

  test('what may be of two is of the one that is asked for', async () => {
    const v3 = await inFormat(taskRun('aa'), 'slsa/v2alpha3')
    expect(told([one(v3)], ['slsa/v2alpha3']).rows.map(({ format }) => format)).toEqual(['slsa/v2alpha3'])
  })
})

describe('an image', () => {
  const image = imageOf(run)
  const of = aboutImage(image)
  const attested: About = {
    artifact: { type: 'image', image: image.image },
    kind: 'dsse',
    subjects: of.subjects,
    role: 'attestation',
  }
  const said = (readings: readonly (readonly Entry[])[]) =>
    told(
      readings.map((entries) => at('many', entries, attested)),
      [],
      attested,
    )

  test('what several runs say of it is not compared across them', async () => {
    const other = await attest(taskRun('bb', { image: 'aa', start: '2026-11-18T08:00:00Z' }), ours)
    const { rows, references } = said([
      [good, other],
      [good, other],
    ])
    expect(rows.map(({ mark }) => mark)).toEqual(['=', '=', '=', '='])
    expect(references).toHaveLength(2)
  })

  test('what one run says of it twice and differently drifts', async () => {
    const changed = await inFormat(run, 'slsa/v1', (text) => text.replace('"team":"a"', '"team":"b"'))
    expect(said([[good], [changed]]).rows.map(({ mark }) => mark)).toEqual(['*', '*'])
  })

  test('formats of several runs are not held against each other', async () => {
    const other = await inFormat(
      taskRun('bb', { image: 'aa', start: '2026-11-18T08:00:00Z' }),
      'slsa/v2alpha4',
      (text) => text.replace('chains/v2"', 'chains/v3"'),
    )
    expect(said([[good, other], [good]]).rows.map(({ mark }) => mark)).toEqual(['=', '=', '='])
    expect(said([[good], [good, other]]).rows.map(({ mark }) => mark)).toEqual(['=', '=', '='])
  })

  test('stores that have nothing in common do not agree: each lacks what the other has', async () => {
    const other = await attest(taskRun('bb', { image: 'aa', start: '2026-11-18T08:00:00Z' }), ours)
    const told = (readings: Parameters<typeof said>[0]) =>
      said(readings).rows.map(({ backend, mark, format }) => `${backend}${mark} ${format}`)
    expect(told([[good], [other]])).toEqual(['a= slsa/v1', 'a+ slsa/v1', 'b= slsa/v1', 'b+ slsa/v1'])
    expect(told([[good], []])).toEqual(['a= slsa/v1', 'b+ slsa/v1'])
    expect(told([[good]])).toEqual(['a= slsa/v1'])
    expect(told([[good], [good, other], [other]])).toEqual(['a= slsa/v1', 'b= slsa/v1', 'b= slsa/v1', 'c= slsa/v1'])
  })

  test('a missing signature is told as simplesigning', async () => {
    expect(told([at('one', [], of)], [], of).rows).toMatchObject([{ mark: '+', format: 'simplesigning' }])
    expect(told([at('one', [await signImage(image, ours)], of)], [], of).rows).toMatchObject([{ mark: '=' }])
  })
})

test('without the run at hand, formats that state nothing in common do not agree', async () => {
  const bare = (predicateType: string, predicate: object) =>
    attest(
      run,
      ours,
      Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject: [], predicateType, predicate })),
    )
  const claim = { kind: 'TaskRun' as const, uid: run.uid, identity: '' }
  const of: About = { artifact: { ...run, object: {}, claim }, kind: 'dsse', subjects: [] }
  const old = await bare('https://slsa.dev/provenance/v0.2', { buildType: 'tekton.dev/v1/TaskRun' })
  const current = await bare('https://slsa.dev/provenance/v1', { runDetails: { metadata: { invocationId: run.uid } } })
  const readings = [at('one', [old], of), at('one', [current], of)]
  expect(told(readings, [], of).rows.map(({ mark }) => mark)).toEqual(['*', '*'])
})
