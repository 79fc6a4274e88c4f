/** Proofs of a signature: joined, compared, and kept as JSON beside a copy. */
import { describe, expect, test } from 'vitest'
import { entryId, signatureId } from '../../src/model/entry.ts'
import { logContent, logEntryOf, logProofOf } from '../../src/model/log-entry.ts'
import {
  holdsProofs,
  holdsWith,
  joinProofs,
  MAX_PROOFS,
  PROOFS,
  type Proofs,
  withProofsOf,
} from '../../src/model/proofs.ts'
import { isNewer, joinById, proofsIn, proofsText, readProofs, withProofs } from '../../src/model/proofs-json.ts'
import { LOG_ENTRY, LOG_ENTRY_V2, LOG_PROOF, STAMPS } from '../conformance/proof-samples.ts'
import { LEAF, ROOT, sampleEntry, sampleImage, sampleRun } from '../conformance/samples.ts'

const image = sampleImage('registry.example/acme/app', 'proofs')
const run = sampleRun('proofs', image)
const plain = sampleEntry('dsse', run, image, 'p', { signatures: 2 })
const [first, second] = plain.signatures
if (first === undefined || second === undefined) throw new Error('two signatures')
const all = { certificate: LEAF, chain: ROOT, logEntries: [LOG_ENTRY], logProof: LOG_PROOF, timestamps: STAMPS }

test('both have what either had, each once, and its own comes first', () => {
  const one = { logEntries: [LOG_ENTRY], timestamps: STAMPS.slice(0, 1) }
  const other = { logEntries: [JSON.stringify(JSON.parse(LOG_ENTRY), null, 1), LOG_ENTRY_V2], timestamps: STAMPS }
  expect(joinProofs(one, other)).toEqual({ logEntries: [LOG_ENTRY, LOG_ENTRY_V2], timestamps: STAMPS })
  expect(joinProofs({}, all)).toEqual(all)
  expect(joinProofs(all, {})).toEqual(all)
})

test('of two log proofs the second goes among the entries, and neither is lost', () => {
  const other = logProofOf(LOG_ENTRY) ?? ''
  const joined = joinProofs({ logProof: LOG_PROOF }, { logProof: other })
  expect(joined).toEqual({ logProof: LOG_PROOF, logEntries: [logEntryOf(other)] })
  expect(holdsProofs(joined, { logProof: other }, PROOFS)).toBe(true)
  expect(holdsProofs({ logProof: LOG_PROOF }, { logProof: other }, PROOFS)).toBe(false)
})

test('a chain is taken only with its own certificate', () => {
  expect(joinProofs({ certificate: LEAF }, { certificate: ROOT, chain: ROOT })).toEqual({ certificate: LEAF })
  expect(joinProofs<Proofs>({ certificate: LEAF }, { certificate: `${LEAF}\n`, chain: ROOT }).chain).toBe(ROOT)
  expect(joinProofs<Proofs>({}, { certificate: LEAF, chain: ROOT }).chain).toBe(ROOT)
})

test('nobody fills the memory with proofs', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `{"logIndex":"${i}"}`)
  expect(joinProofs({ logEntries: [LOG_ENTRY] }, { logEntries: many }).logEntries).toHaveLength(MAX_PROOFS)
})

test('an entry is completed from copies of the same signatures, and from no others', () => {
  const mine = { ...plain, signatures: [first, second] }
  const copy = { ...plain, signatures: [{ ...second, ...all }] }
  const stranger = { ...sampleEntry('dsse', run, image, 'other'), signatures: [{ ...first, ...all }] }
  const done = withProofsOf(mine, [copy, stranger])
  expect(done.signatures).toEqual([first, { ...second, ...all }])
  expect(entryId(done)).toBe(entryId(mine))
  expect(withProofsOf(mine, [stranger])).toBe(mine)
  expect(withProofsOf(done, [copy])).toBe(done)
})

test('what a backend does not keep is not missed', () => {
  const wanted = { ...plain, signatures: [{ ...first, ...all }] }
  for (const kind of PROOFS) {
    const { [kind]: _, ...rest } = { ...first, ...all }
    // cosign's proof is another one than the entry here.
    expect(holdsWith({ ...plain, signatures: [rest] }, wanted, PROOFS), kind).toBe(false)
    const others = PROOFS.filter((one) => one !== kind)
    expect(holdsWith({ ...plain, signatures: [rest] }, wanted, others), kind).toBe(true)
  }
  const half = { ...first, ...all, timestamps: STAMPS.slice(1) }
  expect(holdsWith({ ...plain, signatures: [half] }, wanted, PROOFS)).toBe(false)
  // Proofs of another signature are none of this one.
  expect(holdsWith({ ...plain, signatures: [first, { ...second, ...all }] }, wanted, PROOFS)).toBe(false)
})

