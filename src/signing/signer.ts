/** The one role of a key: sign bytes. Which key, and where it lives, is the business of the other files here. */
import type { KeyObject } from 'node:crypto'

export interface Signer {
  /** Chains' DSSE key id: `SHA256:` + unpadded base64 of sha256 of the key's SSH wire form. */
  readonly keyid: string
  /** The public half; its own signatures are verified with it. */
  readonly publicKey: KeyObject
  /** Signs exactly these bytes (for DSSE: the PAE). ECDSA: ASN.1 DER, SHA-256, deterministic (RFC 6979). */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}
