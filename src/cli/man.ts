/** The manual page, made from the commands as the help is. Pure. */
import type { Command, Option } from 'commander'

/**
 * `prov.1` in the man macros of roff.
 *
 * @example manPage(program(io, exit), '0.1.0') // '.TH PROV 1 …'
 */
export function manPage(root: Command, version: string): string {
  const all = [...root.commands].flatMap((command) => [command, ...command.commands])
  return [
    `.TH PROV 1 "" "prov ${escaped(version)}" "prov"`,
    '.SH NAME',
    `prov \\- ${escaped('sign provenance once, store it in several backends, verify that all copies agree')}`,
    '.SH SYNOPSIS',
    '.B prov',
    '.I COMMAND',
    '[\\fIOPTION\\fR]...',
    '.SH DESCRIPTION',
    escaped(root.description()),
    '.SH COMMANDS',
    ...all.filter(({ commands }) => commands.length === 0).flatMap((command) => commandLines(command)),
    '.SH EXIT STATUS AND EXAMPLES',
    'See \\fBprov \\-\\-help\\fR, \\fBprov\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR and \\fBprov explain\\fR.',
    '',
  ].join('\n')
}

function commandLines(command: Command): readonly string[] {
  const path = pathOf(command)
  const args = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`))
  return [
    `.SS "${escaped([path, ...args].join(' '))}"`,
    escaped(command.description()),
    ...command.options.filter((option) => !option.hidden).flatMap(optionLines),
  ]
}

function optionLines(option: Option): readonly string[] {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`
  return ['.TP', `.B ${escaped(option.flags)}`, escaped(`${option.description}${choices}`)]
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** Roff reads a backslash anywhere, and a dot or an apostrophe at the beginning of a line. */
function escaped(text: string): string {
  const safe = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('\n', ' ').replaceAll('"', '\\(dq')
  return /^[.']/.test(safe) ? `\\&${safe}` : safe
}
