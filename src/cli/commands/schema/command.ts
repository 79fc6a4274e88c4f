/** `prov schema`: the JSON Schemas of what prov prints as JSON. */
import { Argument, Command } from 'commander'
import type { Io } from '../../../platform/io.ts'
import { SCHEMAS, type SchemaName } from '../../../report/schemas/index.ts'

export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .summary("print the JSON Schema of a command's --json")
    .description(
      'Prints the JSON Schema (2020-12) of what a command prints with --json, failures included, or of a keyring; without a name, the list of them. ' +
        'The same files are in the package under schemas/.',
    )
    .addArgument(new Argument('[NAME]', 'which one').choices(Object.keys(SCHEMAS)))
    .addHelpText(
      'after',
      `
Examples:
  prov schema
  prov schema verify > verify.schema.json`,
    )
    .action(async (name: SchemaName | undefined) => {
      const { runOutputSchema } = await import('./run.ts')
      await runOutputSchema(name, io)
    })
}
