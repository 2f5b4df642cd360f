# Experiment 6: what stands between an application's request and the provider. @portkey-ai/gateway as a proxy, signalbox as a queue with a
# worker, the same scripted provider behind both. Sourced by run.sh.
ASKER=$ROOT/build/plain/tests/asker
CALLER=$ROOT/build/plain/tests/caller
LOOP=$ROOT/build/plain/tests/loop
PORTKEY=$HERE/node_modules/@portkey-ai/gateway/build/start-server.js
PACE=100    # words a second of the streams that take their time

has_portkey() { [ -f "$PORTKEY" ] && { [ -z "${BENCH_ONLY:-}" ] || [ "$BENCH_ONLY" = portkey ]; }; }
has_ours() { [ -z "${BENCH_ONLY:-}" ] || [ "$BENCH_ONLY" = signalbox ]; }
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Sets FREE: a port nobody listens on, below those that connections are given, so that none connects to itself.
free_port() { FREE=$1; while is_open "$FREE"; do FREE=$((FREE + 1)); done; }

start_portkey() { # [semi=MB]: sets GATE (pid), GATE_URL, WORKERS
	local flags=()
	case ${1:-} in semi=*) flags+=("--max-semi-space-size=${1#*=}") ;; esac
	free_port 18787
	NODE_ENV=production launch "$WORLD/portkey.log" "$NODE" "${flags[@]}" "$PORTKEY" --headless "--port=$FREE"
	GATE=$PID GATE_URL=http://127.0.0.1:$FREE/v1/chat/completions WORKERS=("$PID")
	until is_open "$FREE"; do kill -0 "$GATE" 2>/dev/null || { cat "$WORLD/portkey.log" >&2; die "the gateway ended"; }; sleep 0.05; done
	sleep 2    # it draws its start-up for a while
}

stage() { curl -fsS -X POST --data "$2" "$PROVIDER_URL/practice/script?name=$1" >/dev/null; }    # NAME WORDS
requests_of() { curl -fsS "$PROVIDER_URL/practice/stats?name=$1" | sed 's/.*"requests":\([0-9]*\).*/\1/'; }
script_of() { # SHAPE
	case $1 in
	json) echo "whole $(words $TOKENS)" ;;
	stream) echo "rate=0 $(words $TOKENS)" ;;
	paced) echo "rate=$PACE $(words $TOKENS)" ;;
	esac
}
since() { seconds $(($(ticks "$1") - $2)); }    # PID TICKS: of CPU, since it had so many

# calls SYSTEM SETTINGS SHAPE PARALLEL CALLS: over HTTP, direct or through the gateway; a line of 6.jsonl
calls() {
	local system=$1 settings=$2 shape=$3 parallel=$4 n=$5 url args=() asked0 cpu0=0 fake0 out warm=$((2 * $4)) cpu=null
	url=$PROVIDER_URL/p/$shape/v1
	if [ "$system" = portkey ]; then
		args=(--header "x-portkey-provider: openai" --header "x-portkey-custom-host: $url")
		cpu0=$(ticks "$GATE")
	fi
	asked0=$(requests) fake0=$(ticks "$PROVIDER")
	out=$("$CALLER" --parallel "$parallel" --calls "$n" --warm "$warm" --words $TOKENS --stream "$([ "$shape" = json ] && echo 0 || echo 1)" "${args[@]}" \
		"$([ "$system" = portkey ] && echo "$GATE_URL" || echo "$url/chat/completions")") || die "$system: not every call was answered"
	[ "$system" = direct ] || cpu=$(since "$GATE" "$cpu0")
	[ $(($(requests) - asked0)) = $((n + warm)) ] || die "$system: the provider was asked $(($(requests) - asked0)) times for $((n + warm)) calls"
	[ -n "${WARMING:-}" ] || record 6 "{\"exp\":\"6\",\"what\":\"call\",\"system\":\"$system\",\"settings\":\"$settings\",\"shape\":\"$shape\",\"parallel\":$parallel,$out,\"cpu_s\":$cpu,\"cpu_provider_s\":$(since "$PROVIDER" "$fake0")}"
}
all_calls() { # SYSTEM SETTINGS
	local shape
	for shape in json stream; do WARMING=1 calls "$1" "$2" $shape 32 "$WARM_CALLS"; done    # what is compiled while it runs is compiled
	for shape in json stream; do calls "$1" "$2" $shape 1 "$ONE_CALLS"; done
	calls "$1" "$2" paced 1 "$ONE_PACED"
	for shape in json stream; do calls "$1" "$2" $shape 32 "$MANY_CALLS"; done
	calls "$1" "$2" paced 32 "$MANY_PACED"
}
memory() { # SYSTEM SETTINGS WHEN
	local pss stacks
	read -r pss stacks < <(pss_kb "${WORKERS[@]}")
	record 6 "{\"exp\":\"6\",\"what\":\"memory\",\"system\":\"$1\",\"settings\":\"$2\",\"when\":\"$3\",\"pss_kb\":$pss,\"kernel_stacks_kb\":$stacks}"
}

