/** Whether a key made a signature over these bytes: the mathematics, and which algorithms count. */
import { constants, type KeyObject, verify } from 'node:crypto'
import { type KeyKind, keyKind } from '../keys/key-kind.ts'

/** How a signature is made: the kind of the key, the hash, and for RSA the padding. */
export const ALGORITHMS = {
  'ecdsa-p256-sha256': { kind: 'p256', hash: 'sha256' },
  'ecdsa-p384-sha256': { kind: 'p384', hash: 'sha256' },
  'ecdsa-p384-sha384': { kind: 'p384', hash: 'sha384' },
  'ecdsa-p521-sha256': { kind: 'p521', hash: 'sha256' },
  'ecdsa-p521-sha512': { kind: 'p521', hash: 'sha512' },
  ed25519: { kind: 'ed25519', hash: null }, // Ed25519ph, which Chains makes of an imported key, is a known gap: node:crypto lacks it
  'rsa-pkcs1-sha256': { kind: 'rsa', hash: 'sha256' },
  'rsa-pss-sha256': { kind: 'rsa', hash: 'sha256' },
} as const satisfies Record<string, { readonly kind: KeyKind; readonly hash: string | null }>

export type Algorithm = keyof typeof ALGORITHMS

/** What is tried for a plain key, in order: the hash that cosign signs with first, then Chains' own for that curve. */
const USUAL: Readonly<Record<KeyKind, readonly Algorithm[]>> = {
  p256: ['ecdsa-p256-sha256'],
  p384: ['ecdsa-p384-sha256', 'ecdsa-p384-sha384'],
  p521: ['ecdsa-p521-sha512', 'ecdsa-p521-sha256'],
  ed25519: ['ed25519'],
  rsa: ['rsa-pkcs1-sha256'],
}

/** RSA of 16,384 bits makes 2,048. */
const MAX_SIGNATURE_BYTES = 4096

/** Asking a key what it is costs a tenth of a verification. */
const kinds = new WeakMap<KeyObject, KeyKind>()

function kindOf(publicKey: KeyObject): KeyKind {
  const known = kinds.get(publicKey)
  if (known !== undefined) return known
  const kind = keyKind(publicKey)
  kinds.set(publicKey, kind)
  return kind
}

type Way = readonly [hash: string | null, key: Parameters<typeof verify>[2]]

function waysOf(publicKey: KeyObject, allowed: readonly Algorithm[] | undefined): readonly Way[] {
  const kind = kindOf(publicKey)
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants
  return (allowed ?? USUAL[kind]).flatMap((name): Way[] => {
    const { kind: wanted, hash } = ALGORITHMS[name]
    if (wanted !== kind) return []
    if (kind !== 'rsa') return [[hash, publicKey]]
    const padding = name === 'rsa-pss-sha256' ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING
    return [[hash, { key: publicKey, padding }]]
  })
}

/**
 * True when this key made the signature over the bytes. False for anything malformed; throws only `key_unsupported`.
 *
 * @param allowed the algorithms that count; absent: those that Chains and cosign use with such a key
 *
 * @example madeBy(publicKey, signedBytes(entry), signature.sig) // true
 */
export function madeBy(
  publicKey: KeyObject,
  bytes: Uint8Array,
  sig: Uint8Array,
  allowed?: readonly Algorithm[],
): boolean {
  if (sig.length > MAX_SIGNATURE_BYTES) return false
  return waysOf(publicKey, allowed).some(([hash, key]) => {
    try {
      return verify(hash, bytes, key, sig)
    } catch {
      return false // OpenSSL throws for some malformed signatures and answers false for others
    }
  })
}

/**
 * The same on another thread, where the mathematics holds up nobody.
 *
 * @example await madeByAside(publicKey, signedBytes(entry), signature.sig) // true
 */
export async function madeByAside(
  publicKey: KeyObject,
  bytes: Uint8Array,
  sig: Uint8Array,
  allowed?: readonly Algorithm[],
): Promise<boolean> {
  if (sig.length > MAX_SIGNATURE_BYTES) return false
  for (const [hash, key] of waysOf(publicKey, allowed)) {
    const isMaker = await new Promise<boolean>((resolve) => {
      try {
        verify(hash, bytes, key, sig, (error, answer) => resolve(error === null && answer))
      } catch {
        resolve(false)
      }
    })
    if (isMaker) return true
  }
  return false
}
