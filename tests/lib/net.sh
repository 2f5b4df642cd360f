# Helpers of the network tests (tests/net/*.sh), on top of those of the terminal tests: several workers, several database servers.
. "$(dirname "${BASH_SOURCE[0]}")/term.sh"
LONG=${TEST_LONG:-}    # 1: the long forms, for make check-all
PIDS=                  # all that was started, ended by finish
UNDO=:                 # what else is to be undone

not_ok() { echo "not ok $1"; MADE=$((MADE + 1)) FAILED=1; screen | grep . | sed 's/^/  | /'; }
nap() { read -rt "${1:-0.1}" <> <(:) || :; }
# within SECONDS NAME EXPECTED COMMAND...: the command's output becomes what is expected
within() {
	local end=$((SECONDS + $1)) name=$2 want=$3 got= start=$SECONDS
	shift 3
	while [ $SECONDS -le $end ]; do
		got=$("$@" 2>/dev/null)
		[ "$got" = "$want" ] && { ok "$name ($((SECONDS - start)) s)"; return 0; }
		nap
	done
	not_ok "$name: expected '$want', got '$got'"
	return 1
}
# until_true SECONDS COMMAND...: for conditions that are no test of their own
until_true() {
	local end=$((SECONDS + $1))
	shift
	while [ $SECONDS -le $end ]; do
		"$@" >/dev/null 2>&1 && return 0
		nap
	done
	return 1
}
# provider PORTFILE LOG [arguments]: the scripted provider
provider_up() {
	local port=$1 log=$2
	shift 2
	${IN:-} "$FAKE" --rate 0 --port-file "$port" --log "$log" "$@" >/dev/null 2>&1 &
	PIDS="$PIDS $!"
	until_true 10 test -s "$port" || not_ok "the provider starts"
}
agent_up() {
	"$BIN/signalbox" provider p set protocol=ollama breaker=closed "base_url=http://127.0.0.1:$1" >/dev/null &&
	"$BIN/signalbox" agent luna set provider=p model=practice >/dev/null || not_ok "an agent"
}
# net_worker LOG [arguments]: in the background; its pid in $!
net_worker() {
	local log=$1
	shift
	${IN:-} "$BIN/signalbox-worker" ${RETRIES---retries 0} --backoff 100ms "$@" 2>>"$log" &
	PIDS="$PIDS $!"
}
ready() { until_true 15 grep -q 'msg="*ready' "$1" || not_ok "worker $1 is ready"; }
# say COUNT TEXT: messages to luna, numbered
say() { q "select count(*) from generate_series(1, $1) i, signalbox.dispatch('luna', '$2-' || i || '.')" >/dev/null; }
ended() { q "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status in ('completed', 'failed', 'cancelled')"; }
completed() { q "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'"; }
running() { q "select count(*) from signalbox.queue where state = 'running'"; }
# What holds when all is quiet, whatever happened: one answer for each message, by the attempt that held it, with its own text.
invariants() {
	is "$1: no message open, lost or failed" "0" "$(q "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status not in ('completed', 'cancelled')")"
	is "$1: the queue is empty" "0" "$(q "select count(*) from signalbox.queue")"
	is "$1: each is completed by one attempt, that which holds it" "0" "$(q "select count(*) from signalbox.ai_messages m where role = 'assistant' and processing_status = 'completed'
		and (select count(*) from signalbox.attempts a where a.message_id = m.id and a.outcome = 'completed' and a.job_id = m.job_id) <> 1
		 or (select count(*) from signalbox.attempts a where a.message_id = m.id and a.outcome = 'completed') > 1")"
	is "$1: no attempt is open" "0" "$(q "select count(*) from signalbox.attempts where ended_at is null")"
	is "$1: nobody has another's answer" "0" "$(q "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to
		where m.processing_status = 'completed' and position(substring(u.content from '[a-z]+-[0-9]+[.]') in m.content) = 0")"
}
calls_are_attempts() { is "$1: no call more than attempts" "0" "$(calls_over_attempts)"; }
# The provider's own log against what the database says: how many messages were asked more often than attempts were recorded.
calls_over_attempts() {
	cat "$T"/provider*.log | grep -o '[a-z]*-[0-9]*[.]"' | tr -d '"' | sort | uniq -c |
		awk '{ print "(\x27" $2 "\x27," $1 ")" }' | paste -sd, >"$T/calls.sql"
	q "with calls(word, n) as (values $(cat "$T/calls.sql")) select count(*) from calls where n >
		(select count(*) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id join signalbox.ai_messages u on u.id = m.reply_to
		 where u.content like '%' || calls.word)"
}
finish() {
	trap - EXIT
	planned
	tm kill-server 2>/dev/null
	PIDS="$PIDS ${PROVIDER:-}" # stack_up's
	for p in $PIDS; do kill -CONT "$p" 2>/dev/null; kill "$p" 2>/dev/null; done
	local end=$((SECONDS + 15))
	for p in $PIDS; do
		while kill -0 "$p" 2>/dev/null && [ $SECONDS -le $end ]; do nap; done
		kill -9 "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	$UNDO
	tests/lib/pg.sh destroy "$T/db" >/dev/null 2>&1
	[ $FAILED = 0 ] && rm -rf "$T" || echo "kept: $T"
	exit $FAILED
}
trap 'exit 1' INT TERM

# npm_peers NAME DIR: what DIR/package-lock.json lists is in DIR/node_modules; without npm or a registry the test is skipped and ends
npm_peers() {
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
		skip_all "$1: npm and node are not installed"
	fi
	[ "$2/node_modules/.package-lock.json" -nt "$2/package-lock.json" ] && return
	(cd "$2" && timeout 300 npm ci --ignore-scripts --no-fund --no-audit --loglevel=error) >"$T/npm.log" 2>&1 ||
		skip_all "$1: npm reaches no registry"
}
