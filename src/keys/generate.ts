/** Makes a key pair that cosign can use. */
import { generateKeyPair as generate } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { ProvError } from '../errors.ts'
import { fileReason } from '../platform/fs/files.ts'
import { type Password, sealKey } from './cosign-key.ts'

export interface KeyPairPem {
  /** PEM `ENCRYPTED SIGSTORE PRIVATE KEY`, scrypt N = 65536. */
  readonly privatePem: string
  /** PEM `PUBLIC KEY`. */
  readonly publicPem: string
}

/**
 * A new ECDSA P-256 pair in cosign's format. The empty password is legal. `random` gives that many random bytes, for salt
 * and nonce; the key itself is drawn by OpenSSL.
 *
 * @example const { publicPem } = await generateKeyPair('prov', randomBytes)
 */
export async function generateKeyPair(password: Password, random: (size: number) => Uint8Array): Promise<KeyPairPem> {
  const { privateKey, publicKey } = await promisify(generate)('ec', { namedCurve: 'prime256v1' })
  const privatePem = await sealKey(privateKey.export({ type: 'pkcs8', format: 'der' }), password, random)
  return { privatePem, publicPem: String(publicKey.export({ type: 'spki', format: 'pem' })) }
}

/**
 * Writes `<prefix>.key` (readable by the owner only) and `<prefix>.pub`, and gives their names. Never overwrites: when
 * either exists nothing is left behind, and `target_unwritable` is thrown.
 *
 * @example await writeKeyPair('cosign', pair) // { privateFile: 'cosign.key', publicFile: 'cosign.pub' }
 */
export async function writeKeyPair(
  prefix: string,
  pair: KeyPairPem,
): Promise<{ readonly privateFile: string; readonly publicFile: string }> {
  const [privateFile, publicFile] = [`${prefix}.key`, `${prefix}.pub`]
  await writeNew(publicFile, pair.publicPem, 0o644)
  try {
    await writeNew(privateFile, pair.privatePem, 0o600)
  } catch (error) {
    await unlink(publicFile)
    throw error
  }
  return { privateFile, publicFile }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  let isOurs = false
  try {
    await using file = await open(path, 'wx', mode)
    isOurs = true
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') {
      throw new ProvError('target_unwritable', `${path} exists already and is not overwritten`, {
        location: path,
        hint: 'move it away, or choose another name',
      })
    }
    if (isOurs) await unlink(path).catch(() => undefined) // on a full disk it is there, and empty
    throw new ProvError('target_unwritable', `${path} cannot be written: ${fileReason(String(code))}`, {
      location: path,
    })
  }
}
