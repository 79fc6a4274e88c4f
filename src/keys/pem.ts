/** Reads a key from a file or an environment variable, bounded, and cuts it into its PEM blocks. No message ever quotes content. */

import { ProvError } from '../errors.ts'
import { readBounded, whyUnreadable } from '../platform/fs/read-limited.ts'

/** A key of 16,384 bits is under 16 KiB. */
const MAX_KEY_BYTES = 64 * 1024

/** One `-----BEGIN LABEL-----` block. */
export interface PemBlock {
  readonly label: string
  /** The whole block, markers included. */
  readonly pem: string
  /** What stands between the markers. */
  readonly body: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The PEM blocks of a key given as a path, or as cosign's `env://NAME`. Throws `key_unreadable` for a missing file, a
 * directory, more than 64 KiB, no PEM, and for a key that was itself given in the place of its path.
 *
 * @example (await readPemBlocks('cosign.pub', process.env))[0]?.label // 'PUBLIC KEY'
 */
export async function readPemBlocks(key: string, env: Environment): Promise<readonly PemBlock[]> {
  if (/-----BEGIN|\n/.test(key)) {
    throw new ProvError('key_unreadable', 'the key itself was given where the path of its file belongs', {
      hint: 'give a path, or put the key into a variable and give env://NAME',
    })
  }
  const text = key.startsWith('env://') ? readVariable(key, env) : await readFile(key)
  if (text.length > MAX_KEY_BYTES) throw unreadable(key, `is larger than ${MAX_KEY_BYTES} bytes`)
  const blocks = pemBlocks(text)
  if (blocks.length === 0) throw unreadable(key, 'holds no key: it has no -----BEGIN line')
  return blocks
}

async function readFile(path: string): Promise<string> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await readBounded(path, MAX_KEY_BYTES)
  } catch (error) {
    throw unreadable(path, whyUnreadable(error))
  }
  if (bytes === undefined) throw unreadable(path, `is larger than ${MAX_KEY_BYTES} bytes`)
  return Buffer.from(bytes).toString('latin1')
}

function readVariable(key: string, env: Environment): string {
  const text = env[key.slice('env://'.length)]
  if (text === undefined || text === '') throw unreadable(key, 'is not set')
  return text
}

/** A key's bare base64 given in the place of its path must not be repeated in a message. */
function unreadable(key: string, reason: string): ProvError {
  if (/^[A-Za-z0-9+/=_-]{100,}$/.test(key)) return new ProvError('key_unreadable', `the key given ${reason}`)
  return new ProvError('key_unreadable', `key ${key} ${reason}`, { location: key })
}

/** Labels are those of RFC 7468; the end marker must name the same one. */
function pemBlocks(text: string): readonly PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([\s\S]*?)-----END \1-----/g)
  return Array.from(blocks, ([pem, label = '', body = '']) => ({ pem: `${pem}\n`, label, body }))
}
