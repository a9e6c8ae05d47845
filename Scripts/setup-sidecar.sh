#!/usr/bin/env bash
# Sets up the sidecar: a virtual environment with the ccxt package and all it needs, pinned by version and hash, in
# .build/sidecar (or where CCXT_SIDECAR_VENV says). Does nothing when it is there and up to date. Without network the server
# runs all the same, on its own connectors alone.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CCXT_SIDECAR_VENV:-.build/sidecar}
pins=Sidecar/requirements.txt
wanted=$(sha256sum "$pins" | cut -d' ' -f1)
[ -e "$target/mrmarket-pins" ] && [ "$(cat "$target/mrmarket-pins")" = "$wanted" ] && exit 0
if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "The sidecar needs Python 3.11 or later with its venv module (Debian: python3-venv)." >&2
    exit 1
fi
echo "Setting up the sidecar in $target; this takes half a minute."
rm -rf "$target"
python3 -m venv "$target"
"$target/bin/python3" -m pip install -q --disable-pip-version-check --only-binary :all: --require-hashes -r "$pins"
# Last: only a whole environment is one.
echo "$wanted" >"$target/mrmarket-pins"
