/** The public half of a private key, without opening it. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { keyKind } from './key-kind.ts'
import { type PemBlock, pemBlocks, readPemBlocks } from './pem.ts'

/**
 * The key in `<name>.pub` beside `<name>.key` (cosign's `cosign.key` and `cosign.pub`), so that what is stored can be looked
 * at before a password is asked for. Undefined when there is none, or none that can be used. Only a belief: whoever then
 * opens the private key compares the two.
 *
 * @example await publicKeyBeside('cosign.key') // the key in cosign.pub
 */
export async function publicKeyBeside(keyPath: string): Promise<KeyObject | undefined> {
  if (!keyPath.endsWith('.key')) return undefined
  try {
    return only(await readPemBlocks(`${keyPath.slice(0, -'.key'.length)}.pub`, {}, 'public'))
  } catch {
    return undefined
  }
}

/** The one public key of a PEM text; undefined where it holds none that can be used, or several. @example publicKeyIn(text) */
export function publicKeyIn(pem: string): KeyObject | undefined {
  try {
    return only(pemBlocks(pem))
  } catch {
    return undefined
  }
}

function only(blocks: readonly PemBlock[]): KeyObject | undefined {
  const block = blocks.length === 1 ? blocks[0] : undefined
  if (block?.label !== 'PUBLIC KEY') return undefined
  const key = createPublicKey(block.pem)
  keyKind(key)
  return key
}
