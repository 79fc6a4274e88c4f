/** A log entry in its two forms: the bundle's, and cosign's older one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { bundleFromJSON } from '@sigstore/bundle'
import { describe, expect, test } from 'vitest'
import { hasInclusionProof, logContent, logEntryOf, logProofOf } from '../../src/model/log-entry.ts'
import { LOG_ENTRY, LOG_ENTRY_V2, LOG_PROOF } from '../conformance/proof-samples.ts'

/** Test data of sigstore-conformance, where it lies beside the project. */
const REAL = '../shared/sigstore-conformance/assets/bundle-verify'

test('an entry with a promise becomes what cosign keeps, and comes back with the promise alone', () => {
  const proof = logProofOf(LOG_ENTRY)
  const { inclusionPromise, canonicalizedBody } = JSON.parse(LOG_ENTRY)
  expect(JSON.parse(proof ?? '')).toEqual({
    SignedEntryTimestamp: inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: canonicalizedBody,
      integratedTime: 1734374576,
      logIndex: 7,
      logID: Buffer.from('a log id of thirty-two bytes, no').toString('hex'),
    },
  })
  const { inclusionProof: _, ...promised } = JSON.parse(LOG_ENTRY)
  expect(JSON.parse(logEntryOf(proof ?? '') ?? '')).toEqual(promised)
})

test("cosign's proof becomes an entry and comes back byte for byte", () => {
  const entry = logEntryOf(LOG_PROOF)
  expect(JSON.parse(entry ?? '').kindVersion).toEqual({ kind: 'intoto', version: '0.0.1' })
  expect(logProofOf(entry ?? '')).toBe(LOG_PROOF)
})

test('an entry of Rekor v2 has no promise, and so no older form', () => {
  expect(logProofOf(LOG_ENTRY_V2)).toBeUndefined()
})

test('only what a bundle of v0.3 demands may go into one', () => {
  expect(hasInclusionProof(LOG_ENTRY)).toBe(true)
  expect(hasInclusionProof(LOG_ENTRY_V2)).toBe(true)
  expect(hasInclusionProof(logEntryOf(LOG_PROOF) ?? '')).toBe(false)
  const { inclusionProof, ...rest } = JSON.parse(LOG_ENTRY)
  const { checkpoint: _, ...proof } = inclusionProof
  for (const odd of [
    { ...rest, inclusionProof: proof },
    { ...rest, inclusionProof, logId: { keyId: 'no base64' } },
    { ...rest, inclusionProof: { ...inclusionProof, hashes: 'none' } },
    { ...rest, inclusionProof, kindVersion: {} },
    { ...rest, inclusionProof, logIndex: '-1' },
  ])
    expect(hasInclusionProof(JSON.stringify(odd))).toBe(false)
})

describe('what is none of the two forms gives nothing', () => {
  const bad = (change: object): string => JSON.stringify({ ...JSON.parse(LOG_PROOF), ...change })
  const payload = JSON.parse(LOG_PROOF).Payload
  const cases = [
    'no JSON',
    '[]',
    'null',
    '{}',
    '{"__proto__":{"Payload":{}}}',
    bad({ SignedEntryTimestamp: '' }),
    bad({ SignedEntryTimestamp: 'a*b' }),
    bad({ Payload: { ...payload, logIndex: -1 } }),
    bad({ Payload: { ...payload, logIndex: 1.5 } }),
    bad({ Payload: { ...payload, logID: 'XY' } }),
    bad({ Payload: { ...payload, body: 'e30=' } }),
    bad({ Payload: { ...payload, integratedTime: Number.MAX_VALUE } }),
  ]
  for (const [i, text] of cases.entries()) {
    test(`case ${i}`, () => {
      expect(logEntryOf(text)).toBeUndefined()
      expect(logProofOf(text)).toBeUndefined()
    })
  }
})

test('spelling does not change what an entry says', () => {
  expect(logContent(JSON.stringify(JSON.parse(LOG_ENTRY), null, 2))).toBe(logContent(LOG_ENTRY))
  expect(logContent(LOG_ENTRY)).not.toBe(logContent(LOG_ENTRY_V2))
  expect(logContent('no JSON')).toBe('no JSON')
})

test.skipIf(!existsSync(REAL))(
  'real entries of real bundles: what the library takes for v0.3 may go into a bundle',
  () => {
    let seen = 0
    for (const name of readdirSync(REAL).filter((one) => !one.endsWith('_fail'))) {
      const file = `${REAL}/${name}/bundle.sigstore.json`
      if (!existsSync(file)) continue
      const json = JSON.parse(readFileSync(file, 'utf8'))
      for (const entry of bundleFromJSON(json).verificationMaterial.tlogEntries) {
        const text = JSON.stringify(json.verificationMaterial.tlogEntries[0])
        seen++
        expect(hasInclusionProof(text), name).toBe(entry.inclusionProof?.checkpoint?.envelope !== undefined)
        const promised = entry.inclusionPromise !== undefined
        expect(logProofOf(text) !== undefined, name).toBe(promised)
        if (promised) expect(logEntryOf(logProofOf(text) ?? ''), name).toBeDefined()
      }
    }
    expect(seen).toBeGreaterThan(10)
  },
)
