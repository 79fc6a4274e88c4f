/** The script for bash, from 3.2 on, without any library of completions. Pure. */
import { type Entry, type Group, grouped, type Known, oneOf, quote } from './words.ts'

// Bash splits the line at = and : as well as at blanks, so the script splits it anew, and gives back only what stands behind the last =.
const HELPERS = `_prov_offer() { # WORD CANDIDATE...: those that begin with WORD, which is what has been typed of this one
  local typed=$1 cut='' each
  shift
  case $COMP_WORDBREAKS in *=*) case $typed in *=*) cut=\${typed%"\${typed##*=}"} ;; esac ;; esac
  for each; do
    case $each in "$typed"*) COMPREPLY+=("\${each#"$cut"}") ;; esac
  done
}
_prov_list() { # LEAD VALUE NAMES...: backends with commas between
  local lead=$1 head='' each
  case $2 in *,*) head=\${2%,*}, ;; esac
  local -a full
  for each in "\${@:3}"; do
    case ",$head" in *",$each,"*) ;; *) full+=("$lead$head$each") ;; esac
  done
  compopt -o nospace 2>/dev/null
  _prov_offer "$lead$2" "\${full[@]}"
}
_prov_formats() { # LEAD VALUE BACKENDS FORMATS...: formats with commas between, each with BACKEND= or without
  local lead=$1 head='' tail=\${2##*,} owner='' each
  case $2 in *,*) head=\${2%,*}, ;; esac
  case $tail in *=*) owner=\${tail%%=*}= ;; esac
  local -a full
  for each in "\${@:4}"; do full+=("$lead$head$owner$each"); done
  [ -n "$owner" ] || for each in $3; do full+=("$lead$head$each="); done
  compopt -o nospace 2>/dev/null
  _prov_offer "$lead$2" "\${full[@]}"
}
_prov_files() {
  compopt -o filenames 2>/dev/null
  local each
  while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -f -- "$1")
}`

/** @example bash(entries, known).startsWith('# bash completion') // true */
export function bash(entries: readonly Entry[], known: Known): string {
  const paths = entries.flatMap((entry) => (entry.path === '' ? [] : [quote(entry.path)]))
  const values = grouped(entries).map(
    (group) => `    ${group.flags.map(quote).join('|')}) ${then(group, known)}; return ;;`,
  )
  const cases = entries.map((e) => `    ${quote(e.path)}) words='${e.words.map((w) => w.text).join(' ')}' ;;`)
  return `# bash completion for prov: source <(prov completion bash)
${HELPERS}
_prov() {
  local line=\${COMP_LINE:0:COMP_POINT} cur='' prev='' path='' words='' lead='' word n
  local -a typed
  COMPREPLY=()
  read -r -a typed <<<"$line"
  n=\${#typed[@]}
  case $line in *[[:space:]]) ;; *) cur=\${typed[n-1]} n=$((n - 1)) ;; esac
  [ "$n" -gt 0 ] && prev=\${typed[n-1]}
  for word in "\${typed[@]:1:n-1}"; do
    case "\${path:+$path }$word" in
      ${paths.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case $cur in --*=*) prev=\${cur%%=*} lead=\${cur%%=*}= cur=\${cur#*=} ;; esac
  case "$path $prev" in
${values.join('\n')}
  esac
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  case $cur in -*) ;; *) [ -z "$path" ] || _prov_files "$cur" ;; esac
}
complete -F _prov prov
`
}

function then({ value }: Group, known: Known): string {
  const names = oneOf(value, known)
  const offers = (names ?? []).map((name) => `"$lead"${quote(name)}`).join(' ')
  if (names !== undefined) return `_prov_offer "$lead$cur" ${offers}`
  const backends = known.backends.map(quote).join(' ')
  if (value === 'backends') return `_prov_list "$lead" "$cur" ${backends}`
  const formats = known.formats.map(quote).join(' ')
  if (value === 'formats') return `_prov_formats "$lead" "$cur" ${quote(known.backends.join(' '))} ${formats}`
  return value === 'file' ? '_prov_files "$cur"' : ':'
}
