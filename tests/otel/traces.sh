#!/bin/bash
# Why: our own tests of spans say what we believe OTLP to be. Here what a worker really sends goes through OpenTelemetry's protobuf code and back, its
# attributes are looked up in OpenTelemetry's list (both out of npm, judge.mjs), and of each message it is said whether its spans are one whole trace:
# answered at once, after a second call, by a second attempt, by the next provider, not at all; begun by a caller who wants to see it, or not to.
. "$(dirname "$0")/../lib/net.sh"
plan 36
HERE=tests/otel
npm_peers "traces" $HERE
stack_up >/dev/null
touch "$T/spans"
node "$HERE/collect.mjs" "$T/collector" "$T/spans" >"$T/collect.log" 2>&1 &
PIDS="$PIDS $!"
until_true 20 test -s "$T/collector" || not_ok "the collector starts: $(cat "$T/collect.log")"
URL=http://127.0.0.1:$(cat "$T/port") COLLECTOR=http://127.0.0.1:$(cat "$T/collector")
set_up() { "$BIN/signalbox" "$@" >/dev/null || not_ok "$*"; }
set_up provider down set protocol=openai breaker=closed "base_url=$URL/p/down/v1"
set_up provider claude set protocol=anthropic breaker=closed "base_url=$URL"
set_up agent chain set provider=down model=big chain=p:practice
set_up agent haiku set provider=claude model=small
set_up agent sorts set provider=p model=practice intent_model=embed:p:e \
	'intents=[{"label":"hello","description":"hello there"},{"label":"bye","description":"good bye"}]'
curl -s "$URL/practice/script?name=down" -d status=503 >/dev/null
RETRIES="--retries 1"
net_worker "$T/w.log" --otlp-endpoint "$COLLECTOR"; W=$!
ready "$T/w.log"

# ask NAME AGENT TEXT [TRACEPARENT]: a message; its trace in $NAME
ask() {
	local uuid
	uuid=$(q "select set_config('signalbox.traceparent', '${4:-}', false) is null; select message_id from signalbox.dispatch('$2', '$3')" | tail -1)
	printf -v "$1" %s "${uuid//-/}"
}
CALLER=00f067aa0ba902b7 WANTED=4bf92f3577b34da6a3ce929d0e0e4736 SECRET=4bf92f3577b34da6a3ce929d0e0e4737
ask PLAIN luna "plain."
ask AGAIN luna "a second call. [[fail=1]]"
ask LATER luna "a second attempt. [[fail=3]]"
ask NEXT chain "the next provider."
ask NEVER luna "not at all. [[status=400]]"
ask OTHER haiku "another protocol. [[cached=3]]"
ask SORTED sorts "hello there"
ask _ luna "a caller." "00-$WANTED-$CALLER-01"
ask _ luna "one who does not want it." "00-$SECRET-$CALLER-00"
curl -s -d '' "$COLLECTOR/busy" >/dev/null # what comes next is sent again
within 30 "all ended" 9 ended
printf '%s\n' '{"text":"hello there","label":"hello"}' '{"text":"good bye","label":"bye"}' >"$T/texts"
set_up intent eval "$T/texts" --agent sorts
kill "$W"; wait "$W" 2>/dev/null # sends what it has

node "$HERE/judge.mjs" "$T/spans" "$CALLER" >"$T/judged" 2>&1 || not_ok "the judge: $(tail -5 "$T/judged")"
grep -E '^(not )?ok ' "$T/judged"
MADE=$((MADE + $(grep -cE '^(not )?ok ' "$T/judged")))
is "nothing was lost" 0 "$(grep -c 'spans were not taken' "$T/w.log")"
# trace NAME ID PARENT SPANS: [a b] is in what stands before it, a b after a
trace() { is "$1" "$3 $4" "$(sed -n "s/^trace $2 //p" "$T/judged")"; }
ONE="invoke_agent luna [wait signalbox.queue]"
trace "answered at once" "$PLAIN" - "$ONE [chat practice]"
trace "after a second call" "$AGAIN" - "$ONE [chat practice!server_error] [chat practice]"
trace "by a second attempt" "$LATER" - \
	"${ONE/ \[/!server_error [} [chat practice!server_error] [chat practice!server_error] + $ONE [chat practice!server_error] [chat practice]"
trace "by the next provider" "$NEXT" - "invoke_agent chain [wait signalbox.queue] [chat big!overloaded] [chat big!overloaded] [chat practice]"
trace "not at all" "$NEVER" - "${ONE/ \[/!bad_request [} [chat practice!bad_request]"
trace "in another protocol" "$OTHER" - "invoke_agent haiku [wait signalbox.queue] [chat small]"
trace "classified before" "$SORTED" - "invoke_agent sorts [wait signalbox.queue] [embeddings e] [chat practice]"
trace "for a caller" "$WANTED" "$CALLER" "$ONE [chat practice]"
is "not for one who does not want it" 0 "$(grep -c "^trace $SECRET" "$T/judged")"
is "a command's calls hang together" "- classify sorts [embeddings e] [embeddings e]" \
	"$(sed -n 's/^trace [0-9a-f]* \(.*classify.*\)/\1/p' "$T/judged")"
is "and nothing else" 9 "$(grep -c ^trace "$T/judged")"
finish
