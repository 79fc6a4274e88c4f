#!/usr/bin/env bash
# Second step of action.yml. Reads INPUT_* and the runner's own variables; ends with the exit status of prov.
set -o pipefail

fail() {
  echo "::error title=prov::$1"
  exit 2
}

# collect TEXT: each line that is not empty becomes one argument, whatever is in it
collect() {
  local line
  lines=()
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -z "$line" ] || lines+=("$line")
  done <<<"$1"
}

[[ $INPUT_COMMAND =~ ^[a-z]+(' '[a-z]+)?$ ]] || fail 'the input command names no command of prov'
case ${INPUT_SUMMARY:=true} in true | false) ;; *) fail 'the input summary must be true or false' ;; esac
[ -z "$INPUT_PASSWORD" ] || export COSIGN_PASSWORD=$INPUT_PASSWORD
unset INPUT_PASSWORD

read -r -a words <<<"$INPUT_COMMAND"
[ -z "$INPUT_STORAGE" ] || words+=(--storage "$INPUT_STORAGE")
[ -z "$INPUT_KEY" ] || words+=(--key "$INPUT_KEY")
[ -z "$INPUT_CONFIG" ] || words+=(--config "$INPUT_CONFIG")
# With a source of truth, what is not delivered in a minute is left to a worker.
[ "$INPUT_COMMAND" != store ] || [ -z "${PROV_TRUTH:-}" ] || words+=(--wait 60s)
collect "$INPUT_ARGS"
words+=(--json "${lines[@]}")

summary=/dev/null
[ "$INPUT_SUMMARY" = false ] || summary=${GITHUB_STEP_SUMMARY:-/dev/null}
# What verify found, prov itself writes there.
if [ "$INPUT_COMMAND" = verify ] && [ "$summary" != /dev/null ]; then words+=(--output github); fi

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/prov.XXXXXX") || exit 1
report=
if [ "$INPUT_COMMAND" = verify ] && [[ $'\n'$INPUT_ARGS != *$'\n--report'* ]]; then
  report=$folder/report.html
  words+=(--report "$report")
fi

collect "$INPUT_INPUT"
words+=(-- "${lines[@]}")

status=0
node "$GITHUB_ACTION_PATH/bin/prov.js" "${words[@]}" >"$folder/report.json" || status=$?
case $status in
  0) if [ "$INPUT_COMMAND" = verify ]; then verdict=agree; else verdict='done'; fi ;;
  2) verdict=refused ;;
  3) verdict=invalid ;;
  4) verdict=differ ;;
  5) verdict=missing ;;
  6) verdict=unreadable ;;
  7) verdict=incomplete ;;
  *) verdict=failed ;;
esac
[ -s "$report" ] || report=
{
  echo "exit=$status"
  echo "verdict=$verdict"
  echo "report=$report"
  echo "json=$folder/report.json"
} >>"$GITHUB_OUTPUT"

node "$GITHUB_ACTION_PATH/ci/github/summary.mjs" "$INPUT_COMMAND" "$status" "$folder/report.json" "$summary" ||
  echo '::warning title=prov::the job summary could not be written'
exit "$status"