test('proofs go to text and back, by signature', () => {
  const entry = { ...plain, signatures: [first, { ...second, ...all }] }
  const text = proofsText(proofsIn(entry.signatures, PROOFS)) ?? ''
  expect(JSON.parse(text)).toMatchObject({ v: 1, signatures: [{ signature: signatureId(second) }] })
  expect(withProofs(plain, readProofs(text)).signatures).toEqual(entry.signatures)
  expect(proofsText(proofsIn(plain.signatures, PROOFS))).toBeUndefined()
  expect(proofsText(proofsIn(entry.signatures, ['timestamps']))).not.toContain('certificate')
  const more = joinById(readProofs(text), proofsIn([{ ...first, logProof: LOG_PROOF }], PROOFS))
  expect([...more.keys()]).toEqual([signatureId(second), signatureId(first)])
})

describe('what is not in this form is refused', () => {
  const id = signatureId(first)
  const one = (row: object): string => JSON.stringify({ v: 1, signatures: [row] })
  const cases: readonly [string, string, RegExp][] = [
    ['no JSON', 'x', /invalid JSON/],
    ['a list', '[]', /not a JSON object/],
    ['a newer version', '{"v":2,"signatures":[]}', /version 2; this prov reads version 1/],
    ['no signatures', '{"v":1,"signatures":[]}', /not a list of 1/],
    ['a member more', JSON.stringify({ v: 1, signatures: [{ signature: id }], x: 1 }), /does not have/],
    ['a member more of a signature', one({ signature: id, x: 1 }), /does not have/],
    ['another id', one({ signature: 'sha512:00' }), /not named by its sha256/],
    ['one twice', JSON.stringify({ v: 1, signatures: [{ signature: id }, { signature: id }] }), /twice/],
    ['a certificate that is none', one({ signature: id, certificate: 'x' }), /no PEM certificate/],
    ['entries that are text', one({ signature: id, logEntries: 'x' }), /not a list/],
    ['too many entries', one({ signature: id, logEntries: Array(MAX_PROOFS + 1).fill('{}') }), /not a list of at most/],
    ['a number among the entries', one({ signature: id, logEntries: [1] }), /cannot be read/],
    ['a time-stamp that is not base64', one({ signature: id, timestamps: ['a*b'] }), /cannot be read/],
    ['an empty time-stamp', one({ signature: id, timestamps: [''] }), /cannot be read/],
    ['a log proof that is an object', one({ signature: id, logProof: {} }), /not text/],
  ]
  for (const [name, text, why] of cases) {
    test(name, () => {
      expect(() => readProofs(text)).toThrow(
        expect.objectContaining({ code: 'copy_malformed', message: expect.stringMatching(why) }),
      )
    })
  }

  test('a newer version is told from damage', () => {
    expect(isNewer('{"v":2}')).toBe(true)
    for (const text of ['{"v":1}', '{"v":"2"}', 'x', '[]']) expect(isNewer(text)).toBe(false)
  })

  test('more than a reader takes is not written', () => {
    const logEntries = Array.from({ length: MAX_PROOFS + 1 }, (_, i) => `${i}`)
    expect(() => proofsText(new Map([[id, { logEntries }]]))).toThrow(
      expect.objectContaining({ code: 'entry_too_large' }),
    )
  })
})

test('what each log entry says is worked out once or twice, not for each pair', () => {
  const members = Array.from({ length: 1500 }, (_, i) => [`m${(i * 7919) % 8009}`, i])
  const logEntries = Array.from({ length: MAX_PROOFS }, (_, i) => JSON.stringify({ i, ...Object.fromEntries(members) }))
  const spelled = logEntries.map((one) => ` ${one}`)
  const took = (work: () => void): number => {
    const start = performance.now()
    work()
    return performance.now() - start
  }
  const once = (): void => [...logEntries, ...spelled].forEach((one) => void logContent(one))
  once()
  const each = took(once)
  const joining = took(() => {
    expect(joinProofs({ logEntries }, { logEntries: spelled }).logEntries).toEqual(logEntries)
    expect(holdsProofs({ logEntries }, { logEntries: spelled }, PROOFS)).toBe(true)
  })
  // In pairs it is more than 16 times.
  expect(joining / each).toBeLessThan(8)
})
