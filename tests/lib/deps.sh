#!/bin/sh
# Installs what is missing: Debian packages only, as root or through sudo. README.md names them too.
set -eu
# deps.sh promtool: the tool that judges metrics and alert rules; deps.sh prometheus: what scrapes them; deps.sh nginx: the proxy of docs/nginx.conf. Their
# packages would start a server, so only the one program is taken out of them; where that does not work, its tests are skipped.
case ${1:-} in
promtool | prometheus) PACKAGE=prometheus FROM=usr/bin ;;
nginx) PACKAGE=nginx FROM=usr/sbin ;;
esac
if [ -n "${PACKAGE:-}" ]; then
	! command -v "$1" >/dev/null && [ ! -x "build/tools/$1" ] || exit 0
	mkdir -p build/tools && cd build/tools && apt-get download -qq "$PACKAGE" >/dev/null 2>&1 &&
		dpkg-deb --fsys-tarfile "${PACKAGE}"_*.deb | tar -x --strip-components=3 "./$FROM/$1" || echo "no $1: its tests are skipped" >&2
	rm -f "${PACKAGE}"_*.deb
	exit 0
fi
PACKAGES="gcc make pkg-config libpq-dev libcurl4-openssl-dev libcjson-dev libutf8proc-dev libmicrohttpd-dev nettle-dev libncurses-dev libcmocka-dev
          postgresql postgresql-client curl openssl tmux procps gettext pgbouncer iproute2 iptables
          bubblewrap libseccomp-dev python3 nodejs"
case ${1:-} in
fuzz) PACKAGES="clang libclang-rt-14-dev" ;;    # the compiler that has a fuzzer
# What applications are made with: their tables are adopted. Where one cannot be had its test is skipped.
frameworks) PACKAGES="php-laravel-framework php-cli php-pgsql python3-django python3-psycopg2 ruby ruby-activerecord ruby-pg" ;;
esac
missing=
for p in $PACKAGES; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
# The system's own cluster is not ours to make: we start a private one.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
	$as_root mkdir -p /etc/postgresql-common
	echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
