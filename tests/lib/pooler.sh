#!/bin/sh
# A private PgBouncer in transaction mode, before a server that pg.sh started: in that server's directory, on a unix socket only.
#
#   pooler.sh start CONNINFO [POOL_SIZE]   CONNINFO as pg.sh printed it; prints the keyword string that goes through the pooler
#   pooler.sh stop CONNINFO [immediate]    ends it by its pid
#
# As in Debian's defaults the startup parameter `options` is refused: that is part of the test.
set -eu
umask 077
die() { echo "pooler.sh: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: pooler.sh start|stop CONNINFO"
verb=$1 size=${3:-8}
root=$(expr "$2" : '.*host=\([^ ]*\)') || die "no host in '$2'"
port=6432
if [ "$(id -u)" -eq 0 ]; then
	as() { runuser -u postgres -- "$@"; }
else
	as() { "$@"; }
fi
answers() { psql -XAtqc 'select 1' "host=$root user=signalbox dbname=signalbox port=$port connect_timeout=2" >/dev/null 2>&1; }

start() {
	PATH=$PATH:/usr/sbin
	command -v pgbouncer >/dev/null || die "install the package pgbouncer"
	cat >"$root/pgbouncer.ini" <<INI
[databases]
signalbox = host=$root port=5432
[pgbouncer]
unix_socket_dir = $root
listen_addr =
listen_port = $port
auth_type = trust
auth_file = $root/pgbouncer.users
admin_users = signalbox
pool_mode = transaction
default_pool_size = $size
max_client_conn = 500
server_login_retry = 1
logfile = $root/pgbouncer.log
pidfile = $root/pgbouncer.pid
INI
	echo '"signalbox" ""' >"$root/pgbouncer.users"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$root/pgbouncer.ini" "$root/pgbouncer.users"
	as pgbouncer -q -d "$root/pgbouncer.ini" || die "it does not start; its log is $root/pgbouncer.log"
	n=0
	until answers; do
		n=$((n + 1))
		[ $n -lt 100 ] || die "it does not answer; its log is $root/pgbouncer.log"
		sleep 0.1
	done
	echo "host=$root user=signalbox dbname=signalbox port=$port"
}

stop() {
	pid=$(cat "$root/pgbouncer.pid" 2>/dev/null) || return 0
	as kill -s "$([ "$size" = immediate ] && echo KILL || echo TERM)" "$pid" 2>/dev/null || :
	n=0
	while [ $n -lt 100 ] && kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		sleep 0.1
	done
	rm -f "$root/pgbouncer.ini" "$root/pgbouncer.users" "$root/pgbouncer.pid" "$root/pgbouncer.log" \
		"$root/.s.PGSQL.$port" "$root/.s.PGSQL.$port.lock"
}

cd /    # the server's user may not be allowed where we stand
case $verb in
start) start ;;
stop) stop ;;
*) die "start or stop" ;;
esac
