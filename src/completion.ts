/** Completion scripts, made from the commands themselves so that they cannot lag behind. Pure. */
import type { Command, Option } from 'commander'

export type Shell = 'bash' | 'zsh' | 'fish'

interface Entry {
  /** Words that lead here, e.g. `keys generate`; '' for prov itself. */
  readonly path: string
  readonly words: readonly Word[]
}

interface Word {
  readonly text: string
  readonly says: string
  /** What may follow it; undefined: nothing; 'file': a file name. */
  readonly value?: 'file' | readonly string[]
}

/** Values of flags that take a list of known names. */
export interface Known {
  readonly backends: readonly string[]
  readonly formats: readonly string[]
}

/**
 * The script for a shell.
 *
 * @example script('bash', program, { backends: ['tekton', 'oci'], formats: ['slsa/v1'] })
 */
export function script(shell: Shell, root: Command, known: Known): string {
  const entries = entriesOf(root, '', known)
  if (shell === 'bash') return bash(entries)
  return shell === 'zsh' ? zsh(entries) : fish(entries)
}

function entriesOf(command: Command, path: string, known: Known): readonly Entry[] {
  const options = [...command.options, helpOption(command)].flatMap((option) => optionWords(option, known))
  const choices = command.registeredArguments.flatMap((argument) =>
    (argument.argChoices ?? []).map((text) => ({ text, says: argument.description })),
  )
  const children = command.commands.map((child) => ({ text: child.name(), says: child.summary() }))
  const below = command.commands.flatMap((child) => entriesOf(child, `${path} ${child.name()}`.trim(), known))
  return [{ path, words: [...children, ...choices, ...options] }, ...below]
}

function helpOption(
  _command: Command,
): Pick<Option, 'long' | 'short' | 'description' | 'required' | 'argChoices' | 'flags'> {
  return { long: '--help', short: '-h', description: 'print this help', required: false, flags: '-h, --help' }
}

function optionWords(
  option: Pick<Option, 'long' | 'description' | 'required' | 'argChoices' | 'flags'>,
  known: Known,
): readonly Word[] {
  if (option.long === undefined || option.long === null) return []
  const word = { text: option.long, says: option.description }
  if (!option.required) return [word]
  if (option.argChoices !== undefined) return [{ ...word, value: option.argChoices }]
  if (option.long === '--storage' || option.long === '--optional') return [{ ...word, value: known.backends }]
  if (option.long === '--format') return [{ ...word, value: known.formats }]
  return [{ ...word, value: option.flags.includes('FILE') ? 'file' : [] }]
}

function valued(entries: readonly Entry[]): ReadonlyMap<string, readonly string[]> {
  const all = entries.flatMap((entry) => entry.words).filter((word) => Array.isArray(word.value))
  return new Map(all.map((word) => [word.text, word.value as readonly string[]]))
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map((e) => `    '${e.path}') words='${e.words.map((w) => w.text).join(' ')}' ;;`)
  const values = [...valued(entries)].map(
    ([flag, list]) => `    ${flag}) COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$cur")); return ;;`,
  )
  const files = [
    ...new Set(
      entries
        .flatMap((e) => e.words)
        .filter((w) => w.value === 'file')
        .map((w) => w.text),
    ),
  ]
  return `# bash completion for prov: source <(prov completion bash)
_prov() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' path='' words='' i
  [ "$COMP_CWORD" -gt 0 ] && prev=\${COMP_WORDS[COMP_CWORD-1]}
  case $prev in
${values.join('\n')}
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${entries
        .filter((e) => e.path !== '')
        .map((e) => `'${e.path}'`)
        .join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  case $cur in -*) ;; *) [ -n "$path" ] && COMPREPLY+=($(compgen -f -- "$cur")) ;; esac
}
complete -o filenames -F _prov prov
`
}

function zsh(entries: readonly Entry[]): string {
  const cases = entries.map((e) => {
    const words = e.words.map((w) => quote(`${w.text.replaceAll(':', '\\:')}:${w.says}`))
    return `    '${e.path}') offers=(${words.join(' ')}) ;;`
  })
  const values = [...valued(entries)].map(
    ([flag, list]) => `    ${flag}) compadd -- ${list.map(quote).join(' ')}; return ;;`,
  )
  const files = [
    ...new Set(
      entries
        .flatMap((e) => e.words)
        .filter((w) => w.value === 'file')
        .map((w) => w.text),
    ),
  ]
  return `#compdef prov
# zsh completion for prov: prov completion zsh > "\${fpath[1]}/_prov"
_prov() {
  local route='' word i; local -a offers
  local prev=$words[CURRENT-1]
  case $prev in
${values.join('\n')}
    ${files.join('|')}) _files; return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case "\${route:+$route }$word" in
      ${entries
        .filter((e) => e.path !== '')
        .map((e) => `'${e.path}'`)
        .join('|')}) route="\${route:+$route }$word" ;;
    esac
  done
  case $route in
${cases.join('\n')}
  esac
  _describe 'prov' offers
  [[ -n $route ]] && _files
}
_prov "$@"
`
}

function fish(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const seen = entry.path.split(' ').filter((word) => word !== '')
    const below = entries.filter(
      (e) => e.path !== entry.path && e.path.startsWith(entry.path === '' ? '' : `${entry.path} `),
    )
    const not = below.map((e) => e.path.split(' ')[seen.length] ?? '').filter((word) => word !== '')
    const conditions = [
      ...seen.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(not.length === 0 ? [] : [`not __fish_seen_subcommand_from ${[...new Set(not)].join(' ')}`]),
    ]
    const when = conditions.length === 0 ? '' : ` -n ${quote(conditions.join('; and '))}`
    return entry.words.map((word) => {
      const what = word.text.startsWith('--') ? `-l ${word.text.slice(2)}` : `-f -a ${word.text}`
      const value =
        word.value === undefined ? '' : word.value === 'file' ? ' -r' : ` -x -a ${quote(word.value.join(' '))}`
      return `complete -c prov${when} ${what}${value} -d ${quote(word.says)}`
    })
  })
  return `# fish completion for prov\n${lines.join('\n')}\n`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
