#!/bin/sh
# A private PostgreSQL in a directory, reached by a unix socket only: for the tests and for `make run`.
#
#   pg.sh start DIR               makes it when there is none, starts it when it is stopped; prints the libpq keyword string
#   pg.sh stop DIR [immediate]    stops it; the data stay
#   pg.sh destroy DIR             stops it and removes what was made
#
# Root cannot run the server: it is then the user postgres. Where the socket's path would be too long, hold odd characters, or where that
# user may not enter, data and socket are in a directory of their own under /var/tmp, and DIR/pg is a link to it.
# PG_TEST_LISTEN=ADDRESS also serves TCP there, to everybody on that network: for tests in network namespaces of their own.
# PG_TEST_BIN=DIR takes another server's programs than Debian's newest.
# PG_TEST_FAST=1 gives up crash safety of the machine (not of the server) for speed.
set -eu
umask 077
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGDATA PGSERVICE PGHOSTADDR PGPASSWORD PGPASSFILE 2>/dev/null || :

usage() { echo "usage: pg.sh start DIR | stop DIR [immediate] | destroy DIR" >&2; exit 2; }
die() { echo "pg.sh: $*" >&2; exit 1; }

[ $# -ge 2 ] || usage
verb=$1 dir=$2 mode=${3:-fast}
bin=${PG_TEST_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")
psql=$bin/psql
[ -x "$psql" ] || psql=$(command -v psql)
[ -x "$bin/initdb" ] || die "no PostgreSQL server found: install the package postgresql"

if [ "$(id -u)" -eq 0 ]; then
	id -u postgres >/dev/null 2>&1 || die "root cannot run PostgreSQL, and there is no user postgres"
	as() { runuser -u postgres -- "$@"; }
else
	as() { "$@"; }
fi
give() { if [ "$(id -u)" -eq 0 ]; then chown postgres: "$1"; fi; }

# Sets $root: where data and socket are. A link from an earlier start says so.
find_root() {
	root=$dir
	if [ -L "$dir/pg" ]; then
		root=$(readlink "$dir/pg")
		[ -d "$root" ] || { rm -f "$dir/pg"; root=$dir; }
	fi
}

# The server must be able to live in DIR, or else gets a place of its own.
choose_root() {
	mkdir -p "$dir"
	find_root
	[ "$root" = "$dir" ] && [ ! -d "$dir/data" ] || return 0
	give "$dir"
	case $dir in *[!A-Za-z0-9/._+-]*) odd=1 ;; *) odd= ;; esac
	socket=$dir/.s.PGSQL.5432
	if [ -n "$odd" ] || [ "$(printf %s "$socket" | wc -c)" -gt 100 ] || ! as test -x "$dir" -a -w "$dir"; then
		root=$(mktemp -d /var/tmp/signalbox-pg.XXXXXX)
		give "$root"
		ln -s "$root" "$dir/pg"
	fi
}

running() { as "$bin/pg_ctl" -D "$root/data" status >/dev/null 2>&1; }

start() {
	choose_root
	if [ ! -d "$root/data" ]; then
		as rm -rf "$root/data.new"    # an initdb that was interrupted
		as "$bin/initdb" --no-sync -A trust -U signalbox -E UTF8 --locale=C.UTF-8 -D "$root/data.new" >/dev/null
		as mv "$root/data.new" "$root/data"
		[ -z "${PG_TEST_LISTEN:-}" ] || echo "host all all samenet trust" | as tee -a "$root/data/pg_hba.conf" >/dev/null
	fi
	set -- -h "'${PG_TEST_LISTEN:-}'" -k "$root" -p 5432 -c unix_socket_permissions=0700
	[ "${PG_TEST_FAST:-}" != 1 ] || set -- "$@" -c fsync=off -c full_page_writes=off
	if ! running && ! as "$bin/pg_ctl" -D "$root/data" -l "$root/log" -w -t 60 -o "$*" start >/dev/null; then
		as tail -n 5 "$root/log" >&2 || :
		die "the server does not start; its log is $root/log"
	fi
	sql="as $psql -h $root -p 5432 -U signalbox -X -q -tA -d postgres"
	if [ -z "$($sql -c "select 1 from pg_database where datname = 'signalbox'")" ]; then
		$sql -c 'create database signalbox' >/dev/null
	fi
	echo "host=$root user=signalbox dbname=signalbox port=5432"
}

stop() {
	find_root
	[ -d "$root/data" ] && running || return 0
	as "$bin/pg_ctl" -D "$root/data" -w -t 60 -m "$mode" stop >/dev/null
}

# Removes only what start made.
destroy() {
	mode=immediate
	stop
	rm -rf "$root/data" "$root/data.new" "$root/log" "$root/.s.PGSQL.5432" "$root/.s.PGSQL.5432.lock"
	if [ "$root" != "$dir" ]; then
		rmdir "$root" && rm -f "$dir/pg"
	fi
}

case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
dir=${dir%/}
case $mode in fast | immediate | smart) ;; *) usage ;; esac
cd /    # the server's user may not be allowed where we stand
case $verb in
start) start ;;
stop) stop ;;
destroy) destroy ;;
*) usage ;;
esac
