#!/bin/bash
# `make run`: a private PostgreSQL, a provider, three practice agents, a worker, the console. Everything it starts lies in .run/ and is ended
# by `make stop`. Without a terminal it runs the same stack headless, with the scripted provider, and says what became of each message.
set -eu
cd "$(dirname "$0")/../.."
RUN=$PWD/.run
S=build/bin/signalbox
mkdir -p "$RUN"

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
# start NAME COMMAND...: in the background, its output in .run/NAME.log, its pid in .run/NAME.pid
start() {
	local name=$1; shift
	alive "$RUN/$name.pid" && return
	setsid "$@" >>"$RUN/$name.log" 2>&1 </dev/null &
	echo $! >"$RUN/$name.pid"
}
# A provider's name, protocol, address, variable of its key, model; empty when none is used.
REAL=
terminal() { [ -t 0 ] && [ -t 1 ]; }
ask() { local a; read -r -p "$1 [y/N] " a && [ "$a" = y ]; }

find_provider() {
	local url=${OLLAMA_HOST:-http://127.0.0.1:11434} model
	case $url in http*) ;; *) url=http://$url ;; esac
	model=$(curl -fsS -m 2 "$url/api/tags" 2>/dev/null | sed -n 's/.*"models":\[{"name":"\([^"]*\)".*/\1/p') || true
	if [ -n "$model" ]; then
		REAL="ollama ollama $url - $model"
	elif [ -n "${GROQ_API_KEY:-}" ] && ask "GROQ_API_KEY is set. Use Groq (costs money)?"; then
		REAL="groq openai https://api.groq.com/openai GROQ_API_KEY llama-3.1-8b-instant"
	elif [ -n "${OPENAI_API_KEY:-}" ] && ask "OPENAI_API_KEY is set. Use OpenAI (costs money)?"; then
		REAL="openai openai https://api.openai.com OPENAI_API_KEY gpt-4o-mini"
	fi
}

# agent SLUG PROVIDER MODEL NAME PROMPT STARTS_A_MINUTE TYPE
agent() { $S agent "$1" set "provider=$2" "model=$3" "name=$4" "system_prompt=$5" "rate_limit_per_min=$6" "type=$7" >/dev/null; }

practice_agents() {
	local p q model
	if [ -n "$REAL" ]; then
		set -- $REAL
		$S provider "$1" set "protocol=$2" "base_url=$3" "key_env=${4#-}" >/dev/null
		p=$1 q=$1 model=$5
		echo "provider: $1 at $3, model $5"
	else
		local port
		rm -f "$RUN/provider.port.new"
		alive "$RUN/provider.pid" || rm -f "$RUN/provider.port"
		start provider build/plain/tests/fake_llm --rate 12 --port-file "$RUN/provider.port"
		for _ in $(seq 100); do [ -s "$RUN/provider.port" ] && break; sleep 0.05; done
		port=$(cat "$RUN/provider.port")
		$S provider practice-ollama set protocol=ollama "base_url=http://127.0.0.1:$port" >/dev/null
		$S provider practice-openai set protocol=openai "base_url=http://127.0.0.1:$port" >/dev/null
		p=practice-ollama q=practice-openai model=practice
		# So that costs show; the model and its price are invented.
		psql -qX "$SIGNALBOX_DATABASE_URL" -c "insert into signalbox.model_prices values
			('practice', '', '2024-01-01', 1000000, 2000000, null, 'practice: invented') on conflict do nothing"
		echo "provider: the scripted one - no model answers, every answer is labelled practice."
		echo "          For a real one: run Ollama on 127.0.0.1:11434, or set OLLAMA_HOST, GROQ_API_KEY or OPENAI_API_KEY, then make run in a terminal."
	fi
	agent luna "$p" "$model" Luna "You are Luna, a helpful sales assistant." 30 b2b
	agent aria "$q" "$model" Aria "You are Aria. You help private customers." 20 b2c
	$S agent luna set calculations=on >/dev/null
	agent nova "$p" "$model" Nova "You are Nova, of the support team." 50 support
}

