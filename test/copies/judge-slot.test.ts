/** What was found in one place, sorted: a rule a line. */

import { beforeAll, describe, expect, test } from 'vitest'
import type { About, Found } from '../../src/backend/backend.ts'
import { judge, spoiledCopy } from '../../src/copies/judge-slot.ts'
import type { Entry } from '../../src/model/entry.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { trustOf } from '../../src/trust/trusted-keys.ts'
import { checksUnder } from '../../src/trust/verify-entry.ts'
import {
  aboutImage,
  aboutRun,
  attest,
  hex,
  imageOf,
  item,
  signer,
  signImage,
  slot,
  taskRun,
} from '../support/makers.ts'

const run = taskRun('aa')
const sibling = taskRun('bb', { image: 'aa' })
const earlier = taskRun('bb', { image: 'aa', start: '2026-11-18T08:00:00Z' })
const image = imageOf(run)
const about = aboutRun(run)
const of = aboutImage(image)
const attested: About = { artifact: image, kind: 'dsse', subjects: of.subjects, role: 'attestation' }
const signedAs: About = { ...attested, role: 'signature' }
let ours: KeySigner
let theirs: KeySigner
let trust: Trust
let good: Entry
let signature: Entry

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
  trust = trustOf(ours)
  good = await attest(run, ours)
  signature = await signImage(image, ours)
})

function statement(predicateType: string, predicate: unknown = {}, digest = hex('aa')): Uint8Array {
  const subject = [{ name: 'registry.example/aa', digest: { sha256: digest } }]
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }))
}

async function said(predicateType: string, by = ours, digest = hex('aa')): Promise<Entry> {
  return attest(run, by, statement(predicateType, {}, digest))
}

function unsigned(entry: Entry, keyid?: string): Entry {
  return { ...entry, signatures: [{ sig: Buffer.from('no signature'), ...(keyid === undefined ? {} : { keyid }) }] }
}

/** How the items are sorted: `good`, `neighbour`, or the code, with `!` where it claims to be ours. */
function sorted(target: About, holds: 'one' | 'many', ...items: readonly (Entry | Found)[]): string {
  const found = items.map((one) => ('location' in one ? one : item(one)))
  const judged = judge(target, slot('b', holds, target.kind), found, checksUnder(trust))
  return [
    ...judged.good.map(({ altered }) => (altered === true ? 'altered' : 'good')),
    ...judged.neighbours.map(() => 'neighbour'),
    ...judged.others.map(({ code, claims }) => `${code}${claims ? '!' : ''}`),
  ].join(' ')
}

describe("in a run's own place", () => {
  test.each([
    'https://openvex.dev/ns/v0.2.0',
    'https://slsa.dev/verification_summary/v1',
    'https://sigstore.dev/cosign/sign/v1',
    'https://slsa.dev/provenance/v0.1',
    'https://slsa.dev/provenance/v1',
    'https://slsa.dev/provenance/v0.2',
  ])('another Statement about its image is no copy: %s', async (type) => {
    expect(sorted(about, 'one', await said(type))).toBe('wrong_artifact!')
    expect(sorted(about, 'many', await said(type))).toBe('neighbour')
    const claimed: About = {
      ...about,
      artifact: { ...run, object: {}, claim: { kind: 'TaskRun', uid: run.uid, identity: '' } },
    }
    expect(sorted(claimed, 'one', await said(type))).toBe('wrong_artifact!')
  })

  test('its provenance is a copy, in any format', async () => {
    expect(sorted(about, 'one', good)).toBe('good')
    expect(sorted({ ...about, format: 'slsa/v1' }, 'one', good)).toBe('good')
  })

  test('its provenance in another format than asked for is a neighbour', () => {
    expect(sorted({ ...about, format: 'slsa/v2alpha4' }, 'one', good)).toBe('neighbour')
  })

  test("a sibling's is not, nor one about something else", async () => {
    expect(sorted(about, 'one', await attest(sibling, ours))).toBe('wrong_artifact!')
    expect(sorted(about, 'one', await attest(taskRun('cc'), ours))).toBe('wrong_artifact!')
  })

  test('what does not verify claims to be it, whatever it says', async () => {
    expect(sorted(about, 'one', unsigned(good))).toBe('signature_invalid!')
    expect(sorted(about, 'one', await attest(run, theirs))).toBe('key_untrusted!')
    expect(sorted(about, 'one', unsigned(await said('https://openvex.dev/ns/v0.2.0')))).toBe('signature_invalid!')
    expect(sorted(about, 'one', { ...unsigned(good), payload: Buffer.from('?') })).toBe('signature_invalid!')
  })

  test('an image signature is no copy', () => {
    expect(sorted(about, 'one', signature)).toBe('wrong_artifact!')
  })

  test('an entry without a signature does not verify', () => {
    expect(sorted(about, 'one', { ...good, signatures: [] })).toBe('signature_invalid!')
  })
})

