/** With which key `prov store` signs, and whose copies count as ours. */
import { ProvError } from '../../../errors.ts'
import { givenPassword, passwordSource } from '../../../keys/password.ts'
import { publicKeyBeside } from '../../../keys/public-half.ts'
import type { Io } from '../../../platform/io.ts'
import { isAnyoneTrusted, trustFor } from '../../../setup/keys.ts'
import { loadSigner } from '../../../signing/open-signer.ts'
import type { KeySigner, Signer } from '../../../signing/signer.ts'
import type { Trust } from '../../../trust/trust.ts'
import { joinTrust, trustOf, withoutThreshold } from '../../../trust/trusted-keys.ts'
import { worldOf } from '../../world.ts'
import type { StoreOptions } from './flags.ts'

export interface Signing {
  readonly signer: () => Promise<Signer>
  readonly trust: () => Promise<Trust>
  close(): Promise<void>
}

/** What `--key` says for the active key of a journal. */
export const JOURNAL = 'journal:'

/** Signs with the key of a file or a variable; undefined: none was given, which fails once it is needed. */
export function keySigning(key: string | undefined, options: StoreOptions, io: Io): Signing {
  const signer = signerSource(key, options, io)
  openEarly(key, signer, options, io)
  return { signer, trust: () => trustSource(key, signer, options, io), close: async () => undefined }
}

/**
 * Deriving the key of an encrypted file takes a fifth of a second on another thread: it begins before anything is read. Not where
 * somebody would be asked for a password, who has to hear of a mistake in the command first.
 */
function openEarly(key: string | undefined, signer: () => Promise<KeySigner>, options: StoreOptions, io: Io): void {
  const isGiven = givenPassword({ file: options.passwordFile, env: io.env }) !== undefined
  if (key === undefined || !isGiven || options.dryRun === true) return
  signer().catch(() => undefined) // said when the key is needed
}

function signerSource(key: string | undefined, options: StoreOptions, io: Io): () => Promise<KeySigner> {
  let opened: Promise<KeySigner> | undefined
  return () => {
    if (key === undefined) throw new ProvError('usage', 'no private key was given', { hint: 'use --key cosign.key' })
    const question = `Password of ${key}: `
    opened ??= loadSigner({
      key,
      password: passwordSource({ file: options.passwordFile, env: io.env, question }),
      env: io.env,
    })
    return opened
  }
}

/** Trust in whom flags name: how many must have signed is asked of whoever verifies, since here the first of them may be at work. */
export async function givenTrust(options: StoreOptions, io: Io): Promise<readonly Trust[]> {
  const flags = { ...options, key: options.verifyKey }
  return isAnyoneTrusted(flags) ? [withoutThreshold(await trustFor(flags, worldOf(io, options)))] : []
}

/**
 * Whose copies count as ours. The private key itself says which public half that is; only a dry run, which must not touch it,
 * takes the word of the .pub file beside it.
 */
async function trustSource(
  key: string | undefined,
  signer: () => Promise<KeySigner>,
  options: StoreOptions,
  io: Io,
): Promise<Trust> {
  const given = await givenTrust(options, io)
  if (options.dryRun !== true) return joinTrust([trustOf(await signer()), ...given])
  const beside = key === undefined ? undefined : await publicKeyBeside(key)
  if (beside !== undefined) return joinTrust([trustOf(beside), ...given])
  return joinTrust(key === undefined ? given : [trustOf(await signer()), ...given])
}
