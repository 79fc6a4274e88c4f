/** RFC 6979 appendix A.2.5 and A.2.6: the nonce, and so the signature, follows from key and message alone. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { expect, it } from 'vitest'
import { signerOf } from '../../src/signing/open-signer.ts'

function keyFrom(crv: 'P-256' | 'P-384', secret: string): KeyObject {
  const ecdh = createECDH(crv === 'P-256' ? 'prime256v1' : 'secp384r1')
  ecdh.setPrivateKey(secret, 'hex')
  const point = ecdh.getPublicKey()
  const half = (point.length - 1) / 2
  const [x, y] = [point.subarray(1, 1 + half), point.subarray(1 + half)].map((n) => n.toString('base64url'))
  const d = Buffer.from(secret, 'hex').toString('base64url')
  return createPrivateKey({ key: { kty: 'EC', crv, d, x: x ?? '', y: y ?? '' }, format: 'jwk' })
}

/** r and s of an ASN.1 DER signature, hex without the sign byte. */
function numbers(der: Uint8Array): string[] {
  const bytes = Buffer.from(der)
  const r = bytes.subarray(4, 4 + (bytes[3] ?? 0))
  const s = bytes.subarray(4 + r.length + 2)
  return [r, s].map((n) =>
    BigInt(`0x${n.toString('hex')}`)
      .toString(16)
      .toUpperCase(),
  )
}

const P256 = keyFrom('P-256', 'C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721')
const P384 = keyFrom(
  'P-384',
  '6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5',
)

it.each([
  [
    P256,
    'sample',
    'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716',
    'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
  ],
  [
    P256,
    'test',
    'F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367',
    '19F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083',
  ],
  [
    P384,
    'sample',
    '21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD',
    'F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0',
  ],
  [
    P384,
    'test',
    '6D6DEFAC9AB64DABAFE36C6BF510352A4CC27001263638E5B16D9BB51D451559F918EEDAF2293BE5B475CC8F0188636B',
    '2D46F3BECBCC523D5F1A1256BF0C9B024D879BA9E838144C8BA6BAEB4B53B47D51AB373F9845C0514EEFB14024787265',
  ],
])('signs as the RFC does (%#)', async (key, message, r, s) => {
  const signer = await signerOf(key)
  expect(numbers(await signer.sign(Buffer.from(message)))).toEqual([r, s])
})
