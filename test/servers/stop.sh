#!/usr/bin/env bash
# stop.sh [NAME ...]   stops what start.sh started, by pid file and the process's birth only; without names all of them. Data stays.
. "$(dirname "$0")/lib.sh"
. "$KIT/servers.sh"
[ $# -gt 0 ] || set -- "${!OFFSET[@]}"
for name in "$@"; do halt "$name"; done
