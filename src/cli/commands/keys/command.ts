/** `prov keys`: make a key pair, and lead the life of a signing key. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { withCommon } from '../../options.ts'
import type { GenerateOptions } from './flags.ts'
import { journalCommands } from './journal-commands.ts'
import { regionCommands } from './region-commands.ts'

export function keysCommand(io: Io, exit: Exit): Command {
  const keys = new Command('keys')
    .helpCommand(false)
    .summary('make key pairs, and change signing keys over time')
    .description(
      'Makes keys for signing and verifying, and leads their life: made, public, active, replaced, kept for verifying.',
    )
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
      const { runGenerate } = await import('./run.ts')
      await runGenerate(options, io)
    })
  keys.addCommand(generate)
  for (const command of [...journalCommands(io, exit), ...regionCommands(io, exit)]) keys.addCommand(command)
  return keys
}
