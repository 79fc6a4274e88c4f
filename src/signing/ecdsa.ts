/**
 * Deterministic ECDSA (RFC 6979, SHA-256) by @noble/curves, so that a second run after a crash makes the same bytes.
 * Loaded only for ECDSA keys. node:crypto signs faster but with a random nonce; see the figures in {@link ecdsaSigner}.
 */
import type { KeyObject } from 'node:crypto'
import { ecdsa } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'

// RFC 6979 draws the nonce with the hash of the message, and cosign verifies P-384 with SHA-256 only.
const CURVES = { p256, p384: ecdsa(p384.Point, sha256) } as const

// The library's own width of 8 makes the first signature 25 ms slower and each later one 0.6 ms faster: most calls make two.
for (const curve of [p256, p384]) curve.Point.BASE.precompute(4)

/** No low-S form: neither cosign, Chains nor OpenSSL asks for it, and the RFC's vectors have none. */
const OPTIONS = { prehash: true, format: 'der', lowS: false } as const

/**
 * A function that signs bytes with an ECDSA private key and gives ASN.1 DER.
 *
 * Figures (Node 24, two shared cores, bundled): loading and the first signature take 80 ms for P-256 and 120 ms for P-384,
 * each further one 2.5 and 5 ms, where node:crypto takes 0.07 ms. {@link warmUp} hides the first 80 ms behind the key
 * derivation of an encrypted key, which takes longer (250 to 450 ms) and runs on another thread.
 *
 * @example const sign = ecdsaSigner(privateKey, 'p256'); sign(bytes)
 */
export function ecdsaSigner(privateKey: KeyObject, curve: keyof typeof CURVES): (bytes: Uint8Array) => Uint8Array {
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  return (bytes) => CURVES[curve].sign(bytes, secret, OPTIONS)
}

/**
 * Makes the tables of P-256 and lets the engine compile, by one signature with the key 1 that nobody uses.
 *
 * @example warmUp() // while the password's key is being derived on another thread
 */
export function warmUp(): void {
  const one = new Uint8Array(32)
  one[31] = 1
  CURVES.p256.sign(one, one, OPTIONS)
}
