/** Reads a key from a file or an environment variable, bounded, and cuts it into its PEM blocks. No message ever quotes content. */

import { ProvError } from '../errors.ts'
import { readOrRefuse } from '../platform/fs/read-limited.ts'
import type { OddForm, Role } from './key-content.ts'
import { oddForm } from './odd-form.ts'

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
 * The PEM blocks of a key given as a path, or as cosign's `env://NAME`; blanks around its lines count as little as they do for openssl and
 * cosign. Throws `key_unreadable` for a missing file, a directory, more than 64 KiB, no PEM, and for a key that was itself given
 * in the place of its path; `key_unsupported` for a key in a form that prov does not read, with the command that converts it to what is `wanted`.
 *
 * @example (await readPemBlocks('cosign.pub', process.env, 'public'))[0]?.label // 'PUBLIC KEY'
 */
export async function readPemBlocks(key: string, env: Environment, wanted: Role): Promise<readonly PemBlock[]> {
  if (/-----BEGIN|\n/.test(key)) {
    throw new ProvError('key_unreadable', 'the key itself was given where the path of its file belongs', {
      hint: 'give a path, or put the key into a variable and give env://NAME',
    })
  }
  const variable = key.startsWith('env://') ? key.slice('env://'.length) : undefined
  const bytes =
    variable === undefined
      ? await readOrRefuse(key, MAX_KEY_BYTES, (why) => unreadable(key, why))
      : readVariable(key, variable, env)
  if (bytes.length > MAX_KEY_BYTES) throw unreadable(key, `is larger than ${MAX_KEY_BYTES} bytes`)
  const blocks = pemBlocks(bytes.toString('latin1'))
  if (blocks.some(({ label }) => !ODD_LABEL.test(label))) return blocks
  const file = variable === undefined && /^[\w./+@-]{1,200}$/.test(key) ? key : 'KEY'
  const form = oddForm({ bytes, file, ...(variable === undefined ? {} : { variable }) })
  if (form !== undefined) throw refused(key, form, wanted)
  if (blocks.length === 0) throw unreadable(key, 'holds no key: it has no -----BEGIN line')
  return blocks
}

/** Blocks that only other programs read. */
const ODD_LABEL = /^(?:OPENSSH|PGP) /

function readVariable(key: string, name: string, env: Environment): Buffer {
  const text = env[name]
  if (text === undefined || text === '') throw unreadable(key, 'is not set')
  return Buffer.from(text)
}

/** A key's bare base64 given in the place of its path must not be repeated in a message. */
function unreadable(key: string, reason: string, hint?: string): ProvError {
  if (/^[A-Za-z0-9+/=_-]{100,}$/.test(key)) return new ProvError('key_unreadable', `the key given ${reason}`)
  return new ProvError('key_unreadable', `key ${key} ${reason}`, { location: key, hint })
}

const NEEDS = { private: 'signing needs the private key', public: 'verifying needs the public one' }
const GIVE = { private: 'give the private key that belongs to it', public: 'give the public key that belongs to it' }

function refused(key: string, { what, role, sound, remedy }: OddForm, wanted: Role): ProvError {
  const isOther = role !== undefined && role !== wanted
  const reason = isOther ? `${what}; ${NEEDS[wanted]}` : what
  const hint = remedy(wanted) ?? GIVE[wanted]
  if (!sound || isOther) return unreadable(key, reason, hint)
  return new ProvError('key_unsupported', `key ${key} ${reason}`, { location: key, hint })
}

/**
 * The blocks of a PEM text, in order; [] when there are none. Labels are those of RFC 7468; the end marker must name the same one.
 *
 * @example pemBlocks(text)[0]?.label // 'PUBLIC KEY'
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  const lines = text.replace(/^[^\S\r\n]+|[^\S\r\n]+(?=\r?\n|$)/gm, '')
  const blocks = lines.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([\s\S]*?)-----END \1-----/g)
  return Array.from(blocks, ([, label = '', found = '']) => {
    const body = bodyOf(found)
    return { pem: `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`, label, body }
  })
}

/** In lines of 64, as OpenSSL wants them; where there are headers (of the older encrypted form), as it stands. */
function bodyOf(found: string): string {
  if (found.includes(':')) return found
  const lines = found.replace(/\s+/g, '').match(/.{1,64}/g) ?? []
  return lines.map((line) => `${line}\n`).join('')
}
