#!/usr/bin/env bash
# The vendor's npm client against a server of its own.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
. crates/server/tests/clients/serve.sh

if ! command -v npm >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm
    fi
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "-- skipped: npm is not installed, and only root can install it"
    exit 0
fi
if [ ! -d crates/server/tests/clients/node_modules/@qlik/api ] && ! npm install --prefix crates/server/tests/clients --no-audit --no-fund --silent; then
    echo "-- skipped: the client cannot be had from npm"
    exit 0
fi
serve
node crates/server/tests/clients/run.mjs "$url"
