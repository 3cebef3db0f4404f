#!/usr/bin/env bash
# Tests of others, and requests of identity providers, against examples/scim_server.rs.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

programs=$(scripts/programs)
"$programs/examples/scim_server" 127.0.0.1:0 >"$work/out" 2>"$work/log" &
server=$!
url=
for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$work/out")
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$url" ]; then
    cat "$work/log" >&2
    exit 1
fi

python3 tests/clients/provisioning.py "$url"

if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet --requirement tests/clients/requirements.txt; }; then
    echo "-- skipped: scim2-cli, scim-sanity and scim2-client cannot be had from PyPI"
    exit 0
fi
"$work/venv/bin/python" tests/clients/models_client.py "$url"
if ! "$work/venv/bin/scim2" --url "$url" test >"$work/scim2-tester"; then
    grep -A 2 -E '^(ERROR|CRITICAL)' "$work/scim2-tester"
    exit 1
fi
echo "scim2-tester: $(grep -c '^SUCCESS' "$work/scim2-tester") checks passed, $(grep -c '^SKIPPED' "$work/scim2-tester" || true) skipped"
"$work/venv/bin/scim-sanity" probe "$url" --i-accept-side-effects --token unused >"$work/scim-sanity" || {
    cat "$work/scim-sanity"
    exit 1
}
echo "scim-sanity: $(grep -E ' passed' "$work/scim-sanity" | xargs)"

if npm install --silent --no-audit --no-fund --prefix "$work" scim-patch@0.8.3 >/dev/null 2>&1; then
    differential=$PWD/scripts/patch-differential
    (cd "$work" && SCIEVE_PROGRAMS=$programs "$work/venv/bin/python" "$differential" 300 20261129)
else
    echo "-- skipped: scim-patch cannot be had from npm"
fi
