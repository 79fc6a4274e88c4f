/** Reads public keys, and says of what is none of them what it is. */

import { createPublicKey, type KeyObject } from 'node:crypto'
import { ProvError } from '../errors.ts'
import { COSIGN_LABELS } from '../keys/cosign-key.ts'
import { keyKind } from '../keys/key-kind.ts'
import { type Environment, type PemBlock, pemBlocks, readPemBlocks } from '../keys/pem.ts'
import type { GivenKey } from './trust.ts'

/**
 * The public keys in these files, for {@link trustIn}. Throws as {@link loadTrust} does; no files give no keys.
 *
 * @example await readKeys(['cosign.pub'], process.env)
 */
export async function readKeys(keys: readonly string[], env: Environment): Promise<readonly GivenKey[]> {
  const files = await Promise.all(keys.map(async (key) => keysOf(key, await readPemBlocks(key, env, 'public'))))
  return files.flat()
}

/**
 * The public keys of a PEM text. Throws `key_unreadable` and `key_unsupported`; `source` is what they are called.
 *
 * @example keysIn('keyring.yaml: keys[0]', pem).length // 1
 */
export function keysIn(source: string, pem: string): readonly GivenKey[] {
  const blocks = pemBlocks(pem)
  if (blocks.length === 0) {
    throw new ProvError('key_unreadable', `key ${source} holds no key: it has no -----BEGIN line`, { location: source })
  }
  return keysOf(source, blocks)
}

function keysOf(source: string, blocks: readonly PemBlock[]): readonly GivenKey[] {
  // openssl ecparam writes the curve before the key.
  const own = blocks.filter(({ label }) => !label.endsWith(' PARAMETERS'))
  return (own.length > 0 ? own : blocks).map((block) => ({ publicKey: publicKeyOf(source, block), source }))
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
