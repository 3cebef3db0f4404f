# Sourced: builds the server and starts it with examples/fixture.json and the arguments of `serve`; sets `url`, and ends it with the script.
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

serve() {
    local programs
    programs=$(scripts/programs)
    : >"$work/out"
    "$programs/scieve" serve --listen 127.0.0.1:0 --fixture examples/fixture.json "$@" >"$work/out" 2>"$work/log" &
    server=$!
    for _ in $(seq 100); do
        url=$(sed -n 's/^listening on //p' "$work/out")
        [ -z "$url" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/log" >&2
    return 1
}
