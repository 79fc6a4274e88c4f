/** The command line: parses, runs one command, turns whatever comes back into output and an exit status. */

import { type Command, CommanderError } from 'commander'
import { asProvError, ERRORS, type ErrorCode, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { exitStatus, type Io } from '../platform/io.ts'
import { escapeControlJson } from '../platform/text/escape-control.ts'
import { inOneLine } from '../platform/text/trim.ts'
import { versionFacts } from '../version.ts'
import { dashedKid } from './dashed-kid.ts'
import { program } from './program.ts'
import { tell } from './terminal.ts'

/**
 * Runs prov with these arguments (without `node` and the script) and gives the exit status.
 *
 * @example process.exitCode = await main(['verify', '--storage', 'tekton', '--key', 'cosign.pub', 'run.yaml'], io)
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  if (asksForVersion(args)) {
    io.stdout.write(`${escapeControlJson(JSON.stringify(versionFacts(process), null, 2))}\n`)
    return 0
  }
  let exit = 0
  const onEnd = (status: number): void => {
    exit = status
  }
  const command = program(io, onEnd, args[0])
  try {
    await command.parseAsync(dashedKid(args), { from: 'user' })
    return exit
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0
      if (thrown.code === 'commander.help') return ERRORS.usage.exit
      const message = thrown.message
        .replace(/^error: /, '')
        .split('\n')
        .map((line) => line.trim())
        .join(' ')
      return fail(
        new ProvError('usage', message, { hint: 'prov --help lists the commands; prov COMMAND --help its flags' }),
        args,
        io,
        namesOf(command),
      )
    }
    return fail(thrown, args, io, namesOf(command))
  }
}

/** `--version` alone is commander's. */
function asksForVersion(args: readonly string[]): boolean {
  const [first, second] = [...args].sort((a, b) => Number(a === '--json') - Number(b === '--json'))
  return args.length === 2 && (first === '--version' || first === '-V') && second === '--json'
}

/** Commands, and behind each those below it: `outbox`, `outbox ls`. */
function namesOf(root: Command): readonly string[] {
  return root.commands.flatMap((one) => [one.name(), ...one.commands.map((below) => `${one.name()} ${below.name()}`)])
}

/** What to do after a failure, as the last line on stderr. */
function nextLine(code: ErrorCode, args: readonly string[], known: readonly string[]): string {
  if (code === 'aborted') return 'next: run the same command again'
  if (code !== 'usage') return `next: prov explain ${code}`
  const first = args.find((word) => known.includes(word))
  const both = `${first} ${args[args.indexOf(first ?? '') + 1]}`
  const command = known.includes(both) ? both : first
  return `next: prov ${command === undefined ? '' : `${command} `}--help`
}

function fail(thrown: unknown, args: readonly string[], io: Io, known: readonly string[]): number {
  const error = asProvError(thrown)
  const exit = exitStatus(ERRORS[error.code].exit, io)
  const json = errorJson(error)
  // One line: a failure in the middle of JSON lines is one of them.
  if (args.includes('--json')) io.stdout.write(`${escapeControlJson(JSON.stringify({ exit, error: json }))}\n`)
  for (const line of linesOf(json)) tell(io, line)
  tell(io, nextLine(json.code, args, known))
  if (error.code === 'internal' && io.env['PROV_DEBUG'] !== undefined && error.cause instanceof Error) {
    io.stderr.write(`${error.cause.stack ?? ''}\n`)
  }
  return exit
}

/** One line; where several faults were found at once, one for each below it. */
function linesOf(error: ErrorJson): readonly string[] {
  const { faults, message } = error
  if (faults === undefined) return [oneLine(error)]
  const [head = ''] = message.split('\n')
  const each = faults.map((fault) =>
    inOneLine(`  ${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`),
  )
  return [oneLine({ ...error, message: head }), ...each.map((line) => `  ${line}`)]
}

function oneLine(error: ErrorJson): string {
  const at = error.location === undefined || error.message.includes(error.location) ? '' : ` [${error.location}]`
  const backend = error.backend === undefined ? '' : `${error.backend}: `
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return inOneLine(`prov: ${error.code}: ${backend}${error.message}${at}${hint}`)
}