# ---- signalbox
# ask PARALLEL CALLS WARM WATCH: ASKED is what asker says, and what it cost (PostgreSQL's part is also its looking)
ask() {
	local pg0 fake0 cpu0
	pg0=$(pg_ticks) fake0=$(ticks "$PROVIDER") cpu0=$(ticks "${WORKERS[@]}")
	ASKED=$("$ASKER" --parallel "$1" --calls "$2" --warm "$3" --watch "$4" "${@:5}" --stamps "$WORLD/stamps" "$DB") || die "signalbox: not every message was answered"
	ASKED="$ASKED,\"cpu_s\":$(seconds $(($(ticks "${WORKERS[@]}") - cpu0))),\"cpu_postgres_s\":$(seconds $(($(pg_ticks) - pg0))),\"cpu_provider_s\":$(since "$PROVIDER" "$fake0")"
}
idle_worker() { # setting...: has done its one message
	start_ours "$@"
	ready >/dev/null
	"$STOPWATCH" until "$DB" "$(done_sql signalbox)" t 50 60 >/dev/null
	sleep 1
}
# round_trips SHAPE PARALLEL CALLS: applications that wait for their answer and then ask again
round_trips() {
	local shape=$1 parallel=$2 n=$3 warm=$((2 * $2))
	rm -f "$WORLD/asked.jsonl"
	provider bench "$(script_of "$shape")" "$WORLD/asked.jsonl"
	load_ours 1 1 1 1 0 bench
	idle_worker concurrency=64
	[ "$shape$parallel" != stream1 ] || memory signalbox concurrency=64 idle
	ask "$parallel" "$n" "$warm" "$([ "$shape" = paced ] && echo 1 || echo 0)"
	stop_workers
	end "$PROVIDER"
	assert_done signalbox $((n + warm + 1))
	record 6 "{\"exp\":\"6\",\"what\":\"queue\",\"system\":\"signalbox\",\"settings\":\"concurrency=64\",\"shape\":\"$shape\",\"parallel\":$parallel,$ASKED,$("$NODE" "$HERE/report.mjs" trips "$WORLD/stamps" "$WORLD/asked.jsonl")}"
}
# loop_trips PARALLEL CALLS: the same applications, with a hand-written loop (loop.c) in the place of signalbox: what the commits and the call cost by themselves
loop_trips() {
	local parallel=$1 n=$2 warm=$((2 * $1))
	rm -f "$WORLD/asked.jsonl"
	provider bench "$(script_of stream)" "$WORLD/asked.jsonl"
	load_ours 1 1 1 1 0 bench
	psql -qX -v ON_ERROR_STOP=1 "$DB" -f "$HERE/loop.sql" >/dev/null
	launch "$WORLD/worker-1.log" "$LOOP" --concurrency 64 --url "$PROVIDER_URL/v1/chat/completions" "$DB"
	WORKERS=("$PID")
	ask "$parallel" "$n" "$warm" 0 --schema loop
	end "$PID" 1
	WORKERS=()
	end "$PROVIDER"
	[ "$(sql "select count(*) filter (where processing_status = 'completed' and content like 'word%') from loop.ai_messages where role = 'assistant'")" = $((n + warm)) ] || die "loop: not every message was answered"
	record 6 "{\"exp\":\"6\",\"what\":\"queue\",\"system\":\"loop\",\"settings\":\"concurrency=64\",\"shape\":\"stream\",\"parallel\":$parallel,$ASKED,$("$NODE" "$HERE/report.mjs" trips "$WORLD/stamps" "$WORLD/asked.jsonl")}"
}
# full_queue SHAPE CONCURRENCY CALLS: so many at the provider at a time, nobody looks; what one() does in 1, and the memory
full_queue() {
	local shape=$1 c=$2 n=$3 t0 last pg0 pg1 cpu cpu0 fake0 asked0
	provider bench "$(script_of "$shape")"
	load_ours "$n" 1 "$n" 1 0 bench
	asked0=$(requests) fake0=$(ticks "$PROVIDER") pg0=$(pg_ticks)
	start_ours "concurrency=$c"
	t0=$(ready)
	cpu0=$(ticks "${WORKERS[@]}")
	"$STOPWATCH" until "$DB" "$(done_sql signalbox)" t 100 600 >/dev/null
	cpu=$(($(ticks "${WORKERS[@]}") - cpu0)) pg1=$(pg_ticks) fake0=$(since "$PROVIDER" "$fake0")
	[ "$shape" != stream ] || memory signalbox "concurrency=$c" "after"
	stop_workers
	assert_done signalbox "$n"
	[ $(($(requests) - asked0)) = "$n" ] || die "signalbox: the provider was asked $(($(requests) - asked0)) times for $n messages"
	end "$PROVIDER"
	last=$(sql "select extract(epoch from max(processing_completed_at)) from signalbox.ai_messages where role = 'assistant'")
	record 6 "{\"exp\":\"6\",\"what\":\"full\",\"system\":\"signalbox\",\"settings\":\"concurrency=$c\",\"shape\":\"$shape\",\"parallel\":$c,\"calls\":$n,\"asked\":$n,\"per_second\":$(calc "$n / ($last - $t0)" 1),\"cpu_s\":$(seconds "$cpu"),\"cpu_postgres_s\":$(seconds $((pg1 - pg0))),\"cpu_provider_s\":$fake0}"
}

