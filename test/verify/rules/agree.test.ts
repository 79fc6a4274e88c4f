/** From copies to marks, a rule a line. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { About, Found } from '../../../src/backend/backend.ts'
import type { Look } from '../../../src/copies/read-copies.ts'
import { formatNamed } from '../../../src/formats/index.ts'
import type { RunArtifact } from '../../../src/model/artifact.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { encodeEnvelope } from '../../../src/model/envelope.ts'
import type { KeySigner } from '../../../src/signing/signer.ts'
import { joinTrust, type Trust, trustOf } from '../../../src/trust/trusted-keys.ts'
import { agree } from '../../../src/verify/agree.ts'
import {
  aboutImage,
  aboutRun,
  attest,
  FORMAT_OPTIONS,
  imageOf,
  item,
  look,
  signer,
  signImage,
  slot,
  taskRun,
} from '../../support/makers.ts'
import { twinOf } from '../../support/twin.ts'

const run = taskRun('aa')
const sibling = taskRun('bb', { image: 'aa' })
const about = aboutRun(run)
let ours: KeySigner
let theirs: KeySigner
let trust: Trust
let good: Entry

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
  trust = joinTrust([trustOf(ours), trustOf(theirs)])
  good = await attest(run, ours)
})

async function inFormat(of: RunArtifact, format: string, change: (text: string) => string = (text) => text) {
  const text = Buffer.from(formatNamed(format).payload(of, FORMAT_OPTIONS)).toString()
  return attest(of, ours, Buffer.from(change(text)))
}

function twin(entry: Entry): Entry {
  const { envelope: _, ...bare } = entry
  const turned = { ...bare, signatures: entry.signatures.map((one) => ({ ...one, sig: twinOf(one.sig) })) }
  return { ...turned, envelope: encodeEnvelope(turned) }
}

const one = (...entries: readonly Entry[]) => at('one', entries)
const many = (...entries: readonly Entry[]) => at('many', entries)
function at(holds: 'one' | 'many', entries: readonly Entry[], of: About = about): Look {
  return look(
    of,
    'x',
    holds,
    entries.map((entry, i) => item(entry, `at ${i}`)),
    trust,
  )
}
const DOWN: Look = { backend: 'x', slot: slot('x', 'one'), error: { code: 'unreachable', message: 'down' } }
const REFUSED: Look = { backend: 'x', error: { code: 'host_refused', message: 'no' } }

/** Backends a, b, c, … in this order. */
function told(looks: readonly Look[], required: readonly string[] = [], of: About = about) {
  const named = looks.map((one, i) => ({ ...one, backend: String.fromCharCode(97 + i) }))
  return agree(of, named, () => required)
}
const marks = (looks: readonly Look[], required: readonly string[] = [], of: About = about): string =>
  told(looks, required, of)
    .rows.map(({ backend, mark }) => `${backend}${mark}`)
    .join(' ')

describe('one format', () => {
  test('the same bytes under the same signature agree', () => {
    expect(marks([one(good), many(good)])).toBe('a= b=')
  })

  test('the other form of an ECDSA signature is the same signature: =, and said', () => {
    const { rows } = told([one(good), many(twin(good)), many(good, twin(good))])
    expect(rows.map(({ mark }) => mark)).toEqual(['=', '=', '='])
    expect(rows.map(({ detail }) => detail)).toEqual([
      undefined,
      'the same signature in its other form, (r, n - s)',
      'the same signature in its other form, (r, n - s)',
    ])
    expect(rows[1]?.signatures).not.toEqual(rows[0]?.signatures)
  })

  test('another valid signature is a re-sign', async () => {
    const again = await attest(run, theirs)
    expect(told([one(good), one(again)]).rows[1]).toMatchObject({
      mark: '~',
      detail: expect.stringContaining('another valid signature'),
    })
    expect(marks([one(good), many(good, again)])).toBe('a= b~')
  })

  test('another spelling of the same is one', async () => {
    const spaced = await inFormat(run, 'slsa/v1', (text) => text.replaceAll('","', '", "'))
    const { rows } = told([one(good), one(spaced), many(good, spaced)])
    expect(rows.map(({ mark }) => mark)).toEqual(['=', '~', '~'])
    expect(rows.map(({ detail }) => detail)).toEqual([
      undefined,
      'the same meaning in another serialisation',
      'holds the same meaning in another serialisation as well',
    ])
    expect(rows[1]?.differences).toHaveLength(1)
    expect(rows[2]?.differences).toHaveLength(1)
    expect(rows[0]).not.toHaveProperty('differences')
  })

  test('what means something else drifts, everywhere, and says where', async () => {
    const other = await inFormat(run, 'slsa/v1', (text) => text.replace('"team":"a"', '"team":"b"'))
    const { rows } = told([one(good), one(other), one(good)])
    expect(rows.map(({ mark }) => mark)).toEqual(['*', '*', '*'])
    expect(rows.map(({ error }) => error?.code)).toEqual(['drift', 'drift', 'drift'])
    expect(rows[0]?.detail).toBe('another copy differs from this one')
    expect(rows[1]?.detail).toBe('differs at /predicate/invocation/environment/labels/team')
    expect(rows[1]?.differences).toHaveLength(1)
    expect(marks([many(good, other)])).toBe('a*')
  })

  test('the reference is the first that verifies, and is named once', async () => {
    expect(told([one(), one(good), one(good)]).references).toEqual([
      { format: 'slsa/v1', location: 'at 0', entry: expect.stringMatching(/^dsse:sha256:/) },
    ])
  })
})

