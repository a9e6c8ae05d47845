# Sourced by ./run and ./test: installs the few packages the build needs on Debian 12, and builds.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "mrmarket: needs root (or sudo) once, to run: $*" >&2
        return 1
    fi
}

install_missing() {
    [ "$#" -gt 0 ] || return 0
    echo "Installing $*"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing=()
[ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
[ -e /usr/include/sqlite3.h ] || missing+=(libsqlite3-dev)
[ -e /usr/include/sodium.h ] || missing+=(libsodium-dev)
[ -e /usr/include/postgresql/libpq-fe.h ] || missing+=(libpq-dev)
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || missing+=(python3 python3-pip)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v pkg-config >/dev/null || missing+=(pkg-config)
command -v git >/dev/null || missing+=(git ca-certificates)
install_missing "${missing[@]}"

if ! command -v swift >/dev/null; then
    echo "mrmarket: needs Swift 6.3 on the PATH; see https://www.swift.org/install/linux/" >&2
    exit 1
fi

# build CONFIGURATION ARGUMENTS…: quiet when nothing goes wrong.
build() {
    local configuration=$1
    shift
    [ -d ".build/$configuration" ] || echo "Building; the first time takes some minutes."
    # Calls into Swift's own libraries go straight then, without a table each: a decision is a fifth faster.
    local flags=()
    [ "$configuration" != release ] || flags=(--static-swift-stdlib)
    local log
    log=$(mktemp)
    if ! swift build -c "$configuration" "${flags[@]}" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}
