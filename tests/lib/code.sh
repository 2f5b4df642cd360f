# Sourced by the tests of code that is run for messages, in place of api.sh.
. "$(dirname "${BASH_SOURCE[0]}")/api.sh"
# code_up: a database, the scripted provider with its log in $T/calls, and luna
code_up() {
	SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
	export SIGNALBOX_DATABASE_URL
	"$SB" migrate >/dev/null || not_ok migrate
	provider_up "$T/port" "$T/calls"
	agent_up "$(cat "$T/port")"
}
# How often the provider was called.
calls() { grep -c '"n":' "$T/calls"; }
# ask TEXT: luna answers; the answer's uuid in $M, its text in $T/answer
ask() { M=$("$SB" send luna "$1" --wait --json 2>"$T/err" | sed -n 's/.*"message_id": *"\([^"]*\)".*/\1/p' | head -1); of content >"$T/answer"; }
# of EXPRESSION: of that answer's row. of_runs EXPRESSION [SQL]: of the runs r for it.
of() { q "select $1 from signalbox.ai_messages where uuid = '$M'"; }
of_runs() { q "select $1 from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M' ${2:-}"; }
# can_hide: whether a worker can be started that does not see python. hide: the command that starts one, for IN of net_worker.
can_hide() { [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; }
hide() {
	printf '#!/bin/sh\nmount --bind /dev/null "$(readlink -f /usr/bin/python3)"\nexec "$@"\n' >"$T/hide"; chmod +x "$T/hide"
	echo "unshare -m $T/hide"
}