describe('a copy that names this run and says something else', () => {
  const alter = () =>
    inFormat(run, 'slsa/v2alpha4', (text) =>
      text.replace('"name":"revision","value":"aa"', '"name":"revision","value":"evil"'),
    )

  test('drifts alone, and beside a right one', async () => {
    const altered = await alter()
    const right = await inFormat(run, 'slsa/v2alpha4')
    expect(marks([one(altered)])).toBe('a*')
    expect(told([one(altered)]).rows[0]?.error?.message).toMatch(/names this run, but says something else/)
    expect(marks([one(altered), one(altered)])).toBe('a* b*')
    expect(marks([one(altered), one(right)])).toBe('a* b*')
    expect(marks([many(right, altered)])).toBe('a*')
    expect(marks([one(right), one(right)])).toBe('a= b=')
  })

  test('is no reference, though it comes first', async () => {
    const right = await inFormat(run, 'slsa/v2alpha4')
    const { references } = told([one(await alter()), one(right)])
    expect(references).toEqual([expect.objectContaining({ entry: told([one(right)]).references[0]?.entry })])
  })
})

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

describe('no copy', () => {
  const row = (looked: Look, required: readonly string[] = []) => told([looked], required).rows

  test('nothing there is absent, once for each format that is asked for', () => {
    expect(row(one())).toMatchObject([{ mark: '+', error: { code: 'absent' } }])
    expect(row(one(), ['slsa/v1', 'slsa/v2alpha4'])).toMatchObject([
      { mark: '+', format: 'slsa/v1' },
      { mark: '+', format: 'slsa/v2alpha4' },
    ])
  })

  test('a place that could not be read says why, for each format', () => {
    expect(row(DOWN)).toMatchObject([{ mark: '!', slot: 'x-slot', error: { code: 'unreachable' } }])
    expect(row(DOWN, ['slsa/v1', 'slsa/v2alpha4'])).toHaveLength(2)
    expect(row(REFUSED)).toMatchObject([{ mark: '!', error: { code: 'host_refused' } }])
    expect(row(REFUSED)[0]).not.toHaveProperty('slot')
  })

  test('a backend that keeps nothing of the kind is x, whatever is asked for', () => {
    expect(row({ backend: 'x' }, ['slsa/v1'])).toEqual([{ backend: 'a', mark: 'x' }])
    expect(row({ backend: 'x', sendTo: slot('x', 'one') })).toEqual([{ backend: 'a', mark: 'x' }])
  })

  test('what claims to be ours and is not is #, said once', async () => {
    const wrong = await attest(sibling, ours)
    expect(row(one(wrong), ['slsa/v1', 'slsa/v2alpha4'])).toMatchObject([
      { mark: '#', format: 'slsa/v1', location: 'at 0', error: { code: 'wrong_artifact' } },
    ])
  })

  test('missing are told in the format that others have', async () => {
    expect(told([one(good), one(), DOWN]).rows.map(({ format }) => format)).toEqual(['slsa/v1', 'slsa/v1', 'slsa/v1'])
    expect(told([one()]).rows[0]).not.toHaveProperty('format')
  })
})

describe('what stands beside', () => {
  const bad = (): Entry => ({ ...good, signatures: [{ sig: Buffer.from('x') }] })

  test('in a shared place it is a stranger, once there is a good copy', () => {
    const { rows, strangers } = told([many(good, bad())])
    expect(rows).toMatchObject([{ mark: '=' }])
    expect(strangers).toEqual([
      { backend: 'a', location: 'at 1', code: 'signature_invalid', message: expect.any(String) },
    ])
  })

  test('in a place for one it makes the place #, and the rest are strangers', () => {
    const { rows, strangers } = told([one(good, bad(), bad())])
    expect(rows).toMatchObject([{ mark: '#', error: { code: 'signature_invalid' } }])
    expect(strangers).toHaveLength(1)
  })

  test('in a shared place without a good copy the first that claims to be ours is blamed', () => {
    const { rows, strangers } = told([many(bad(), bad())])
    expect(rows).toMatchObject([{ mark: '#', location: 'at 0' }])
    expect(strangers).toMatchObject([{ location: 'at 1' }])
  })

  test('what claims nothing leaves the place absent', () => {
    const damage: Found = { location: 'l', raw: new Uint8Array(), damage: { code: 'stranger', message: 'm' } }
    const { rows, strangers } = told([look(about, 'x', 'many', [damage], trust)])
    expect(rows).toMatchObject([{ mark: '+' }])
    expect(strangers).toMatchObject([{ code: 'stranger' }])
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
  const said = (looks: readonly (readonly Entry[])[]) =>
    told(
      looks.map((entries) => at('many', entries, attested)),
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
    const told = (looks: Parameters<typeof said>[0]) =>
      said(looks).rows.map(({ backend, mark, format }) => `${backend}${mark} ${format}`)
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
  const looks = [at('one', [old], of), at('one', [current], of)]
  expect(told(looks, [], of).rows.map(({ mark }) => mark)).toEqual(['*', '*'])
})
