/** `prov conform`: run the public conformance suite on a backend that somebody else wrote. */
import { Command, Option } from 'commander'
import type { Io } from '../../../platform/io.ts'
import type { Exit } from '../../exit.ts'
import { collect, count } from '../../options.ts'
import type { ConformOptions } from './flags.ts'

export function conformCommand(io: Io, exit: Exit): Command {
  return new Command('conform')
    .summary('run the conformance suite on a backend of your own')
    .description(
      'Runs the suite that defines a backend on a module of your own, and prints line by line what holds. ' +
        'The module is code: it runs with all your rights, in a process of its own.',
    )
    .argument('<FILE>', 'module that exports `open`, or `rig` to have faults tried as well')
    .addOption(
      new Option('--set <KEY=VALUE>', 'what context.setting(KEY) answers; {place} in it is a word made for each test')
        .argParser(collect)
        .default([]),
    )
    .option('--only <TEXT>', 'only lines that have this text in their name or words')
    .addOption(new Option('--timeout <SECONDS>', 'longest time for one line').argParser(count).default(30))
    .option('--json', 'print the result, or the failure, as JSON')
    .option('-q, --quiet', 'print nothing but errors, and the table when a line fails')
    .option('-v, --verbose', "print the backend's debug lines on stderr")
    .addHelpText(
      'after',
      `
In the table:
  pass      the line holds
  FAIL      it does not, or the process hung, crashed or ended during it
  gap       the module's own \`gaps\` name it, and it still does not hold
  not run   nothing brings it about: what is missing is said below it

A gap whose line holds by now is a FAIL: take it off the list.

Exit status: 0 all that was run passed, 2 the module is not a backend, 3 a line
failed, 5 no line passed, so nothing is proven.

Examples:
  prov conform ./my-backend.js
  prov conform ./my-backend.js --set my.folder=/var/tmp/try/{place}
  prov conform ./my-backend.ts --only abort --timeout 5 --json`,
    )
    .action(async (file: string, options: ConformOptions) => {
      const { runConform } = await import('./run.ts')
      exit(await runConform(file, options, io))
    })
}
