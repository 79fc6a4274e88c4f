/** A public key as a JWK of a key set: RFC 7517, with the thumbprint of RFC 7638 as its kid. Pure. */
import { createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { ProvError } from '../errors.ts'

/** A public JWK: the members of the key itself (RFC 7518 6, RFC 8037 2) and its kid. Never a private member. */
export interface PublicJwk {
  readonly kty: string
  readonly kid: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/**
 * The public key of these bytes (SubjectPublicKeyInfo, DER). Throws `key_unsupported` where they hold none, or one that no JWK can say.
 *
 * @example (await publicJwk(spki(publicKey))).kid // 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
 */
export async function publicJwk(spki: Uint8Array): Promise<PublicJwk> {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const { kty = '', crv, x, y, n, e } = key.export({ format: 'jwk' })
    const members = Object.fromEntries(
      Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
    )
    return { kty, ...members, kid: await calculateJwkThumbprint(members) }
  } catch (error) {
    throw new ProvError('key_unsupported', 'the bytes are not a public key that a JWK can hold', { cause: error })
  }
}

const EC_ALGORITHMS: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/**
 * The algorithm of a key as RFC 7518 names it; of an RSA key that of cosign's signatures.
 *
 * @example algorithmOf({ kty: 'EC', crv: 'P-256', kid: 'x' }) // 'ES256'
 */
export function algorithmOf({ kty, crv = '' }: PublicJwk): string {
  if (kty === 'EC') return EC_ALGORITHMS[crv] ?? crv
  return kty === 'OKP' ? 'EdDSA' : 'RS256'
}
