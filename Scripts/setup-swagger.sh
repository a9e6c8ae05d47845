#!/usr/bin/env bash
# Fetches Swagger UI's files for /docs from PyPI, pinned by version and hash, into .build/swagger. Does nothing when they
# are there. Without network the server runs all the same, and /docs says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
target=.build/swagger
[ -e "$target/swagger-ui-bundle.js" ] && exit 0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/requirements.txt" <<'PINNED'
drf-spectacular-sidecar==2025.10.1 --hash=sha256:f1de343184d1a938179ce363d318258fe1e5f02f2f774625272364835f1c42bd
PINNED
python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -r "$scratch/requirements.txt" -d "$scratch"
mkdir -p "$target.new"
python3 - "$scratch" "$target.new" <<'PYTHON'
import glob, os, sys, zipfile
scratch, target = sys.argv[1:]
wanted = {"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-32x32.png"}
with zipfile.ZipFile(glob.glob(scratch + "/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if "swagger-ui-dist/" in name and os.path.basename(name) in wanted:
            with open(os.path.join(target, os.path.basename(name)), "wb") as out:
                out.write(wheel.read(name))
missing = wanted - set(os.listdir(target))
sys.exit("Swagger UI: the package lacks " + ", ".join(sorted(missing)) if missing else 0)
PYTHON
rm -rf "$target"
mv "$target.new" "$target"
