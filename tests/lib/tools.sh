# Sourced by the tests of tools, in place of api.sh: the scripted provider under each protocol (its requests in $T/calls), a tool behind HTTP at $TOOL (its
# requests in $T/tools), and luna. No worker yet.
. "$(dirname "${BASH_SOURCE[0]}")/api.sh"
export PAY_TOKEN=the-secret-of-the-tool SIGNALBOX_TOOL_PRIVATE=1
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL
"$SB" migrate >/dev/null || not_ok migrate
provider_up "$T/port" "$T/calls"
python3 tests/lib/tool_peer.py "$T/peer" "$T/tools" & PIDS="$PIDS $!"
until_true 10 test -s "$T/peer" || not_ok "the tool starts"
TOOL=http://127.0.0.1:$(cat "$T/peer")
P=$(cat "$T/port")
for p in ollama openai anthropic gemini; do
	"$SB" provider $p set protocol=$p breaker=closed "base_url=http://127.0.0.1:$P/p/$p$([ $p = openai ] && echo /v1)" >/dev/null || not_ok "provider $p"
done
"$SB" agent luna set provider=openai model=practice max_tokens=500 >/dev/null || not_ok agent
# ask TEXT [arguments of send]: luna answers; the answer's uuid in $M, its text in $T/answer
ask() { M=$("$SB" send luna "$@" --wait --json 2>"$T/err" | sed -n 's/.*"message_id": *"\([^"]*\)".*/\1/p' | head -1); of content >"$T/answer"; }
of() { q "select $1 from signalbox.ai_messages where uuid = '$M'"; }
# tool_calls EXPRESSION: of the calls c of that message, in order, blanks between them
journal() { q "select string_agg(($1)::text, ' ' order by c.round, c.position) from signalbox.tool_calls c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M'"; }
# paid [PATH]: how many requests the tool has received
paid() { grep -c "^[A-Z]* ${1:-/}" "$T/tools"; }

OBJECT='schema={"type":"object"}'
tool() { "$SB" tool "$@" >"$T/out" 2>&1 || not_ok "tool $1: $(cat "$T/out")"; }
