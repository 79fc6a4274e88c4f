/** `prov config`: the effective configuration, and every error in it at once. */
import { Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { withCommon } from '../../options.ts'
import type { ConfigOptions } from './flags.ts'

export function configCommand(io: Io): Command {
  const config = new Command('config')
    .helpCommand(false)
    .summary('show and check the configuration')
    .description('Shows what is configured and where each value came from, or finds every error in it.')
  const show = new Command('show')
    .summary('print the effective configuration and where each value came from')
    .description(
      'Prints every setting that has a value, and whether it came from a flag, the environment, the file or the default. Secrets are not shown.',
    )
    .option('--all', 'also settings without a value')
  const check = new Command('check')
    .summary('find every error in the configuration')
    .description(
      'Reads the configuration as a command would and names every error and warning. Exit 0 when no error was found, else 2.',
    )
  const schema = new Command('schema')
    .summary('print the JSON Schema of the configuration')
    .description(
      "Prints the JSON Schema (2020-12) of prov's configuration file, made from the table that validates it.",
    )
  withCommon(show)
    .addHelpText(
      'after',
      '\nExamples:\n  prov config show --config chains-config.yaml\n  PROV_STORAGE_TIMEOUT=5s prov config show --json',
    )
    .action(async (options: ConfigOptions) => {
      const { runShow } = await import('./run.ts')
      await runShow(options, io)
    })
  withCommon(check)
    .addHelpText('after', '\nExamples:\n  prov config check --config chains-config.yaml')
    .action(async (options: ConfigOptions) => {
      const { runCheck } = await import('./run.ts')
      await runCheck(options, io)
    })
  schema.addHelpText('after', '\nExamples:\n  prov config schema > prov.schema.json').action(async () => {
    const { runSchema } = await import('./run.ts')
    await runSchema(io)
  })
  for (const command of [show, check, schema]) config.addCommand(command)
  return config
}