# What an application's dispatch costs the server, which full_queue leaves out: its queue is filled past the functions. No worker runs.
dispatches() { # CALLS
	local n=$1 pg0
	load_ours 1 1 1 1 0 bench
	pg0=$(pg_ticks)
	"$STOPWATCH" run --calls "$n" --warm 0 --from 1 "$DB" "$HERE/sql/dispatch.sql" >/dev/null
	[ "$(sql "select count(*) from signalbox.queue")" = $((n + 1)) ] || die "not every dispatch is in the queue"
	record 6 "{\"exp\":\"6\",\"what\":\"dispatch\",\"system\":\"signalbox\",\"calls\":$n,\"asked\":$n,\"cpu_postgres_s\":$(seconds $(($(pg_ticks) - pg0)))}"
}

# ---- the first provider of two is down
# let_first DOWN SHAPE: sets FIRST, where the first one is, and lets it be what DOWN says: nothing (it answers), 503, refused
let_first() {
	FIRST=$PROVIDER_URL/p/first
	stage second "$(script_of "$2")"
	case $1 in
	nothing) stage first "$(script_of "$2")" ;;
	503) stage first "status=503" ;;
	refused) free_port 20999; FIRST=http://127.0.0.1:$FREE ;;
	esac
}
answers_from() { [ "$1" = nothing ] && echo first || echo second; }
fallback_portkey() { # DOWN CALLS SHAPE
	local down=$1 n=$2 shape=$3 warm=20 out first0 asked0 target='"provider":"openai","api_key":"practice","custom_host"'
	let_first "$down" "$shape"
	first0=$(requests_of first) asked0=$(requests_of "$(answers_from "$down")")
	out=$("$CALLER" --calls "$n" --warm "$warm" --words $TOKENS --stream "$([ "$shape" = json ] && echo 0 || echo 1)" --header \
		"x-portkey-config: {\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{$target:\"$FIRST/v1\"},{$target:\"$PROVIDER_URL/p/second/v1\"}]}" "$GATE_URL") ||
		die "portkey: not every call was answered"
	[ $(($(requests_of "$(answers_from "$down")") - asked0)) = $((n + warm)) ] || die "portkey: not each call was answered once"
	record 6 "{\"exp\":\"6\",\"what\":\"fallback\",\"system\":\"portkey\",\"settings\":\"\",\"shape\":\"$shape\",\"down\":\"$down\",\"breaker\":\"none\",\"asked_first\":$([ "$down" = refused ] && echo null || echo $(($(requests_of first) - first0))),$out}"
}
# fallback_ours DOWN BREAKER RETRIES CALLS WARM. BREAKER: held (closed by an operator's word, so that each call falls back) | auto
fallback_ours() {
	local down=$1 breaker=$2 retries=$3 n=$4 warm=$5 first0 asked0 got
	let_first "$down" stream
	$S provider first set protocol=openai "base_url=$FIRST/v1" >/dev/null
	$S provider second set protocol=openai "base_url=$PROVIDER_URL/p/second/v1" >/dev/null
	load_ours 1 1 1 1 0 first
	sql "select signalbox.agent_set('bench-0001', '{\"provider\":\"first\",\"model\":\"practice\",\"chain\":\"second:practice\"}', 'bench')" >/dev/null
	sql "delete from signalbox.breakers; delete from signalbox.breaker_counts"
	[ "$breaker" = auto ] || sql "select signalbox.breaker_force('first', 'closed', 'bench')" >/dev/null
	first0=$(requests_of first) asked0=$(requests_of "$(answers_from "$down")")
	idle_worker concurrency=64 "retries=$retries"
	ask 1 "$n" "$warm" 0
	stop_workers
	[ $(($(requests_of "$(answers_from "$down")") - asked0)) = $((n + warm + 1)) ] || die "signalbox: not each message was answered once"
	got=$(sql "select count(*) filter (where outcome = 'completed' and provider = '$(answers_from "$down")'), count(*) from signalbox.attempts")
	[ "$got" = "$((n + warm + 1))|$((n + warm + 1))" ] || die "signalbox: answered by $(answers_from "$down")|attempts is $got, not $((n + warm + 1)) each"
	record 6 "{\"exp\":\"6\",\"what\":\"fallback\",\"system\":\"signalbox\",\"settings\":\"retries=$retries\",\"shape\":\"stream\",\"down\":\"$down\",\"breaker\":\"$breaker\",\"asked_first\":$([ "$down" = refused ] && echo null || echo $(($(requests_of first) - first0))),$ASKED,$("$NODE" "$HERE/report.mjs" trips "$WORLD/stamps")}"
}

