/** `prov keys`: make a key pair, or say what a key is. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { type CommonOptions, withCommon } from '../../options.ts'

interface GenerateOptions extends CommonOptions {
  readonly output: string
  readonly passwordFile?: string
}

export function keysCommand(io: Io): Command {
  const keys = new Command('keys')
    .helpCommand(false)
    .summary('make key pairs')
    .description('Makes keys for signing and verifying.')
  const generate = new Command('generate')
    .summary('make a key pair that cosign can use')
    .description(
      "Makes an ECDSA P-256 pair in cosign's format: PREFIX.key, encrypted, and PREFIX.pub. Overwrites nothing.",
    )
    .option('-o, --output <PREFIX>', 'name of the two files without their ending', 'cosign')
    .option('--password-file <FILE>', 'password of the new key (else PROV_PASSWORD, COSIGN_PASSWORD, or a prompt)')
  withCommon(generate)
    .addHelpText(
      'after',
      `
Examples:
  prov keys generate
  prov keys generate --output ci --password-file ci.password`,
    )
    .action(async (options: GenerateOptions) => {
      const { runGenerate } = await import('../../run.ts')
      await runGenerate(options, io)
    })
  return keys.addCommand(generate)
}

export type { GenerateOptions }
