/** The command line: parses, runs one command, turns whatever comes back into output and an exit status. */

import { CommanderError } from 'commander'
import { asProvError, ERRORS, type ErrorJson, errorJson, ProvError } from '../errors.ts'
import { exitStatus, type Io } from '../platform/io.ts'
import { jsonLine } from '../platform/text/json-text.ts'
import { inOneLine } from '../platform/text/trim.ts'
import { program } from './program.ts'
import { tell } from './terminal.ts'

/**
 * Runs prov with these arguments (without `node` and the script) and gives the exit status.
 *
 * @example process.exitCode = await main(['verify', '--storage', 'tekton', '--key', 'cosign.pub', 'run.yaml'], io)
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let exit = 0
  const command = program(io, (status) => {
    exit = status
  })
  try {
    await command.parseAsync(args, { from: 'user' })
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
      )
    }
    return fail(thrown, args, io)
  }
}

function fail(thrown: unknown, args: readonly string[], io: Io): number {
  const error = asProvError(thrown)
  const exit = exitStatus(ERRORS[error.code].exit, io)
  const json = errorJson(error)
  // One line: a failure in the middle of JSON lines is one of them.
  if (args.includes('--json')) io.stdout.write(jsonLine({ exit, error: json }))
  tell(io, oneLine(json))
  if (error.code === 'internal' && io.env['PROV_DEBUG'] !== undefined && error.cause instanceof Error) {
    io.stderr.write(`${error.cause.stack ?? ''}\n`)
  }
  return exit
}

function oneLine(error: ErrorJson): string {
  const at = error.location === undefined || error.message.includes(error.location) ? '' : ` [${error.location}]`
  const backend = error.backend === undefined ? '' : `${error.backend}: `
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return inOneLine(`prov: ${error.code}: ${backend}${error.message}${at}${hint}`)
}