describe('in a shared place', () => {
  test("a sibling's provenance is a neighbour, one about another image has no business there", async () => {
    expect(sorted(about, 'many', await attest(sibling, ours), good)).toBe('good neighbour')
    expect(sorted(about, 'many', await attest(taskRun('cc'), ours))).toBe('wrong_artifact!')
  })

  test('what does not verify claims to be it when it says so, or names our key', async () => {
    expect(sorted(about, 'many', unsigned(good))).toBe('signature_invalid!')
    expect(sorted(about, 'many', await attest(run, theirs))).toBe('key_untrusted!')
    expect(sorted(about, 'many', unsigned(await attest(earlier, ours)))).toBe('signature_invalid')
    expect(sorted(about, 'many', unsigned(await attest(earlier, ours), ours.keyid))).toBe('signature_invalid!')
    expect(sorted(about, 'many', unsigned(await attest(earlier, ours), theirs.keyid))).toBe('key_untrusted')
    expect(sorted(about, 'many', unsigned(await said('https://openvex.dev/ns/v0.2.0')))).toBe('signature_invalid')
  })

  test('signatures of the image may stand among bundles', async () => {
    expect(sorted(about, 'many', signature, good)).toBe('good neighbour')
    expect(sorted(about, 'many', await signImage(imageOf(run, 'zz'), ours))).toBe('wrong_artifact!')
    expect(sorted(about, 'many', unsigned(signature))).toBe('signature_invalid')
  })

  test('a payload that is no Statement has no business there', async () => {
    expect(sorted(about, 'many', await attest(run, ours, Buffer.from('?')))).toBe('wrong_artifact!')
    expect(sorted(about, 'many', unsigned(await attest(run, ours, Buffer.from('?'))))).toBe('signature_invalid')
  })
})

describe('what nobody we know has signed is not interpreted', () => {
  const deep = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example/aa","digest":{"sha256":"${hex('aa')}"}}],"predicateType":"p","predicate":${'['.repeat(20_000)}${']'.repeat(20_000)}}`

  test.each(['one', 'many'] as const)('20,000 levels in a place for %s', async (holds) => {
    const entry = unsigned({ ...good, payload: Buffer.from(deep) })
    const artifact = {
      type: 'statement' as const,
      name: 's',
      payload: statement('p'),
      predicateType: 'p',
      subjects: about.subjects,
    }
    const claim = holds === 'one' ? '!' : ''
    expect(sorted(about, holds, entry)).toBe(`signature_invalid${claim}`)
    expect(sorted({ ...about, artifact }, holds, entry)).toBe(`signature_invalid${claim}`)
    expect(sorted(attested, 'many', entry)).toBe('signature_invalid')
    expect(sorted(of, 'many', { ...unsigned(signature), payload: Buffer.from(deep) })).toBe('signature_invalid!')
  })

  test('nor is one that verifies and is nested deeper than anything real', async () => {
    expect(sorted(about, 'one', await attest(run, ours, Buffer.from(deep)))).toBe('wrong_artifact!')
    expect(sorted(about, 'many', await attest(run, ours, Buffer.from(deep)))).toBe('wrong_artifact!')
  })
})

describe('a Statement of its own', () => {
  const payload = statement('p', { a: 1, b: 2 })
  const target: About = {
    artifact: { type: 'statement', name: 's', payload, predicateType: 'p', subjects: about.subjects },
    kind: 'dsse',
    subjects: about.subjects,
  }
  test.each(['one', 'many'] as const)('is what means the same, in a place for %s', async (holds) => {
    expect(sorted(target, holds, await attest(run, ours, payload))).toBe('good')
    expect(sorted(target, holds, await attest(run, ours, statement('p', { b: 2, a: 1 })))).toBe('good')
    const other = holds === 'one' ? 'wrong_artifact!' : 'neighbour'
    expect(sorted(target, holds, await attest(run, ours, statement('p', { a: 2, b: 2 })))).toBe(other)
    expect(sorted(target, holds, good)).toBe(other)
    expect(sorted(target, holds, unsigned(await attest(run, ours, payload)))).toBe('signature_invalid!')
  })
})

