# Sourced: starts a PostgreSQL of the tests' own and exports MRMARKET_TEST_POSTGRES, its address. `stop_test_postgres` ends
# it. Where PostgreSQL cannot be had it says so, exports nothing, and the tests that need it are skipped. A server that
# MRMARKET_TEST_POSTGRES names already is used as it is.
#
# The cluster lies in memory (/dev/shm) where there is room, else in .build/postgres: every test makes a database of its own, which
# waits for the disk many times, and only a power cut would tell. It syncs all the same, for a server that does not is refused.
# It listens on the loopback and on a socket of its own, and sorts text by ICU's English rules, so that a column that forgets its byte order is found.

test_postgres_bin() {
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

install_test_postgres() {
    [ -z "$(test_postgres_bin)" ] || return 0
    . "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
    # The package would make and start a cluster of the machine's; ours is enough.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    install_missing postgresql-15
}

# Where PostgreSQL's user may write: below .build, unless a folder above is closed to it.
test_postgres_home() {
    local home=$PWD/.build/postgres room
    room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)
    [ "${room:-0}" -lt 2000000 ] || home=/dev/shm/mrmarket-postgres.$(echo "$PWD" | cksum | cut -d' ' -f1)
    mkdir -p "$home"
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$home"
        if ! as_postgres test -w "$home"; then
            home=/var/tmp/mrmarket-postgres.$(echo "$PWD" | cksum | cut -d' ' -f1)
            mkdir -p "$home" && chown postgres "$home"
        fi
    fi
    echo "$home"
}

start_test_postgres() {
    local bin home port
    install_test_postgres || return 1
    bin=$(test_postgres_bin)
    [ -n "$bin" ] || return 1
    home=$(test_postgres_home) || return 1
    if [ ! -e "$home/data/PG_VERSION" ]; then
        as_postgres "$bin/initdb" -D "$home/data" -U mrmarket -A trust -E UTF8 --locale=C.UTF-8 \
            --locale-provider=icu --icu-locale=en >"$home.log" 2>&1 || return 1
    fi
    # One that a killed run left behind.
    as_postgres "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
    test_postgres_sockets=$(mktemp -d /tmp/mrmarket-pg.XXXXXX) && chmod 777 "$test_postgres_sockets"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    as_postgres "$bin/pg_ctl" -D "$home/data" -w -t 60 -l "$home/server.log" -o "-c listen_addresses=127.0.0.1 -c port=$port \
        -c unix_socket_directories=$test_postgres_sockets -c max_connections=200 -c fsync=on" start >/dev/null || return 1
    test_postgres_data=$home/data
    export MRMARKET_TEST_POSTGRES="postgres://mrmarket@127.0.0.1:$port/postgres"
}

stop_test_postgres() {
    [ -n "${test_postgres_data:-}" ] || return 0
    as_postgres "$(test_postgres_bin)/pg_ctl" -D "$test_postgres_data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$test_postgres_sockets"
    case "$test_postgres_data" in /dev/shm/*) rm -rf "$(dirname "$test_postgres_data")" ;; esac
    test_postgres_data=
}

if [ -z "${MRMARKET_TEST_POSTGRES:-}" ]; then
    trap stop_test_postgres EXIT
    start_test_postgres || echo "PostgreSQL is not here and cannot be installed: its tests are skipped." >&2
fi
