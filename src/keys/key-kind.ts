/** Which keys are usable, decided in one place for signing and for trusting. Pure. */
import type { KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'

export type KeyKind = 'p256' | 'p384' | 'p521' | 'ed25519' | 'rsa'

const CURVES: Readonly<Record<string, KeyKind>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' }

/**
 * The kind of a public or private key. Throws `key_unsupported`, with the reason, for keys that cosign and Chains do not
 * accept in any role: RSA under 2048 bits, RSA-PSS, other curves, Ed448, and keys that cannot sign.
 *
 * @example keyKind(createPublicKey(pem)) // 'p256'
 */
export function keyKind(key: KeyObject): KeyKind {
  const details = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const kind = CURVES[details.namedCurve ?? '']
      if (kind === undefined) throw unsupported(`ECDSA on ${details.namedCurve ?? 'explicit parameters'}`)
      return kind
    }
    case 'rsa':
      if ((details.modulusLength ?? 0) < 2048)
        throw unsupported(`RSA of ${details.modulusLength} bits (2048 is the least)`)
      if ((details.publicExponent ?? 0n) < 3n) throw unsupported('RSA with a public exponent below 3')
      return 'rsa'
    case 'ed25519':
      return 'ed25519'
    case 'rsa-pss':
      throw unsupported('RSA-PSS (cosign verifies PKCS#1 v1.5 only)')
    case 'x25519':
    case 'x448':
    case 'dh':
      throw unsupported(`${key.asymmetricKeyType.toUpperCase()} (it cannot sign)`)
    default:
      throw unsupported(key.asymmetricKeyType?.toUpperCase() ?? 'of an unknown type')
  }
}

/**
 * As {@link keyKind}, for a key that shall sign: P-521 is refused too, since cosign verifies attestations with SHA-256 only
 * and no release accepts P-521 with it.
 *
 * @example signingKind(privateKey) // 'ed25519'
 */
export function signingKind(key: KeyObject): Exclude<KeyKind, 'p521'> {
  const kind = keyKind(key)
  if (kind === 'p521') throw unsupported('ECDSA on secp521r1 (cosign does not verify its signatures)')
  return kind
}

function unsupported(what: string): ProvError {
  return new ProvError('key_unsupported', `the key is ${what}, which no verifier here accepts`, {
    hint: 'use ECDSA P-256 or P-384, Ed25519, or RSA from 2048 bits; "prov keys generate" makes a pair',
  })
}
