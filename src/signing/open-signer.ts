/** Opens a private key and makes a signer of it. */
import { constants, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { COSIGN_LABELS, type Password, parseSealedKey, unsealKey, withoutNewline } from '../keys/cosign-key.ts'
import { keyId } from '../keys/key-id.ts'
import { signingKind } from '../keys/key-kind.ts'
import { type Environment, type PemBlock, pemBlocks, readPemBlocks } from '../keys/pem.ts'
import type { KeySigner } from './signer.ts'

export interface SignerOptions {
  /** Path of the private key, or `env://NAME` for a variable that holds it. */
  readonly key: string
  /** Asked only when the key is encrypted; undefined means that there is none. */
  readonly password: () => Promise<Password | undefined>
  /** Where `env://NAME` is looked up; the process's own environment when absent. */
  readonly env?: Environment
}

const PLAIN_LABELS: readonly string[] = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'DSA PRIVATE KEY']
const ENCRYPTED_LABEL = 'ENCRYPTED PRIVATE KEY'

/**
 * Opens a private key: cosign's own file, PKCS#8 (plain or encrypted), or OpenSSL's older forms. ECDSA P-256 and P-384 sign
 * with SHA-256, deterministically; Ed25519; RSA from 2048 bits with PKCS#1 v1.5 and SHA-256. Every fresh signature is
 * verified before it is handed out, since a fault while a deterministic signature is made would give the key away.
 *
 * Throws `key_unreadable`, `key_unsupported`, `key_password`; no message holds a part of the key or the password.
 *
 * @example
 * const signer = await loadSigner({ key: 'cosign.key', password: async () => process.env['COSIGN_PASSWORD'] })
 * const { sig } = await signer.sign(pae(payloadType, payload))
 */
export async function loadSigner(options: SignerOptions): Promise<KeySigner> {
  const { key } = options
  return signerIn(key, await readPemBlocks(key, options.env ?? process.env, 'private'), options.password)
}

/**
 * The same for a key whose PEM is at hand; `name` is what errors call it.
 *
 * @example await signerOfPem('ci.key', pem, async () => password)
 */
export async function signerOfPem(name: string, pem: string, password: SignerOptions['password']): Promise<KeySigner> {
  return signerIn(name, pemBlocks(pem), password)
}

async function signerIn(
  key: string,
  blocks: readonly PemBlock[],
  password: SignerOptions['password'],
): Promise<KeySigner> {
  const block = privateBlock(key, blocks)
  try {
    const privateKey = await openBlock(block, password)
    return await signerOf(privateKey)
  } catch (error) {
    if (error instanceof ProvError && error.location === undefined) {
      throw new ProvError(error.code, `key ${key}: ${error.message}`, { location: key, hint: error.hint })
    }
    throw error
  }
}

/**
 * The signer of a private key that is already open. Throws `key_unsupported`.
 *
 * @example await signerOf(generateKeyPairSync('ed25519').privateKey)
 */
export async function signerOf(privateKey: KeyObject): Promise<KeySigner> {
  const kind = signingKind(privateKey)
  const publicKey = createPublicKey(privateKey)
  const rsa = { padding: constants.RSA_PKCS1_PADDING }
  const hash = kind === 'ed25519' ? null : 'sha256'
  const make =
    kind === 'p256' || kind === 'p384'
      ? (await import('./ecdsa.ts')).ecdsaSigner(privateKey, kind)
      : (bytes: Uint8Array) => sign(hash, bytes, { key: privateKey, ...rsa })
  const keyid = keyId(publicKey)
  return {
    keyid,
    publicKey,
    sign: async (bytes) => {
      const sig = make(bytes)
      if (verify(hash, bytes, { key: publicKey, ...rsa }, sig)) return { sig, publicKey, keyid }
      throw new ProvError('internal', 'a fresh signature did not verify; it was thrown away')
    },
  }
}

function privateBlock(key: string, blocks: readonly PemBlock[]): PemBlock {
  const known = [...COSIGN_LABELS, ...PLAIN_LABELS, ENCRYPTED_LABEL]
  const [block, second] = blocks.filter(({ label }) => known.includes(label))
  if (block !== undefined && second === undefined) return block
  const details = { location: key }
  if (second !== undefined) throw new ProvError('key_unreadable', `key ${key} holds more than one private key`, details)
  const label = blocks[0]?.label ?? ''
  const what = label.endsWith('PUBLIC KEY')
    ? 'a public key'
    : label === 'CERTIFICATE'
      ? 'a certificate'
      : 'no private key'
  throw new ProvError('key_unreadable', `key ${key} is ${what}; signing needs the private key`, details)
}

async function openBlock(block: PemBlock, password: SignerOptions['password']): Promise<KeyObject> {
  if (COSIGN_LABELS.includes(block.label)) return openCosignKey(block, password)
  if (block.label === ENCRYPTED_LABEL || block.pem.includes('Proc-Type: 4,ENCRYPTED')) return openPem(block, password)
  return parse({ key: block.pem, format: 'pem' })
}

async function openCosignKey(block: PemBlock, password: SignerOptions['password']): Promise<KeyObject> {
  const sealed = parseSealedKey(block.body)
  for (const spelling of spellings(await password())) {
    const opening = unsealKey(sealed, spelling)
    // cosign makes P-256 keys: load what signs with them while the derivation runs on another thread.
    const [der] = await Promise.all([opening, import('./ecdsa.ts').then(({ warmUp }) => warmUp())])
    if (der !== undefined) return parse({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  }
  throw wrongPassword()
}

async function openPem(block: PemBlock, password: SignerOptions['password']): Promise<KeyObject> {
  for (const spelling of spellings(await password())) {
    try {
      return createPrivateKey({ key: block.pem, format: 'pem', passphrase: Buffer.from(spelling) })
    } catch {
      // the next spelling, or the one error below: OpenSSL's reasons vary with what the wrong key happens to decrypt to
    }
  }
  throw wrongPassword()
}

/**
 * cosign and Chains use a password file's whole content, a newline at the end included; most people mean it without.
 * So the exact bytes go first, then those without one final newline.
 */
function spellings(password: Password | undefined): readonly Password[] {
  if (password === undefined) {
    throw new ProvError('key_password', 'it is encrypted, and no password was given', { hint: PASSWORD_HINT })
  }
  const trimmed = withoutNewline(password)
  return trimmed.length === Buffer.byteLength(password) ? [password] : [password, trimmed]
}

const PASSWORD_HINT = 'use --password-file FILE, or set PROV_PASSWORD or COSIGN_PASSWORD'

function wrongPassword(): ProvError {
  return new ProvError('key_password', 'the password does not open it (or the file is damaged)', {
    hint: PASSWORD_HINT,
  })
}

function parse(input: Parameters<typeof createPrivateKey>[0]): KeyObject {
  try {
    return createPrivateKey(input)
  } catch {
    throw new ProvError('key_unreadable', 'it is not a private key that can be read')
  }
}
