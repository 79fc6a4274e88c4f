/** A signer that answers a certificate, and whose key nobody knew before it signed. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { keyId } from '../../src/keys/key-id.ts'
import { SIMPLESIGNING_TYPE, STATEMENT_TYPE } from '../../src/model/entry.ts'
import { signerOf } from '../../src/signing/open-signer.ts'
import { signOnce } from '../../src/signing/sign-once.ts'
import type { Signer } from '../../src/signing/signer.ts'
import { joinTrust, trustOf } from '../../src/trust/trusted-keys.ts'
import { LEAF, ROOT } from '../conformance/samples.ts'

const keys = [0, 1].map(() => generateKeyPairSync('ed25519'))
const trust = joinTrust(keys.map(({ publicKey }) => trustOf(publicKey)))
let used = 0

/** A new key for each signature. */
const fleeting: Signer = {
  sign: async (bytes) => {
    const { privateKey } = keys[used++ % keys.length] ?? generateKeyPairSync('ed25519')
    const own = await signerOf(privateKey)
    return { ...(await own.sign(bytes)), certificate: LEAF, chain: ROOT }
  },
}

test('certificate and chain stand beside the signature, and the key is the one that signed', async () => {
  const sign = signOnce(async () => fleeting, trust)
  const payload = Buffer.from('{}')
  const dsse = await sign({ kind: 'dsse', payloadType: STATEMENT_TYPE }, payload)
  const raw = await sign({ kind: 'raw', payloadType: SIMPLESIGNING_TYPE }, payload)
  const [first, second] = keys.map(({ publicKey }) => keyId(publicKey))
  expect(first).not.toBe(second)
  expect(dsse.signatures).toMatchObject([{ keyid: first, certificate: LEAF, chain: ROOT }])
  expect(raw.signatures).toMatchObject([{ certificate: LEAF, chain: ROOT }])
  expect(raw.signatures[0]).not.toHaveProperty('keyid')
})