describe('an image', () => {
  test.each(['one', 'many'] as const)('its signature, in a place for %s', async (holds) => {
    expect(sorted(of, holds, signature)).toBe('good')
    expect(sorted(of, holds, await signImage(imageOf(run, 'zz'), ours))).toBe('wrong_artifact!')
    const mirrored = { ...image, image: { ...image.image, repository: 'mirror.example/aa' } }
    expect(sorted(of, holds, await signImage(mirrored, ours))).toBe('neighbour')
    expect(sorted(of, holds, unsigned(await signImage(mirrored, ours)))).toBe('signature_invalid')
    expect(sorted(of, holds, unsigned(signature))).toBe('signature_invalid!')
    expect(sorted(of, holds, unsigned(await signImage(imageOf(run, 'zz'), ours)))).toBe('signature_invalid!')
  })

  test('an attestation in the place of its signature is no copy', () => {
    expect(sorted(of, 'one', good)).toBe('wrong_artifact!')
    expect(sorted(of, 'many', unsigned(good, ours.keyid))).toBe('signature_invalid')
  })

  test('what signs it and what is said about it are told apart', async () => {
    const signs = await said('https://sigstore.dev/cosign/sign/v1')
    const says = await said('https://openvex.dev/ns/v0.2.0')
    expect(sorted(signedAs, 'many', signs, says)).toBe('good neighbour')
    expect(sorted(attested, 'many', signs, says)).toBe('good neighbour')
    expect(sorted(signedAs, 'many', signature)).toBe('good')
    expect(sorted({ ...attested, subjects: [] }, 'many', await said('x', ours, hex('zz')))).toBe('wrong_artifact!')
  })

  test('and in a place for one, what is not asked for is no copy', async () => {
    expect(sorted(signedAs, 'one', await said('https://openvex.dev/ns/v0.2.0'))).toBe('wrong_artifact!')
    expect(sorted(attested, 'one', await said('https://sigstore.dev/cosign/sign/v1'))).toBe('wrong_artifact!')
  })
})

describe('damage and other signatures', () => {
  test('damage claims to be ours, a stranger does not', () => {
    const damage = (code: 'copy_malformed' | 'stranger'): Found => ({
      location: 'x',
      raw: new Uint8Array(),
      damage: { code, message: 'm' },
    })
    expect(sorted(about, 'many', damage('copy_malformed'), damage('stranger'))).toBe('copy_malformed! stranger')
  })

  test("somebody else's signature beside ours is listed, and counts for nothing", async () => {
    const both = { ...good, signatures: [...good.signatures, { sig: Buffer.from('x'), keyid: theirs.keyid }] }
    expect(sorted(about, 'one', both)).toBe('good key_untrusted')
  })

  test('a copy says which keys made it, and which of its signatures verify', async () => {
    const both = { ...good, signatures: [{ sig: Buffer.from('x') }, ...good.signatures] }
    const [copy] = judge(about, slot('b', 'one'), [item(both)], checksUnder(trust)).good
    expect(copy).toMatchObject({ keyids: [ours.keyid], verified: good.signatures })
    expect(copy?.keyHints).toEqual(trust.keys.map(({ hint }) => hint))
  })

  test('of several failures, that over the bytes is told before that of an unknown key', async () => {
    const signatures = [{ sig: Buffer.from('x'), keyid: theirs.keyid }, { sig: Buffer.from('y') }]
    expect(sorted(about, 'one', { ...good, signatures })).toBe('signature_invalid!')
  })
})

describe('a copy that fails for what stands beside its signature', () => {
  const beside = (entry: Entry): Entry => ({
    ...entry,
    signatures: entry.signatures.map((one) => ({ ...one, certificate: 'none' })),
  })
  const judged = (...entries: readonly Entry[]) =>
    judge(
      about,
      slot('b', 'many'),
      entries.map((one) => item(one)),
      checksUnder(trust),
    )

  test('is to be replaced, unless a good one lies there too', async () => {
    expect(spoiledCopy(judged(beside(good)), good)?.entry).toEqual(beside(good))
    expect(spoiledCopy(judged(beside(good), good), good)).toBeUndefined()
    expect(spoiledCopy(judged(good), good)).toBeUndefined()
    expect(spoiledCopy(judged(beside(await attest(sibling, ours))), good)).toBeUndefined()
    const damage: Found = { location: 'x', raw: new Uint8Array(), damage: { code: 'copy_malformed', message: 'm' } }
    expect(spoiledCopy(judge(about, slot('b', 'many'), [damage], checksUnder(trust)), good)).toBeUndefined()
  })
})
