/** The policy of a verdict: one hash for one question. */
import { expect, test } from 'vitest'
import { type PolicyParts, policyOf } from '../../src/verify/policy.ts'

const parts: PolicyParts = {
  backends: ['tekton', 'oci'],
  demands: { optional: [], strict: false },
  trust: { hash: 'sha256:aa' },
  imageFormats: { tekton: ['simplesigning'], oci: ['simplesigning'] },
}
const hashOf = (more: Partial<PolicyParts> = {}): string => policyOf({ ...parts, ...more }).hash

test('the hash is that of the bytes, whatever the order of names in tables', () => {
  const imageFormats = { oci: ['simplesigning'], tekton: ['simplesigning'] }
  expect(hashOf({ imageFormats })).toBe(hashOf())
  expect(policyOf(parts).content).toContain('"roles":["provenance","signature","attestation","statement"]')
})

test('it is another for every part', () => {
  const hashes = [
    hashOf(),
    hashOf({ backends: ['oci', 'tekton'] }),
    hashOf({ demands: { optional: ['oci'], strict: false } }),
    hashOf({ demands: { optional: [], strict: true } }),
    hashOf({ demands: { optional: [], strict: false, require: 1 } }),
    hashOf({ trust: { hash: 'sha256:bb' } }),
    hashOf({ formats: { oci: ['slsa/v1'] } }),
    hashOf({ formats: { oci: ['slsa/v2alpha4'] } }),
    hashOf({ imageFormats: { tekton: ['simplesigning'], oci: ['cosign-sign'] } }),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})
