/** The commands of prov. Each command's work is imported only when it runs, so that --help pays for none of it. */
import { Command, type Option } from 'commander'
import type { Io } from '../platform/io.ts'
import { versionFacts, versionText } from '../version.ts'
import { completionCommand } from './commands/completion/command.ts'
import { configCommand } from './commands/config/command.ts'
import { conformCommand } from './commands/conform/command.ts'
import { doctorCommand } from './commands/doctor/command.ts'
import { explainCommand } from './commands/explain/command.ts'
import { getCommand } from './commands/get/command.ts'
import { keysCommand } from './commands/keys/command.ts'
import { listCommand } from './commands/list/command.ts'
import { migrateCommand } from './commands/migrate/command.ts'
import { outboxCommand } from './commands/outbox/command.ts'
import { payloadCommand } from './commands/payload/command.ts'
import { reconcileCommand } from './commands/reconcile/command.ts'
import { repairCommand } from './commands/repair/command.ts'
import { schemaCommand } from './commands/schema/command.ts'
import { searchCommand } from './commands/search/command.ts'
import { serveCommand } from './commands/serve/command.ts'
import { storeCommand } from './commands/store/command.ts'
import { truthCommand } from './commands/truth/command.ts'
import { verifyCommand } from './commands/verify/command.ts'
import { workerCommand } from './commands/worker/command.ts'
import type { Exit } from './exit.ts'
import { fitHelp, HELP_COLUMNS } from './help-text.ts'

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, (io: Io, exit: Exit) => Command>> = {
  store: storeCommand,
  verify: verifyCommand,
  migrate: migrateCommand,
  repair: repairCommand,
  search: searchCommand,
  reconcile: reconcileCommand,
  worker: workerCommand,
  serve: serveCommand,
  outbox: outboxCommand,
  truth: truthCommand,
  payload: payloadCommand,
  get: getCommand,
  list: listCommand,
  doctor: doctorCommand,
  explain: explainCommand,
  keys: keysCommand,
  config: configCommand,
  conform: conformCommand,
  schema: schemaCommand,
  completion: (io, exit) => completionCommand(io, () => program(io, exit)),
}

/**
 * The whole command line as commander sees it. Parsing throws CommanderError instead of ending the process.
 *
 * @param named the command that is asked for, where it is known: it needs none of the others, and to set all of them up takes longer than to
 *   read a copy. What is no command's name asks for all.
 * @example await program(io, (status) => { process.exitCode = status }).parseAsync(args, { from: 'user' })
 */
export function program(io: Io, exit: Exit, named?: string): Command {
  const root = new Command('prov')
    .description(
      'Signs provenance once, stores the same signed bytes in every backend named, and proves at any later time that every copy agrees.',
    )
    .version(
      versionText(versionFacts(process)),
      '-V, --version',
      'print version, commit, Node and platform; --json too',
    )
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .addHelpText(
      'after',
      `
Examples:
  prov keys generate
  prov store  --storage tekton,oci --key cosign.key run.yaml
  prov verify --storage tekton,oci --key cosign.pub run.yaml

Exit status: 0 all well, 1 defect in prov, 2 usage or input,
3 a copy does not verify, 4 copies disagree, 5 a copy is
missing, 6 a backend could not be read, 7 not everything was
stored (run the same command again).`,
    )
  const names = named !== undefined && Object.hasOwn(COMMANDS, named) ? [named] : Object.keys(COMMANDS)
  for (const name of names) {
    const command = COMMANDS[name]?.(io, exit)
    if (command !== undefined) root.addCommand(command)
  }
  for (const command of [root, ...root.commands, ...root.commands.flatMap((c) => c.commands)]) {
    command
      .helpOption('-h, --help', 'print this help')
      .configureHelp({
        ...HELP_COLUMNS,
        minWidthToWrap: 20,
        optionDescription: (option) => option.description + choicesOf(option),
      })
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => io.stdout.write(fitHelp(text, helpWidth(io.stdout))),
        writeErr: (text) => {
          // Errors are said by src/cli/main.ts, in one line; what is left is the help of a command that was named alone.
          if (text.startsWith('Usage: ')) io.stderr.write(fitHelp(text, helpWidth(io.stderr)))
        },
        getOutHelpWidth: () => helpWidth(io.stdout),
        getErrHelpWidth: () => helpWidth(io.stderr),
      })
  }
  return root
}

function helpWidth(stream: Io['stdout']): number {
  return Math.max(40, stream.columns || 80)
}

/** Like commander's own, but flags that may be repeated do not say that they are empty by default. */
function choicesOf(option: Option): string {
  if (option.argChoices !== undefined) return ` (${option.argChoices.join(', ')})`
  const given = option.defaultValueDescription ?? option.defaultValue
  return typeof given === 'string' ? ` (default: ${given})` : ''
}
