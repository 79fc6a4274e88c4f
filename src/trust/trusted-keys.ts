/** The keys that are trusted, and whether one of them made a signature. */
import { constants, createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { COSIGN_LABELS } from '../keys/cosign-key.ts'
import { keyHint, keyId, spki } from '../keys/key-id.ts'
import { type KeyKind, keyKind } from '../keys/key-kind.ts'
import { type Environment, type PemBlock, readPemBlocks } from '../keys/pem.ts'
import type { Signature } from '../model/entry.ts'

export interface TrustedKey {
  /** Chains' key id, `SHA256:…`. */
  readonly keyid: string
  /** base64 of sha256 of the SPKI DER, as in Sigstore bundles. */
  readonly hint: string
  readonly publicKey: KeyObject
  /** Where it came from, for reports: a path, `env://NAME`, or `the signing key`. */
  readonly source: string
  /** When its signatures count; absent: always. */
  readonly validity?: Validity
}

/** Milliseconds since the epoch; what is absent is open. */
export interface Validity {
  readonly from?: number
  readonly until?: number
}

/** What is trusted: keys so far, each with its validity and its source. */
export interface Trust {
  readonly keys: readonly TrustedKey[]
  /** `sha256:<hex>`, the same for the same set of keys and validities, whatever their order, spelling or source. */
  readonly hash: string
}

export type SignatureVerdict =
  | { readonly ok: true; readonly key: TrustedKey }
  | { readonly ok: false; readonly code: 'signature_invalid' | 'key_untrusted'; readonly message: string }

/** Hashes to try, in order: the one cosign signs with first, then Chains' own for that curve. null: the key has its own. */
const HASHES: Readonly<Record<KeyKind, readonly (string | null)[]>> = {
  p256: ['sha256'],
  p384: ['sha256', 'sha384'],
  p521: ['sha512', 'sha256'],
  ed25519: [null], // Ed25519ph, which Chains makes of an imported Ed25519 key, is a known gap: node:crypto lacks it
  rsa: ['sha256'],
}

/** RSA of 16,384 bits makes 2,048. */
const MAX_SIGNATURE_BYTES = 4096

/**
 * Reads the public keys to believe: paths or `env://NAME`, PEM; a file may hold several. Throws `key_unreadable` (also for a
 * private key or a certificate, with what to do instead), `key_unsupported`, and `usage` when none is named.
 *
 * @example const trust = await loadTrust(['cosign.pub'])
 */
export async function loadTrust(keys: readonly string[], env: Environment = process.env): Promise<Trust> {
  if (keys.length === 0) {
    throw new ProvError('usage', 'no public key was given to verify with', { hint: 'use --key cosign.pub' })
  }
  const files = await Promise.all(
    keys.map(async (key) => {
      const blocks = await readPemBlocks(key, env, 'public')
      // openssl ecparam writes the curve before the key.
      const own = blocks.filter(({ label }) => !label.endsWith(' PARAMETERS'))
      return (own.length > 0 ? own : blocks).map((block) => [publicKeyOf(key, block), key, undefined] as const)
    }),
  )
  return trustIn(files.flat())
}

/**
 * Trust in one key alone: that of a signer (anything with a `publicKey`), or a public key.
 *
 * @example checkEntry(entry, trustOf(signer)).verified.length
 */
export function trustOf(
  of: { readonly publicKey: KeyObject } | KeyObject,
  source = 'the signing key',
  validity?: Validity,
): Trust {
  return trustIn([['publicKey' in of ? of.publicKey : of, source, validity]])
}

/**
 * Whether a trusted key made this signature over these bytes (see `signedBytes` of src/model/envelope.ts). Every key is tried:
 * the key id is unsigned, so it only decides how a failure is called. A certificate is not a ground for trust
 * without trust roots; it counts when its key is one of those trusted.
 *
 * @param at when the signature was made, as far as that is proven, in milliseconds since the epoch; absent: nobody knows, and a key with a
 * validity does not count
 *
 * @example
 * const verdict = verifySignature(trust, signedBytes(entry), signature)
 * if (!verdict.ok) console.error(verdict.code, verdict.message)
 */
export function verifySignature(trust: Trust, bytes: Uint8Array, signature: Signature, at?: number): SignatureVerdict {
  let late: TrustedKey | undefined
  for (const key of trust.keys) {
    if (!madeBy(key.publicKey, bytes, signature.sig)) continue
    if (isValidAt(key, at)) return { ok: true, key }
    late ??= key
  }
  return late === undefined ? unproven(trust, signature) : outOfTime(late)
}

/**
 * The same on another thread, where the mathematics holds up nobody.
 *
 * @example (await verifySignatureAside(trust, signedBytes(entry), signature)).ok
 */
export async function verifySignatureAside(
  trust: Trust,
  bytes: Uint8Array,
  signature: Signature,
  at?: number,
): Promise<SignatureVerdict> {
  let late: TrustedKey | undefined
  for (const key of trust.keys) {
    if (!(await madeByAside(key.publicKey, bytes, signature.sig))) continue
    if (isValidAt(key, at)) return { ok: true, key }
    late ??= key
  }
  return late === undefined ? unproven(trust, signature) : outOfTime(late)
}

function isValidAt({ validity }: TrustedKey, at: number | undefined): boolean {
  if (validity === undefined) return true
  return at !== undefined && at >= (validity.from ?? at) && at <= (validity.until ?? at)
}

function outOfTime({ keyid }: TrustedKey): SignatureVerdict {
  return untrusted(`key ${keyid} made it, but it is not proven that the key was valid then`)
}

/** How a signature that no key given has made is called. */
function unproven(trust: Trust, signature: Signature): SignatureVerdict {
  const { certificate } = signature
  const keyid = signature.keyid || signature.keyHint
  if (certificate !== undefined && certificate !== '' && !trust.keys.some((key) => certifies(certificate, key))) {
    return untrusted(
      'it was made with a certificate, whose key is not among those given (trust roots are not read yet)',
    )
  }
  const names = trust.keys.flatMap((key) => [
    key.keyid,
    key.hint,
    createHash('sha256').update(spki(key.publicKey)).digest('hex'),
  ])
  if (keyid !== undefined && keyid !== '' && !names.includes(keyid)) {
    return untrusted(`it names key ${printable(keyid)}, which is not among those given`)
  }
  return { ok: false, code: 'signature_invalid', message: 'no trusted key verifies it over the stored bytes' }
}

interface Way {
  readonly key: KeyObject | { readonly key: KeyObject; readonly padding: number }
  readonly hashes: readonly (string | null)[]
}

/** Asking a key what it is costs a tenth of a verification. */
const ways = new WeakMap<KeyObject, Way>()

function wayOf(publicKey: KeyObject): Way {
  const known = ways.get(publicKey)
  if (known !== undefined) return known
  const kind = keyKind(publicKey)
  const key = kind === 'rsa' ? { key: publicKey, padding: constants.RSA_PKCS1_PADDING } : publicKey
  const way = { key, hashes: HASHES[kind] }
  ways.set(publicKey, way)
  return way
}

function madeBy(publicKey: KeyObject, bytes: Uint8Array, sig: Uint8Array): boolean {
  if (sig.length > MAX_SIGNATURE_BYTES) return false
  const { key, hashes } = wayOf(publicKey)
  return hashes.some((hash) => {
    try {
      return verify(hash, bytes, key, sig)
    } catch {
      return false // OpenSSL throws for some malformed signatures and answers false for others
    }
  })
}

async function madeByAside(publicKey: KeyObject, bytes: Uint8Array, sig: Uint8Array): Promise<boolean> {
  if (sig.length > MAX_SIGNATURE_BYTES) return false
  const { key, hashes } = wayOf(publicKey)
  for (const hash of hashes) {
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

function certifies(pem: string, key: TrustedKey): boolean {
  try {
    return new X509Certificate(pem).publicKey.equals(key.publicKey)
  } catch {
    return false
  }
}

function trustIn(found: readonly (readonly [KeyObject, string, Validity | undefined])[]): Trust {
  const keys = new Map<string, TrustedKey>()
  for (const [publicKey, source, validity] of found) {
    const hint = keyHint(publicKey)
    const window = validity === undefined ? '' : ` ${validity.from ?? ''}..${validity.until ?? ''}`
    const key = { keyid: keyId(publicKey), hint, publicKey, source, ...(validity === undefined ? {} : { validity }) }
    if (!keys.has(hint + window)) keys.set(hint + window, key)
  }
  const hash = createHash('sha256')
  for (const name of [...keys.keys()].toSorted()) hash.update(`${name}\n`)
  return { keys: [...keys.values()], hash: `sha256:${hash.digest('hex')}` }
}

function publicKeyOf(source: string, { label, pem }: PemBlock): KeyObject {
  const details = { location: source }
  if (label.endsWith('PRIVATE KEY')) {
    throw new ProvError('key_unreadable', `key ${source} is a private key; verifying needs the public one`, {
      ...details,
      hint: `give the .pub file that was made with it${halfOf(label, source)}`,
    })
  }
  if (label === 'CERTIFICATE') {
    throw new ProvError('key_unreadable', `key ${source} is a certificate, not a public key`, {
      ...details,
      hint: `to trust its key whatever the certificate says: openssl x509 -pubkey -noout -in ${source}`,
    })
  }
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    const what = label.endsWith('PUBLIC KEY') ? 'is not a public key that can be read' : `holds ${label}, no public key`
    throw new ProvError('key_unreadable', `key ${source} ${what}`, details)
  }
  try {
    keyKind(key)
  } catch (error) {
    if (!(error instanceof ProvError)) throw error
    throw new ProvError(error.code, `key ${source}: ${error.message}`, { ...details, hint: error.hint })
  }
  return key
}

/** How to make the public half of a private key, for those that have lost it. */
function halfOf(label: string, source: string): string {
  if (COSIGN_LABELS.includes(label)) return `, or make it: cosign public-key --key ${source}`
  const isPath = /^[\w./+@-]+$/.test(source)
  return isPath ? `, or make it: openssl pkey -in ${source} -pubout` : ''
}

function untrusted(message: string): SignatureVerdict {
  return { ok: false, code: 'key_untrusted', message }
}

/** A key id comes from a store and may hold anything, control characters for the terminal included. */
function printable(text: string): string {
  const clean = text.replace(/[^\x21-\x7e]/g, '?')
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean
}

/**
 * Trust in every key of several trusts, each once.
 *
 * @example joinTrust([trustOf(signer), await loadTrust(['chains.pub'])])
 */
export function joinTrust(trusts: readonly Trust[]): Trust {
  return trustIn(
    trusts.flatMap((trust) =>
      trust.keys.map(({ publicKey, source, validity }) => [publicKey, source, validity] as const),
    ),
  )
}
