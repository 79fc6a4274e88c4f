#!/usr/bin/env bash
# First step of action.yml: a release has prov's bundle in its tree, and nothing is built or installed here. What is missing is said in one line.
set -euo pipefail
cd "$GITHUB_ACTION_PATH"

fail() {
  echo "::error title=prov::$1"
  exit 2
}

command -v node >/dev/null || fail 'prov needs Node.js: put a step with setup-node before it'
[ -f dist/cli.js ] || fail 'this commit is not a release and has no bundle: name the commit of a release after the @'
said=$(node bin/prov.js --version 2>&1) && exit 0
case $said in
  'prov needs Node.js '*) fail "$said: put a step with setup-node before it" ;;
  *) fail 'the bundle of this release does not start' ;;
esac
