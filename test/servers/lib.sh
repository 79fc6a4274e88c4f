# Shared by install.sh, start.sh and stop.sh.
#   PROV_SERVERS  where programs, data and logs live   (default ~/.cache/prov-servers)
#   PROV_PORTS    first port of the block in use       (default 5600)
#   PROV_STARTED  a file that gets the name of every server started anew, one a line (so that a test run stops only its own)
set -euo pipefail
KIT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PROV_SERVERS=${PROV_SERVERS:-$HOME/.cache/prov-servers}
case $PROV_SERVERS in /*) ;; *) PROV_SERVERS=$PWD/$PROV_SERVERS ;; esac
BASE=${PROV_PORTS:-5600}
BIN=$PROV_SERVERS/bin LIB=$PROV_SERVERS/lib VAR=$PROV_SERVERS/var
PATH=$BIN:$PATH:/usr/sbin:/sbin

fail() { echo "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null; }
need() { have "$1" || fail "$1 is missing: run test/servers/install.sh ${2:-$1}"; }
say() { printf '%s=%q\n' "$1" "$2"; }                       # one line for eval or a parser
get() { curl -fsS --noproxy '*' -m 5 "$@"; }
status() { curl -sS --noproxy '*' -m 5 -o /dev/null -w '%{http_code}' "$@"; }

# When process $1 was born: tells it from a later process that got the same id. Nothing for one that ended unreaped.
born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }

# alive NAME: does the process of its pid file still run?
alive() {
  local pid birth
  [ -s "$VAR/$1.pid" ] && read -r pid birth <"$VAR/$1.pid" && [ -n "$birth" ] && [ "$(born "$pid")" = "$birth" ]
}

# run NAME PORT READY CMD...: starts CMD unless NAME runs; returns once the shell command READY succeeds.
run() {
  local name=$1 port=$2 ready=$3 i; shift 3
  mkdir -p "$VAR/$name"
  if alive "$name"; then
    [ "$(cat "$VAR/$name/port")" = "$port" ] || fail "$name runs on port $(cat "$VAR/$name/port") already; stop it first"
  else
    if (eval "$ready") >/dev/null 2>&1; then fail "$name: another server answers on port $port"; fi
    setsid nohup "$@" >"$VAR/$name.log" 2>&1 </dev/null 9>&- &
    echo "$! $(born $!)" >"$VAR/$name.pid"
    echo "$port" >"$VAR/$name/port"
    [ -z "${PROV_STARTED:-}" ] || echo "$name" >>"$PROV_STARTED"
  fi
  for ((i = 0; i < 600; i++)); do
    if (eval "$ready") >/dev/null 2>&1; then return 0; fi
    alive "$name" || { tail -5 "$VAR/$name.log" >&2; rm -f "$VAR/$name.pid"; fail "$name ended at its start, see $VAR/$name.log"; }
    sleep 0.1
  done
  fail "$name is not ready after 60 s, see $VAR/$name.log"
}

# halt NAME: ends the process of the pid file and its children (one process group each), and nothing else.
halt() {
  local name=$1 pid i
  if alive "$name"; then
    read -r pid _ <"$VAR/$name.pid"
    kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid"
    for ((i = 0; i < 50; i++)); do alive "$name" || break; sleep 0.1; done
    if alive "$name"; then kill -KILL -- "-$pid"; fi
    echo "stopped $name ($pid)"
  fi
  rm -f "$VAR/$name.pid"
}