own_database() {
	echo "database: yours (SIGNALBOX_DATABASE_URL); no practice rows are written"
	if [ "${YES:-}" = 1 ] || { terminal && ask "Migrate this database?"; }; then
		$S migrate
	fi
}

# Sends the practice messages; their uuids go into IDS, one a line.
send_practice() {
	local mark
	mark=$(date +%s)
	IDS=
	send() { IDS="$IDS $($S send "$@" 2>/dev/null)"; }
	send luna "Do you ship to Norway? (practice $mark) [[words=12]]"
	send aria "Where is my order 88123? (practice $mark) [[words=16]]"
	FAILING=$($S send nova "This one fails three times, then works (practice $mark) [[fail=3]]" 2>/dev/null)
	IDS="$IDS $FAILING"
	send luna "Price for 500 units? (practice $mark) [[words=20]]"
	send aria "Can I change the delivery address? (practice $mark) [[words=14 split=7]]"
	send nova "The app crashes when I open it (practice $mark) [[words=10]]"
	send luna "Thanks! (practice $mark) [[words=5]]"
}

statuses() {
	psql -qXAt -F ' ' "$SIGNALBOX_DATABASE_URL" -c "select s ->> 'message_id', s ->> 'agent', s ->> 'status' || coalesce(' #' || (s ->> 'queue_position'), '')
		|| coalesce(' (waits for ' || (s ->> 'waits_for') || ')', '') from unnest(string_to_array('$*', ' ')::uuid[]) u, signalbox.message_status(u) s"
}

# Prints every change of these messages until all have ended, at most 90 s.
follow() {
	local before= now id agent rest end=$((SECONDS + 90))
	while [ $SECONDS -lt $end ]; do
		now=$(statuses "$@")
		while read -r id agent rest; do
			grep -qxF "$id $agent $rest" <<<"$before" || printf '  %s  %-5s %s\n' "${id:0:8}" "$agent" "$rest"
		done <<<"$now"
		before=$now
		grep -qE ' (queued|processing|pending)' <<<"$now" || return 0
		sleep 0.1
	done
	echo "  not ended within 90 s" >&2
	return 1
}

headless() {
	local id bad=0
	echo "sending practice messages"
	send_practice
	follow ${IDS# }
	echo "failed, as it should:"
	$S failed --limit 1
	[ "$(statuses "$FAILING" | cut -d' ' -f3)" = failed ] || bad=1
	echo "retrying it"
	$S retry "$FAILING"
	follow "$FAILING"
	echo "answers"
	for id in $IDS; do
		printf '  %s  %s\n' "${id:0:8}" "$(psql -qXAt "$SIGNALBOX_DATABASE_URL" -c "select content from signalbox.ai_messages where uuid = '$id'")"
		[ "$(statuses "$id" | cut -d' ' -f3)" = completed ] || bad=1
	done
	$S status
	return $bad
}

own=
if [ -n "${SIGNALBOX_DATABASE_URL:-}" ]; then
	own=1
	own_database
else
	SIGNALBOX_DATABASE_URL=$(tests/lib/pg.sh start "$RUN/db")
	export SIGNALBOX_DATABASE_URL
	$S migrate
	terminal && find_provider
	practice_agents
fi
# Two at a time, so that a queue is to be seen; short back-off, so that a retry is.
if [ -n "$own" ]; then
	start worker build/bin/signalbox-worker
else
	start worker build/bin/signalbox-worker --concurrency 2 --retries 0 --backoff 1s --log-level warn
fi
for _ in $(seq 100); do $S doctor --json 2>/dev/null | grep -q '"check":"workers","ok":true' && break; sleep 0.1; done
echo "ready: database '$SIGNALBOX_DATABASE_URL'"
if terminal; then
	[ -n "$own$REAL" ] || send_practice
	exec $S
elif [ -z "$own" ]; then
	headless
else
	$S status
fi
