#!/usr/bin/env bash
# schemathesis against a server of its own: requests made from /openapi.json, every check. EXAMPLES is how many for each endpoint.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
. crates/server/tests/clients/serve.sh

tools=target/schemathesis
if [ ! -x "$tools/bin/schemathesis" ]; then
    if ! { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet 'schemathesis==4.32.5'; }; then
        rm -rf "$tools"
        echo "-- skipped: schemathesis cannot be had from PyPI"
        exit 0
    fi
fi
serve --rate-limit off
export SCHEMATHESIS_HOOKS=crates/server/tests/clients/hooks.py USERS_URL="$url"
"$tools/bin/schemathesis" --config-file crates/server/tests/clients/schemathesis.toml run "$url/openapi.json" \
    --header 'Authorization: Bearer admin-key-0001' --checks all --max-examples "${EXAMPLES:-40}" --seed "${SEED:-1}" --generation-database none
