/**
 * cosign's private key file: JSON in PEM, scrypt and NaCl secretbox over PKCS#8 DER. Read and written as
 * sigstore's go library does (sigstore/sigstore pkg/cryptoutils, secure-systems-lab/go-securesystemslib encrypted).
 */
import { type ScryptOptions, scrypt } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { isRecord } from '../platform/text/guards.ts'

export const COSIGN_LABELS: readonly string[] = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY']

/** What the Go reader accepts. A larger N would let a key file ask for any amount of memory. */
const SIZES: readonly unknown[] = [32768, 65536, 131072]
const DEFAULT_SIZE = 65536
const [SALT_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 24, 16]

export type Password = string | Uint8Array

/**
 * The password without one newline (LF or CR LF) at its end, as bytes.
 *
 * @example withoutNewline('prov\n') // the bytes of 'prov'
 */
export function withoutNewline(password: Password): Uint8Array {
  const bytes = Buffer.from(password)
  if (bytes.at(-1) !== 10) return bytes
  return bytes.subarray(0, bytes.at(-2) === 13 ? -2 : -1)
}

/** A key file taken apart; nothing in it is secret without the password. */
export interface SealedKey {
  readonly size: number
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
}

/**
 * Takes the body of the PEM block apart. Throws `key_unreadable` when it is not such a file, `key_unsupported` for scrypt
 * parameters other than N of 32768, 65536 or 131072 with r = 8 and p = 1.
 *
 * @example parseSealedKey(block.body).size // 65536
 */
export function parseSealedKey(body: string): SealedKey {
  const { kdf, cipher, ciphertext } = record(parseJson(Buffer.from(body, 'base64').toString('utf8')))
  const { name: kdfName, params, salt } = record(kdf)
  const { name: cipherName, nonce } = record(cipher)
  if (kdfName !== 'scrypt' || cipherName !== 'nacl/secretbox') {
    throw new ProvError('key_unsupported', 'the key file is sealed with something else than scrypt and nacl/secretbox')
  }
  const { N, r, p } = record(params)
  if (typeof N !== 'number' || !SIZES.includes(N) || r !== 8 || p !== 1) {
    throw new ProvError('key_unsupported', 'the scrypt parameters of the key file are not among those cosign accepts', {
      hint: 'cosign accepts N of 32768, 65536 or 131072 with r = 8 and p = 1',
    })
  }
  const sealed = { size: N, salt: unbase64(salt), nonce: unbase64(nonce), ciphertext: unbase64(ciphertext) }
  if (sealed.nonce.length !== NONCE_BYTES || sealed.ciphertext.length <= TAG_BYTES) throw malformed()
  return sealed
}

/**
 * The PKCS#8 DER inside, or undefined when the password does not open it (a damaged file cannot be told from that). The
 * derivation runs on another thread and takes 0.1 to 0.3 s and 64 MiB for N = 65536.
 *
 * @example await unsealKey(parseSealedKey(block.body), 'prov')
 */
export async function unsealKey(sealed: SealedKey, password: Password): Promise<Uint8Array | undefined> {
  const [key, { xsalsa20poly1305 }] = await Promise.all([
    deriveKey(password, sealed.salt, sealed.size),
    import('@noble/ciphers/salsa.js'),
  ])
  try {
    return xsalsa20poly1305(key, sealed.nonce).decrypt(sealed.ciphertext)
  } catch {
    return undefined
  }
}

/**
 * A key file of today's cosign around PKCS#8 DER. `random` gives that many random bytes.
 *
 * @example await sealKey(der, 'prov', randomBytes) // '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----…'
 */
export async function sealKey(
  pkcs8: Uint8Array,
  password: Password,
  random: (size: number) => Uint8Array,
): Promise<string> {
  const [salt, nonce] = [random(SALT_BYTES), random(NONCE_BYTES)]
  const key = await deriveKey(password, salt, DEFAULT_SIZE)
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js')
  const json = JSON.stringify({
    kdf: { name: 'scrypt', params: { N: DEFAULT_SIZE, r: 8, p: 1 }, salt: base64(salt) },
    cipher: { name: 'nacl/secretbox', nonce: base64(nonce) },
    ciphertext: base64(xsalsa20poly1305(key, nonce).encrypt(pkcs8)),
  })
  const lines = base64(Buffer.from(json)).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${COSIGN_LABELS[0]}-----\n${lines.join('\n')}\n-----END ${COSIGN_LABELS[0]}-----\n`
}

function deriveKey(password: Password, salt: Uint8Array, size: number): Promise<Uint8Array> {
  // Node's default limit of 32 MiB is below what these sizes need (128 · N · r).
  const options: ScryptOptions = { N: size, r: 8, p: 1, maxmem: 256 * size * 8 }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed() // without the cause: the engine's message quotes the text
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw malformed()
  return value
}

function unbase64(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw malformed()
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) throw malformed()
  return bytes
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function malformed(): ProvError {
  return new ProvError('key_unreadable', 'the key file is damaged: it is not what cosign writes')
}
