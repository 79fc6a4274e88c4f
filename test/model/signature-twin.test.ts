/** (r, s) and (r, n − s) are one signature: for every curve, whatever the spelling, and for nothing else. */
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { twinId } from '../../src/model/signature-twin.ts'
import { twinOf } from '../support/twin.ts'

const CURVES = [
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
] as const

describe.each(CURVES)('%s', (namedCurve, hash) => {
  it('gives a signature and its twin, which verifies too, one id, and other signatures others', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const seen = new Set<string>()
    for (let n = 0; n < 50; n++) {
      const sig = sign(hash, Buffer.from(`${n}`), privateKey)
      const twin = twinOf(sig, namedCurve)
      expect(verify(hash, Buffer.from(`${n}`), publicKey, twin)).toBe(true)
      expect(twin.equals(sig)).toBe(false)
      expect(twinId({ sig: twin })).toBe(twinId({ sig }))
      expect(twinId({ sig })).toMatch(/^ecdsa:/)
      seen.add(twinId({ sig }))
    }
    expect(seen.size).toBe(50)
  })
})

describe('what is no ECDSA signature in DER has the id of its bytes', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const sig = sign('sha256', Buffer.from('x'), privateKey)
  const at = (i: number, value: number): Buffer => {
    const copy = Buffer.from(sig)
    copy[i] = value
    return copy
  }
  const int = (hex: string): Buffer => Buffer.concat([Buffer.from([2, hex.length / 2]), Buffer.from(hex, 'hex')])
  const seq = (...parts: readonly Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([0x30, body.length]), body])
  }
  const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  const CASES: Readonly<Record<string, Buffer>> = {
    'no bytes': Buffer.alloc(0),
    'an Ed25519 signature': Buffer.alloc(64, 7),
    'another tag': at(0, 0x31),
    'another length': at(1, (sig[1] ?? 0) + 1),
    'another tag inside': at(2, 0x03),
    'an integer that goes on too long': at(3, 0x7f),
    'bytes after it': Buffer.concat([sig, Buffer.alloc(1)]),
    'one number': seq(int('05')),
    'three numbers': seq(int('05'), int('06'), int('07')),
    'an empty number': seq(int('05'), Buffer.from([2, 0])),
    's of 0': seq(int('05'), int('00')),
    's of n': seq(int('05'), int(`00${ORDER}`)),
    'numbers longer than any curve has': seq(int('05'), int(`7f${'00'.repeat(70)}`)),
    'r longer than any curve has': seq(int(`7f${'00'.repeat(70)}`), int('05')),
  }
  it.each(Object.entries(CASES))('%s', (_, bytes) => {
    expect(twinId({ sig: bytes })).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  })

  it('but short numbers are numbers', () => {
    expect(twinId({ sig: seq(int('05'), int('06')) })).toBe('ecdsa:5:6')
    expect(twinId({ sig: seq(int('05'), int('01')) })).toBe('ecdsa:5:1')
  })
})
