#!/usr/bin/env bash
# Makes the virtual environments in which real exchange clients trade on the paper exchange: .build/venv-clients and
# .build/venv-python-binance (two, because two of the packages are both called `binance`). Versions are pinned in
# Tests/Clients/*.txt, with hashes for Linux on x86-64 and Python 3.11. Does nothing when they are there; without network
# their tests are skipped, saying so.
set -euo pipefail
cd "$(dirname "$0")/.."

make_environment() {
    local target=.build/venv-$1 pinned=Tests/Clients/$1.txt
    cmp -s "$pinned" "$target/pinned.txt" && return
    echo "Setting up $target"
    rm -rf "$target"
    python3 -m venv "$target"
    local wanted
    wanted=$(mktemp)
    local hashes=(--require-hashes)
    if [ "$(uname -sm)" = "Linux x86_64" ] && python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        cp "$pinned" "$wanted"
    else
        # Other wheels, other hashes: the versions alone.
        sed 's/ --hash=.*//' "$pinned" >"$wanted"
        hashes=()
    fi
    "$target/bin/python3" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
        "${hashes[@]}" -r "$wanted"
    rm -f "$wanted"
    cp "$pinned" "$target/pinned.txt"
}

make_environment clients
make_environment python-binance
