/** The names of a public key: Tekton Chains' key id, and the hint of Sigstore bundles. Pure. */
import { createHash, type KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { withoutTrailing } from '../platform/text/trim.ts'

const CURVE_NAMES: Readonly<Record<string, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' }

/**
 * Chains' DSSE key id: the OpenSSH fingerprint, `SHA256:` + unpadded base64 of the sha256 of the SSH wire form
 * (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4). Throws `key_unsupported` for a key that SSH cannot encode.
 *
 * @example keyId(publicKey) // 'SHA256:oZ2oW4s1…'
 */
export function keyId(publicKey: KeyObject): string {
  const hash = createHash('sha256').update(sshWire(publicKey)).digest('base64')
  return `SHA256:${withoutTrailing(hash, '=')}`
}

/**
 * The key hint of Sigstore bundles: base64 of the sha256 of the SPKI DER.
 *
 * @example keyHint(publicKey) // 'k3bR…='
 */
export function keyHint(publicKey: KeyObject): string {
  return createHash('sha256').update(spki(publicKey)).digest('base64')
}

/**
 * True for a text that can be the name of a key: its hash in one of the spellings above, in hex, or as RFC 7638 has it. What stands beside a signature
 * is anybody's text otherwise, and must not be told to people as the name of who signed.
 *
 * @example isKeyName('SHA256:oZ2oW4s1…') // true
 */
export function isKeyName(text: string): boolean {
  return /^(?:(?:SHA256:)?[A-Za-z0-9+/_-]{43}=?|[0-9a-fA-F]{64})$/.test(text)
}

/** SubjectPublicKeyInfo, DER: the identity of a public key. */
export function spki(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ type: 'spki', format: 'der' })
}

function sshWire(publicKey: KeyObject): Uint8Array {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
  const curve = CURVE_NAMES[crv ?? '']
  if (kty === 'EC' && curve !== undefined) {
    const point = Buffer.concat([Buffer.of(4), unbase64url(x), unbase64url(y)])
    return fields(`ecdsa-sha2-${curve}`, curve, point)
  }
  if (kty === 'OKP' && crv === 'Ed25519') return fields('ssh-ed25519', unbase64url(x))
  if (kty === 'RSA') return fields('ssh-rsa', mpint(unbase64url(e)), mpint(unbase64url(n)))
  throw new ProvError('key_unsupported', `a key of type ${kty} ${crv ?? ''} has no key id`)
}

function fields(...values: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    values.flatMap((value) => {
      const bytes = Buffer.from(value)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** An unsigned number: a zero byte in front when the highest bit is set. JWK leaves no leading zeros. */
function mpint(bytes: Uint8Array): Uint8Array {
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

function unbase64url(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? '', 'base64url')
}
