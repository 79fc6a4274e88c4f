/** Where the password of a private key comes from. Never from the command line, where every user of the machine could read it. */

import { ProvError, STOPPED_EXIT } from '../errors.ts'
import { readBounded, whyUnreadable } from '../platform/fs/read-limited.ts'
import { type Password, withoutNewline } from './cosign-key.ts'
import type { Environment } from './pem.ts'
import { ask, openTerminal, type Terminal } from './prompt.ts'

const MAX_PASSWORD_BYTES = 64 * 1024

export interface PasswordOptions {
  /** `--password-file`. */
  readonly file?: string | undefined
  readonly env: Environment
  /** What to ask on a terminal, e.g. `Password of cosign.key: `. */
  readonly question: string
  /**
   * The password is for a key yet to be made: it is asked for twice and compared, and one newline at the end of the file is
   * left out, so that `COSIGN_PASSWORD=$(cat FILE)` opens the key as well.
   */
  readonly confirm?: boolean
  /** Opens the terminal; the controlling one when absent. */
  readonly terminal?: () => Terminal | undefined
  /** Called on Ctrl-C, once the terminal is restored; ends the process with status 130 when absent. */
  readonly interrupt?: () => void
}

/**
 * A function that gives the password, and asks for it at most once: the whole content of the file; else `PROV_PASSWORD`,
 * else `COSIGN_PASSWORD` (both may be empty: the empty password is legal); else the answer typed on the terminal. The
 * function throws `key_password` when there is none of these, `input_unreadable` for the file.
 *
 * @example
 * const password = passwordSource({ file: options.passwordFile, env: process.env, question: 'Password: ' })
 * await loadSigner({ key, password })
 */
export function passwordSource(options: PasswordOptions): () => Promise<Password> {
  let answer: Promise<Password> | undefined
  return () => {
    answer ??= find(options)
    return answer
  }
}

/**
 * The same where a password is at hand without asking anybody; undefined where it is not.
 *
 * @example givenPassword({ env: {} }) // undefined
 */
export function givenPassword({
  file,
  env,
}: Pick<PasswordOptions, 'file' | 'env'>): (() => Promise<Password>) | undefined {
  const isGiven = (file ?? env['PROV_PASSWORD'] ?? env['COSIGN_PASSWORD']) !== undefined
  return isGiven ? passwordSource({ file, env, question: '' }) : undefined
}

async function find(options: PasswordOptions): Promise<Password> {
  if (options.file !== undefined) {
    const content = await readPasswordFile(options.file)
    return options.confirm ? withoutNewline(content) : content
  }
  const fromEnvironment = options.env['PROV_PASSWORD'] ?? options.env['COSIGN_PASSWORD']
  if (fromEnvironment !== undefined) return fromEnvironment
  const typed = await askFor(options, options.question)
  if (options.confirm && typed !== (await askFor(options, 'Again: '))) {
    throw new ProvError('key_password', 'the two passwords are not the same')
  }
  return typed
}

async function askFor(options: PasswordOptions, question: string): Promise<string> {
  const terminal = (options.terminal ?? openTerminal)()
  const interrupt = options.interrupt ?? (() => process.exit(STOPPED_EXIT))
  const typed = terminal === undefined ? undefined : await ask(terminal, question, interrupt)
  if (typed !== undefined) return typed
  throw new ProvError('key_password', 'a password is needed, and none was given', {
    hint: 'use --password-file FILE, or set PROV_PASSWORD or COSIGN_PASSWORD (an empty one is legal)',
  })
}

async function readPasswordFile(path: string): Promise<Uint8Array> {
  const details = { location: path }
  let bytes: Uint8Array | undefined
  try {
    bytes = await readBounded(path, MAX_PASSWORD_BYTES)
  } catch (error) {
    throw new ProvError('input_unreadable', `password file ${path} ${whyUnreadable(error)}`, details)
  }
  if (bytes !== undefined) return bytes
  throw new ProvError('input_too_large', `password file ${path} is larger than ${MAX_PASSWORD_BYTES} bytes`, details)
}
