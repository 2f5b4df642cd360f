# Sourced by the tests of the HTTP API in place of net.sh. The client is curl; $AT is the worker that is asked.
. "$(dirname "${BASH_SOURCE[0]}")/net.sh"
SB=$BIN/signalbox
# at LOG: where that worker listens
at() { sed -n 's/.*msg="http" address=\([^ ]*\).*/\1/p' "$1" | head -1; }
# call METHOD PATH [BODY] [curl arguments]: the status in $CODE, the answer in $BODY, its headers in $T/headers
call() {
	local method=$1 path=$2 body=${3:-}
	shift $(($# > 2 ? 3 : 2))
	CODE=$(curl -s -m 30 -X "$method" -o "$T/body" -D "$T/headers" -w '%{http_code}' ${body:+-H "Content-Type: application/json" --data-binary "$body"} "$@" "http://$AT$path")
	BODY=$(cat "$T/body")
}
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\)\"\{0,1\}.*/\1/p" <<<"$BODY" | head -1; }
header() { tr -d '\r' <"$T/headers" | sed -n "s/^$1: //Ip" | head -1; }
# got NAME STATUS CODE: an error of that kind, which has a message
got() { is "$1" "$2 $3" "$CODE $(field code)"; [ -n "$(field message)" ] || not_ok "$1: no message"; }
post() { call POST "/api/agents/${AGENT:-luna}/messages$1" "$2" "${@:3}"; }
status() { call GET "/api/messages/$1/status"; field status; }
export SHOP_TOKEN=a-secret-of-the-test
# A transaction of the test sleeps with its locks held.
sleeps() { [ "$(q "select count(*) from pg_stat_activity where query ~ '^select pg_sleep'")" = 1 ]; }
