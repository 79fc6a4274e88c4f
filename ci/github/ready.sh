#!/usr/bin/env bash
# First step of action.yml: a checkout holds no build, so one is made where there is none. What Node.js is missing is said in one line.
set -euo pipefail
cd "$GITHUB_ACTION_PATH"

fail() {
  echo "::error title=prov::$1"
  exit 2
}

command -v node >/dev/null || fail 'prov needs Node.js: put a step with setup-node before it'
said=$(node bin/prov.js --version 2>&1) && exit 0
case $said in
  'prov needs Node.js '*) fail "$said: put a step with setup-node before it" ;;
esac
# No package gets to run a script of its own; the build needs none of them.
npm ci --ignore-scripts --no-audit --no-fund
node build.ts
