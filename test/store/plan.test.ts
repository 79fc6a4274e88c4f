/** What a store would do with each place, a rule a line. */

import { beforeAll, describe, expect, test } from 'vitest'
import type { About, Found } from '../../src/backend/backend.ts'
import { judge } from '../../src/copies/judge-slot.ts'
import type { Reading } from '../../src/copies/read-copies.ts'
import { formatNamed } from '../../src/formats/index.ts'
import type { Entry } from '../../src/model/entry.ts'
import { PROOFS } from '../../src/model/proofs.ts'
import { draft } from '../../src/signing/sign-once.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import { foreignSigner, type PlanOptions, type PlanRow, planRow } from '../../src/store/plan.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { checksUnder } from '../../src/trust/verify-entry.ts'
import { STAMPS } from '../conformance/proof-samples.ts'
import {
  aboutImage,
  aboutRun,
  attest,
  FORMAT_OPTIONS,
  imageOf,
  item,
  signer,
  signImage,
  slot,
  taskRun,
} from '../support/makers.ts'

const run = taskRun('aa')
const about: About = { ...aboutRun(run), format: 'slsa/v1' }
const SIZE = { bytes: 7 }
const TOO_LARGE = { error: { code: 'entry_too_large' as const, message: 'large' } }
let ours: KeySigner
let theirs: KeySigner
let trust: Trust
let entry: Entry

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
  trust = joinTrust([trustOf(ours)])
  entry = await attest(run, ours)
})

function reading(holds: 'one' | 'many', found: readonly (Entry | Found)[], of = about, keys = trust): Reading {
  const place = slot('x', holds, of.kind)
  const items = found.map((one) => ('location' in one ? one : item(one)))
  return { backend: 'x', slot: place, judged: judge(of, place, items, checksUnder(keys)) }
}

function planned(looked: Reading, more: Partial<PlanOptions> = {}, wanted = entry): PlanRow {
  return planRow(looked, wanted, { size: () => SIZE, resign: false, foreign: false, kept: PROOFS, ...more })
}
const action = (...args: Parameters<typeof planned>): string => planned(...args).action

const damage: Found = { location: 'l', raw: new Uint8Array(), damage: { code: 'copy_malformed', message: 'm' } }
const spaced = () => attest(run, ours, Buffer.from(Buffer.from(entry.payload).toString().replaceAll('","', '", "')))
const drifted = () => attest(taskRun('aa', { labels: { team: 'b' } }), ours)
const otherFormat = () => attest(run, ours, formatNamed('slsa/v2alpha4').payload(run, FORMAT_OPTIONS))

describe('where nobody has looked', () => {
  test('a write-only store is sent it, if it fits', () => {
    const sendTo = slot('x', 'one')
    expect(planned({ backend: 'x', sendTo })).toEqual({ backend: 'x', slot: sendTo, action: 'send', ...SIZE })
    expect(planned({ backend: 'x', sendTo }, { size: () => TOO_LARGE })).toMatchObject({
      action: 'blocked',
      ...TOO_LARGE,
    })
  })

  test('a backend that keeps nothing of the kind says why, where there is a reason', () => {
    expect(planned({ backend: 'x' })).toEqual({ backend: 'x', action: 'not_kept' })
    const error = { code: 'host_refused' as const, message: 'm' }
    expect(planned({ backend: 'x', error })).toEqual({ backend: 'x', action: 'not_kept', error })
  })

  test('what could not be looked at is tried', () => {
    const error = { code: 'unreachable' as const, message: 'm' }
    const place = slot('x', 'one')
    expect(planned({ backend: 'x', slot: place, error })).toEqual({
      backend: 'x',
      slot: place,
      action: 'attempt',
      ...SIZE,
      error,
    })
    expect(planned({ backend: 'x', slot: place })).not.toHaveProperty('error')
  })
})

describe.each(['one', 'many'] as const)('in a place for %s', (holds) => {
  test('nothing there is written', () => {
    expect(planned(reading(holds, []))).toMatchObject({ action: 'write', ...SIZE })
  })

  test('what can never fit is blocked', () => {
    expect(planned(reading(holds, []), { size: () => TOO_LARGE })).toMatchObject({ action: 'blocked', ...TOO_LARGE })
  })

  test('the entry itself is present', () => {
    expect(planned(reading(holds, [entry]))).toEqual(expect.not.objectContaining({ detail: expect.anything() }))
    expect(action(reading(holds, [entry]))).toBe('present')
    expect(action(reading(holds, [entry]), { resign: true })).toBe('present')
  })

  test('the entry itself is present whatever else lies there', async () => {
    expect(planned(reading(holds, [await spaced(), entry]))).not.toHaveProperty('detail')
    expect(action(reading(holds, [await drifted(), entry]))).toBe('present')
  })

  test('the same meaning is present, and said; with --resign it is replaced', async () => {
    const looked = reading(holds, [await spaced()])
    expect(planned(looked)).toMatchObject({ action: 'present', detail: expect.stringContaining('same meaning') })
    expect(planned(looked, { resign: true })).toMatchObject({ action: 'replace', ...SIZE })
  })

  test('another meaning blocks: drift; with --resign it is replaced', async () => {
    const looked = reading(holds, [await drifted()])
    expect(planned(looked)).toMatchObject({ action: 'blocked', error: { code: 'drift' } })
    expect(action(looked, { resign: true })).toBe('replace')
  })
})

