/** The script for zsh. Pure. */
import { type Entry, type Group, grouped, type Known, oneOf, quote } from './words.ts'

const HELPERS = `_prov_list() { # NAMES...: backends with commas between
  compset -P '*,'
  local -a named=(\${(s:,:)IPREFIX##*=}) left=("$@")
  compadd -S '' -- \${left:|named}
}
_prov_formats() { # BACKENDS FORMATS...: formats with commas between, each with BACKEND= or without
  compset -P '*,'
  if compset -P 1 '*='; then
    compadd -S '' -- "\${@:2}"
  else
    compadd -S '' -- "\${@:2}" \${^=1}=
  fi
}`

/** @example zsh(entries, known).startsWith('#compdef prov') // true */
export function zsh(entries: readonly Entry[], known: Known): string {
  const paths = entries.flatMap((entry) => (entry.path === '' ? [] : [quote(entry.path)]))
  const values = grouped(entries).map(
    (group) => `    ${group.flags.map(quote).join('|')}) ${then(group, known)}; return ;;`,
  )
  const cases = entries.map((e) => {
    const words = e.words.map((w) => quote(`${w.text.replaceAll(':', '\\:')}:${w.says}`))
    return `    ${quote(e.path)}) offers=(${words.join(' ')}) ;;`
  })
  return `#compdef prov
# zsh completion for prov: source <(prov completion zsh), or prov completion zsh > "\${fpath[1]}/_prov"
${HELPERS}
_prov() {
  local route='' word prev=$words[CURRENT-1] i
  local -a offers
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case "\${route:+$route }$word" in
      ${paths.join('|')}) route="\${route:+$route }$word" ;;
    esac
  done
  if [[ $words[CURRENT] == --*=* ]]; then
    prev=\${words[CURRENT]%%=*}
    compset -P 1 '*='
  fi
  case "$route $prev" in
${values.join('\n')}
  esac
  case $route in
${cases.join('\n')}
  esac
  _describe 'prov' offers
  [[ -n $route ]] && _files
}
if [[ $funcstack[1] == _prov ]]; then _prov "$@"; else compdef _prov prov; fi
`
}

function then({ value }: Group, known: Known): string {
  const names = oneOf(value, known)
  if (names !== undefined) return `compadd -- ${names.map(quote).join(' ')}`
  if (value === 'backends') return `_prov_list ${known.backends.map(quote).join(' ')}`
  const formats = known.formats.map(quote).join(' ')
  if (value === 'formats') return `_prov_formats ${quote(known.backends.join(' '))} ${formats}`
  return value === 'file' ? '_files' : ':'
}
