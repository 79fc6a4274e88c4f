/** `prov explain`: what an error code or a mark means, and what to do. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { ExplainOptions } from './flags.ts'

export function explainCommand(io: Io): Command {
  return new Command('explain')
    .summary('say what an error code or a mark means, and what to do')
    .description(
      'Says what an error code or a mark means, what causes it and what to do. Without a name it lists them all. Needs no network.',
    )
    .argument('[NAME]', 'an error code such as denied, or a mark such as #')
    .option('--json', 'print the result, or the failure, as JSON')
    .addHelpText('after', "\nExamples:\n  prov explain\n  prov explain key_untrusted\n  prov explain '#'")
    .action(async (name: string | undefined, options: ExplainOptions) => {
      const { runExplain } = await import('./run.ts')
      await runExplain(name, options, io)
    })
}
