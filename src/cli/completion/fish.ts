/** The script for fish. Pure. */
import { type Entry, type Known, oneOf, quote, type Value, type Word } from './words.ts'

const HELPERS = `function __prov_list # NAMES...: backends with commas between
  set -l typed (string replace -r -- '^--[^=]*=' '' (commandline -ct))
  set -l head (string match -r -- '^.*,' "$typed")
  for each in $argv
    contains -- $each (string split , -- "$head"); or printf '%s%s\\n' "$head" $each
  end
end
function __prov_formats # BACKENDS FORMATS...: formats with commas between, each with BACKEND= or without
  set -l typed (string replace -r -- '^--[^=]*=' '' (commandline -ct))
  set -l head (string match -r -- '^.*,' "$typed")
  set -l owner (string match -r -- '^[^=]*=' (string replace -r -- '^.*,' '' "$typed"))
  for each in $argv[2..]
    printf '%s%s%s\\n' "$head" "$owner" $each
  end
  test -n "$owner"; and return
  for each in (string split ' ' -- $argv[1])
    printf '%s%s=\\n' "$head" $each
  end
end`

/** @example fish(entries, known).startsWith('# fish completion') // true */
export function fish(entries: readonly Entry[], known: Known): string {
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
    return entry.words.map(
      (word) => `complete -c prov${when} ${nameOf(word)}${then(word.value, known)} -d ${quote(word.says)}`,
    )
  })
  return `# fish completion for prov: prov completion fish | source\n${HELPERS}\n${lines.join('\n')}\n`
}

function nameOf({ text, short }: Word): string {
  if (!text.startsWith('--')) return `-f -a ${text}`
  return `-l ${text.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
}

function then(value: Value | undefined, known: Known): string {
  if (value === undefined) return ''
  const names = oneOf(value, known)
  if (names !== undefined) return ` -x -a ${quote(names.join(' '))}`
  if (value === 'backends') return ` -x -a ${quote(`(__prov_list ${known.backends.join(' ')})`)}`
  const formats = known.formats.join(' ')
  if (value === 'formats') return ` -x -a ${quote(`(__prov_formats "${known.backends.join(' ')}" ${formats})`)}`
  return value === 'file' ? ' -r' : ' -x'
}
