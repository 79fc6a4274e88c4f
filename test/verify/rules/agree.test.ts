/** From copies of one format to marks, a rule a line. */
import { describe, expect, test } from 'vitest'
import type { Found } from '../../../src/backend/backend.ts'
import type { Reading } from '../../../src/copies/read-copies.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { encodeEnvelope } from '../../../src/model/envelope.ts'
import { attest, reading, slot } from '../../support/makers.ts'
import { twinOf } from '../../support/twin.ts'
import { about, good, inFormat, many, marks, one, ours, run, sibling, theirs, told, trust } from './copies.ts'

function twin(entry: Entry): Entry {
  const { envelope: _, ...bare } = entry
  const turned = { ...bare, signatures: entry.signatures.map((one) => ({ ...one, sig: twinOf(one.sig) })) }
  return { ...turned, envelope: encodeEnvelope(turned) }
}

const DOWN: Reading = { backend: 'x', slot: slot('x', 'one'), error: { code: 'unreachable', message: 'down' } }
const REFUSED: Reading = { backend: 'x', error: { code: 'host_refused', message: 'no' } }

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

describe('no copy', () => {
  const row = (looked: Reading, required: readonly string[] = []) => told([looked], required).rows

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
    const { rows, strangers } = told([reading(about, 'x', 'many', [damage], trust)])
    expect(rows).toMatchObject([{ mark: '+' }])
    expect(strangers).toMatchObject([{ code: 'stranger' }])
  })
})
