/** Copies that Tekton Chains stored, checked with the key it used. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Entry, SIMPLESIGNING_TYPE } from '../../src/model/entry.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/model/envelope.ts'
import { loadSigner } from '../../src/signing/open-signer.ts'
import { loadTrust } from '../../src/trust/trusted-keys.ts'
import { checkEntry } from '../../src/trust/verify-entry.ts'

const trust = await loadTrust(['fixtures/keys/cosign.pub'])

function annotations(run: string): [string, Buffer][] {
  const all: Record<string, string> = JSON.parse(readFileSync(`fixtures/stored/tekton/${run}/annotations.json`, 'utf8'))
  return Object.entries(all).map(([name, value]) => [name, Buffer.from(value, 'base64')])
}

it.each(['buildpacks-taskrun', 'images-list-taskrun', 'storefront-pipelinerun'])('verifies every copy of %s', (run) => {
  const copies = annotations(run)
  const signatures = copies.filter(([name]) => name.includes('/signature-'))
  expect(signatures.length).toBeGreaterThan(0)
  for (const [name, bytes] of signatures) {
    const payload = copies.find(([other]) => other === name.replace('signature', 'payload'))?.[1] ?? Buffer.alloc(0)
    const raw: Entry = { kind: 'raw', payloadType: SIMPLESIGNING_TYPE, payload, signatures: [{ sig: bytes }] }
    const entry = name.includes('run-') ? decodeEnvelope(bytes) : raw
    expect(Buffer.from(entry.payload)).toEqual(payload)
    const check = checkEntry(entry, trust)
    expect(check.failed).toEqual([])
    expect(check.verified).toHaveLength(1)
    if (entry.kind === 'dsse') {
      expect(entry.signatures[0]?.keyid).toBe(trust.keys[0]?.keyid)
      const { envelope, ...rest } = entry
      expect(Buffer.from(encodeEnvelope(rest))).toEqual(Buffer.from(envelope ?? []))
    }
  }
})

it("opens Chains' key and gets its public half and key id", async () => {
  const signer = await loadSigner({ key: 'fixtures/keys/cosign.key', password: async () => 'prov' })
  expect(signer.keyid).toBe(trust.keys[0]?.keyid)
  const bytes = Buffer.from('sample')
  expect(Buffer.from(await signer.sign(bytes))).toEqual(Buffer.from(await signer.sign(bytes)))
})
