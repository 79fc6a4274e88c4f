#!/usr/bin/env bash
# start.sh NAME [PORT] ...   starts servers on 127.0.0.1 and prints NAME=ENDPOINT lines; running ones are left as they are.
#   eval "$(test/servers/start.sh distribution)" && echo "$DISTRIBUTION"
# May be called by several tests at once. A port that another program holds is an error, never a reuse.
. "$(dirname "$0")/lib.sh"
. "$KIT/servers.sh"
NAMES=$(printf '%s\n' "${!OFFSET[@]}" | sort | paste -sd" ")
[ $# -gt 0 ] || fail "usage: start.sh NAME [PORT] ...   names: $NAMES"

while [ $# -gt 0 ]; do
  name=$1 port=''; shift
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then port=$1; shift; fi
  [ -n "${OFFSET[$name]:-}" ] || fail "no server $name; names: $NAMES"
  mkdir -p "$VAR/$name"
  if [ -z "$port" ] && alive "$name"; then port=$(cat "$VAR/$name/port"); fi      # no port asked for: the one it runs on
  (flock 9; "start_${name//-/_}" "${port:-$((BASE + OFFSET[$name]))}") 9>"$VAR/$name.lock"
done
