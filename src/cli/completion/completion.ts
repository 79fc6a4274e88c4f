/** Completion scripts, made from the commands themselves so that they cannot lag behind. Pure. */
import type { Command, Option } from 'commander'
import { bash } from './bash.ts'
import { fish } from './fish.ts'
import type { Entry, Known, Value, Word } from './words.ts'
import { zsh } from './zsh.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

type Flag = Pick<Option, 'long' | 'short' | 'description' | 'required' | 'argChoices' | 'flags'>

const HELP: Flag = { long: '--help', short: '-h', description: 'print this help', required: false, flags: '-h, --help' }

/** Flags that name backends. */
const OF_BACKENDS = ['--storage', '--optional', '--from', '--to', '--prefer']

/**
 * The script for a shell.
 *
 * @example script('bash', program, { backends: ['tekton', 'oci'], formats: ['slsa/v1'] })
 */
export function script(shell: Shell, root: Command, known: Known): string {
  const entries = entriesOf(root, '')
  if (shell === 'bash') return bash(entries, known)
  return shell === 'zsh' ? zsh(entries, known) : fish(entries, known)
}

function entriesOf(command: Command, path: string): readonly Entry[] {
  const options = [...command.options, HELP].flatMap(optionWords)
  const choices = command.registeredArguments.flatMap((argument) =>
    (argument.argChoices ?? []).map((text) => ({ text, says: argument.description })),
  )
  const children = command.commands.map((child) => ({ text: child.name(), says: child.summary() }))
  const below = command.commands.flatMap((child) => entriesOf(child, `${path} ${child.name()}`.trim()))
  return [{ path, words: [...children, ...choices, ...options] }, ...below]
}

function optionWords(option: Flag): readonly Word[] {
  if (option.long === undefined || option.long === null) return []
  const short = option.short === undefined || option.short === null ? {} : { short: option.short }
  const word = { text: option.long, ...short, says: option.description }
  return option.required ? [{ ...word, value: valueKind(option) }] : [word]
}

function valueKind({ long, flags, argChoices }: Flag): Value {
  if (argChoices !== undefined) return { choices: argChoices }
  const list = flags.includes('<LIST>')
  if (OF_BACKENDS.includes(long ?? '') && (list || flags.includes('<BACKEND>'))) return list ? 'backends' : 'backend'
  if (long === '--format') return list ? 'formats' : 'format'
  return flags.includes('FILE') ? 'file' : 'any'
}
