/** The one role of a signer: sign bytes. Which key, where it lives and who vouches for it is the business of the other files here. */
import type { KeyObject } from 'node:crypto'

/** A signature, and what its maker says of the key that made it. */
export interface Signed {
  /** ECDSA: ASN.1 DER. */
  readonly sig: Uint8Array
  readonly publicKey: KeyObject
  /** Chains' DSSE key id: `SHA256:` + unpadded base64 of sha256 of the key's SSH wire form. */
  readonly keyid: string
  /** Leaf certificate of the key, PEM; absent for a plain key. */
  readonly certificate?: string
  /** Certificates up to the root, PEM; absent for a plain key. */
  readonly chain?: string
}

export interface Signer {
  /** Signs exactly these bytes (for DSSE: the PAE). Its key may be known only now: one that lives for a signature, one in a key manager. */
  sign(bytes: Uint8Array): Promise<Signed>
}

/** A signer whose public half is known before it signs: copies signed by it can be looked for. */
export interface KeySigner extends Signer {
  readonly keyid: string
  readonly publicKey: KeyObject
}
