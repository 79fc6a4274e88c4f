/** The names under which a key is filed and searched. Pure. */
import type { VerifiedSignature } from './judge-signature.ts'

/**
 * Names of the keys under which signatures were verified: `SHA256:…`, and the sha256 of the SPKI in hex.
 *
 * @example keyNames(checkEntry(entry, trust).verified) // ['SHA256:…', '0a1b…']
 */
export function keyNames(verified: readonly VerifiedSignature[]): readonly string[] {
  return [...new Set(verified.flatMap(({ key }) => [key.keyid, Buffer.from(key.hint, 'base64').toString('hex')]))]
}
