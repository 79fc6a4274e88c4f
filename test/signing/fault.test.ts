/** A fault while a deterministic signature is made can give the key away, so a bad one must never leave the signer. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, it, vi } from 'vitest'

vi.mock('../../src/signing/ecdsa.ts', () => ({ ecdsaSigner: () => () => Buffer.from('3006020101020101', 'hex') }))

it('throws a fresh signature away when it does not verify', async () => {
  const { signerOf } = await import('../../src/signing/open-signer.ts')
  const signer = await signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  await expect(signer.sign(Buffer.from('x'))).rejects.toMatchObject({ code: 'internal' })
})
