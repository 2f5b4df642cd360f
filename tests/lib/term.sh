# Helpers of the terminal tests: a stack of its own (PostgreSQL, scripted provider, worker), and the console in a real tmux.
# Everything polls with a deadline; there is no bare sleep. Sourced by tests/term/*.sh, which say how many checks they hold (plan.sh).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/plan.sh"
cd "$(dirname "$0")/../.."
BIN=${SIGNALBOX_BIN_DIR:-build/bin}
FAKE=${FAKE_LLM:-build/plain/tests/fake_llm}
T=$(mktemp -d /tmp/sbterm.XXXXXX)
chmod 755 "$T"
unset SIGNALBOX_DATABASE_URL SIGNALBOX_CONFIG SIGNALBOX_BIN_DIR NO_COLOR TMUX
export SIGNALBOX_LISTEN=    # no HTTP: several workers run at once
export HOME=$T XDG_STATE_HOME=$T/state LC_ALL=C.UTF-8
SOCK=sb$$
N=0

tm() { tmux -L "$SOCK" -u -f /dev/null "$@"; }
not_ok() { echo "not ok $1"; MADE=$((MADE + 1)) FAILED=1; tm capture-pane -t c -p 2>/dev/null | sed 's/^/  | /'; }
q() { psql -qXAt "$SIGNALBOX_DATABASE_URL" -c "$1"; }
screen() { tm capture-pane -t c -p 2>/dev/null; }
keys() { tm send-keys -t c "$@"; }
# see NAME PATTERN [SECONDS]: the pattern (extended) appears on the screen in time
see() {
	local end=$((SECONDS + ${3:-10}))
	while [ $SECONDS -le $end ]; do
		screen | grep -qE -- "$2" && { ok "$1"; return 0; }
		read -rt 0.05 <> <(:) || :
	done
	not_ok "$1 (waited for: $2)"
	return 1
}
# gone NAME PATTERN: it disappears
gone() {
	local end=$((SECONDS + ${3:-10}))
	while [ $SECONDS -le $end ]; do
		screen | grep -qE -- "$2" || { ok "$1"; return 0; }
		read -rt 0.05 <> <(:) || :
	done
	not_ok "$1 (still there: $2)"
}
# soon NAME EXPECTED COMMAND...: the command's output becomes what is expected
soon() {
	local name=$1 want=$2 end=$((SECONDS + 10)) got=
	shift 2
	while [ $SECONDS -le $end ]; do
		got=$("$@" 2>/dev/null)
		[ "$got" = "$want" ] && { ok "$name"; return 0; }
		read -rt 0.05 <> <(:) || :
	done
	not_ok "$name: expected '$want', got '$got'"
}

stack_up() {
	SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
	export SIGNALBOX_DATABASE_URL
	"$BIN/signalbox" migrate || { not_ok migrate; exit; }
	"$FAKE" --rate 8 --port-file "$T/port" >/dev/null 2>&1 &
	PROVIDER=$!
	until [ -s "$T/port" ]; do read -rt 0.05 <> <(:) || :; done
	"$BIN/signalbox" provider p set protocol=ollama breaker=closed "base_url=http://127.0.0.1:$(cat "$T/port")" >/dev/null
	for a in luna aria; do "$BIN/signalbox" agent $a set provider=p model=practice >/dev/null; done
}
# worker_up [arguments]: a worker, in $WORKER, that is alive for others: without one `send --wait` does not wait.
worker_up() {
	"$BIN/signalbox-worker" --retries 0 --backoff 100ms "$@" 2>"$T/worker.log" &
	WORKER=$!
	local end=$((SECONDS + 10))
	while [ $SECONDS -le $end ] && kill -0 $WORKER 2>/dev/null; do
		[ -n "$(q "select 1 from signalbox.workers where name like '%:$WORKER'" 2>/dev/null)" ] && break
		read -rt 0.05 <> <(:) || :
	done
}
send() { "$BIN/signalbox" send "$@" 2>/dev/null; }
# console WIDTH HEIGHT [arguments]; CLIPBOARD=on: a terminal that takes what a program puts there (OSC 52)
console() {
	local w=$1 h=$2
	shift 2
	tm kill-server 2>/dev/null
	N=$((N + 1)) SOCK=sb$$.$N    # a server that ends does not end at once
	tm start-server \; set -s set-clipboard "${CLIPBOARD:-external}" \; new-session -d -s c -x "$w" -y "$h" "$BIN/signalbox $* --operator tester; echo ended \$?; read x"
	tm set -g escape-time 10
}
finish() {
	trap - EXIT
	planned
	tm kill-server 2>/dev/null
	for p in ${WORKER:-} ${PROVIDER:-}; do kill "$p" 2>/dev/null; done
	for p in ${WORKER:-} ${PROVIDER:-}; do wait "$p" 2>/dev/null; done
	tests/lib/pg.sh destroy "$T/db" >/dev/null 2>&1
	[ $FAILED = 0 ] && rm -rf "$T" || echo "kept: $T"
	exit $FAILED
}
trap finish EXIT