describe('what is damaged', () => {
  test('is replaced in a place for one, also beside a good copy', () => {
    expect(action(reading('one', [damage]))).toBe('replace')
    expect(action(reading('one', [entry, damage]))).toBe('replace')
  })

  test('is left alone in a shared one, but for this entry spoiled by what stands beside its signature', () => {
    expect(action(reading('many', [damage]))).toBe('write')
    expect(action(reading('many', [entry, damage]))).toBe('present')
    const spoiled = { ...entry, signatures: entry.signatures.map((one) => ({ ...one, certificate: 'none' })) }
    expect(action(reading('many', [spoiled]))).toBe('replace')
  })

  test('blocks when a key that was not given has signed it', async () => {
    const looked = reading('one', [await attest(run, theirs)])
    expect(planned(looked)).toMatchObject({ action: 'blocked', error: { code: 'occupied', location: 'here' } })
    expect(action(reading('many', [await attest(run, theirs)]))).toBe('write')
  })
})

describe('another format in a place for one', () => {
  test('blocks, is replaced with --resign, and is no matter in a shared place', async () => {
    const other = await otherFormat()
    expect(planned(reading('one', [other]))).toMatchObject({
      action: 'blocked',
      error: { code: 'occupied', message: expect.stringContaining('slsa/v2alpha4') },
    })
    expect(action(reading('one', [other]), { resign: true })).toBe('replace')
    expect(action(reading('many', [other]))).toBe('write')
  })

  test('another image with the same key is no other format', async () => {
    const image = imageOf(run)
    const mirrored = { ...image, image: { ...image.image, repository: 'mirror.example/aa' } }
    const looked = reading('one', [await signImage(mirrored, ours)], aboutImage(image))
    expect(action(looked, {}, await signImage(image, ours))).toBe('write')
  })
})

describe('a foreign signer', () => {
  const of = (found: readonly (Entry | Found)[], holds: 'one' | 'many' = 'one') =>
    reading(holds, found).judged ?? { good: [], neighbours: [], others: [] }

  test('is one whose key was not given', async () => {
    expect(foreignSigner(of([await attest(run, theirs)]), false)?.code).toBe('occupied')
    expect(foreignSigner(of([damage]), false)).toBeUndefined()
    expect(foreignSigner(of([]), false)).toBeUndefined()
  })

  test('may be behind any signature that fails, where the place beside is by one', () => {
    const bad = { ...entry, signatures: [{ sig: Buffer.from('x') }] }
    expect(foreignSigner(of([bad]), false)).toBeUndefined()
    expect(foreignSigner(of([bad]), true)?.code).toBe('occupied')
    expect(foreignSigner(of([damage]), true)).toBeUndefined()
    expect(action(reading('one', [bad]), { foreign: true })).toBe('blocked')
    expect(action(reading('one', [bad]), { foreign: false })).toBe('replace')
  })

  test('is none where it claims nothing', async () => {
    const both = { ...entry, signatures: [...entry.signatures, { sig: Buffer.from('x'), keyid: theirs.keyid }] }
    expect(foreignSigner(of([both]), true)).toBeUndefined()
    expect(action(reading('one', [both]))).toBe('present')
  })
})

describe('proofs beside the signature', () => {
  const proven = (): Entry => ({
    ...entry,
    signatures: entry.signatures.map((signature) => ({ ...signature, timestamps: STAMPS })),
  })

  test.each(['one', 'many'] as const)('a copy without them is given them, in a place for %s', (holds) => {
    expect(planned(reading(holds, [entry]), {}, proven())).toMatchObject({ action: 'write', ...SIZE })
    expect(planned(reading(holds, [proven()]), {}, proven())).toMatchObject({ action: 'present' })
    expect(planned(reading(holds, [entry]), { size: () => TOO_LARGE }, proven())).toMatchObject({ action: 'blocked' })
  })

  test('where there is no place for them, nothing is missing', () => {
    expect(action(reading('one', [entry]), { kept: ['certificate'] }, proven())).toBe('present')
  })

  test('a certificate without a place is refused before anything is signed', () => {
    const { payload } = entry
    const certified = draft(formatNamed('slsa/v1'), payload, ['certificate', 'timestamps'])
    expect(certified.signatures[0]?.certificate).toContain('BEGIN CERTIFICATE')
    const refused = planned(reading('many', []), { kept: [] }, certified)
    expect(refused).toMatchObject({ action: 'blocked', error: { code: 'not_supported', hint: expect.any(String) } })
    expect(action(reading('many', []), {}, certified)).toBe('write')
    expect(action(reading('many', []), { kept: [] }, draft(formatNamed('slsa/v1'), payload))).toBe('write')
  })
})