# The agent is as it was: load_ours knows of no chains.
forget_chain() {
	sql "select signalbox.agent_set('bench-0001', '{\"provider\":\"bench\",\"chain\":null}', 'bench')" >/dev/null
	sql "delete from signalbox.breakers; delete from signalbox.breaker_counts"
}

bench_6() {
	local s down shape
	if [ -n "$QUICK" ]; then
		WARM_CALLS=200 ONE_CALLS=100 ONE_PACED=10 MANY_CALLS=640 MANY_PACED=64 TRIPS=60 MANY_TRIPS=320 FALLBACKS=40
	else
		WARM_CALLS=2000 ONE_CALLS=2000 ONE_PACED=200 MANY_CALLS=10000 MANY_PACED=3200 TRIPS=1000 MANY_TRIPS=10000 FALLBACKS=500
	fi
	begin 6 "6. between the application and the provider: direct, @portkey-ai/gateway, signalbox"
	provider bench "rate=0 $(words $TOKENS)"
	for s in json stream paced; do stage $s "$(script_of $s)"; done
	all_calls direct ""
	if has_portkey; then
		for s in "" semi=64; do
			start_portkey "$s"
			memory portkey "$s" idle
			all_calls portkey "$s"
			memory portkey "$s" after
			[ -n "$s" ] || for shape in json stream; do
				for down in nothing 503 refused; do fallback_portkey $down "$FALLBACKS" $shape; done
			done
			stop_workers
			[ -z "$QUICK" ] || break
		done
	else
		say "6: @portkey-ai/gateway is not in tests/bench/node_modules (run.sh deps), or BENCH_ONLY leaves it out: skipped"
	fi
	if has_ours; then
		fallback_ours nothing auto 0 "$FALLBACKS" 20
		for down in 503 refused; do
			fallback_ours $down held 0 "$FALLBACKS" 20
			fallback_ours $down auto 0 "$FALLBACKS" 20
		done
		fallback_ours 503 held 3 "$([ -n "$QUICK" ] && echo 1 || echo 10)" 0
		forget_chain
	fi
	end "$PROVIDER"
	has_ours || return 0
	round_trips stream 1 "$TRIPS"
	round_trips paced 1 "$((TRIPS / 5))"
	round_trips stream 32 "$MANY_TRIPS"
	loop_trips 32 "$MANY_TRIPS"
	round_trips paced 32 "$((MANY_PACED))"
	full_queue stream 32 "$MANY_CALLS"
	full_queue paced 32 "$MANY_PACED"
	dispatches "$((TRIPS * 5))"
}
