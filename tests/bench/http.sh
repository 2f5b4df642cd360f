# Experiment 7: the HTTP interface. Applications that dispatch, look and wait over HTTP, 1, 32 and 500 at once, beside @portkey-ai/gateway doing the same call
# for a client that waits; then thousands of open streams. The same scripted provider behind both. Sourced by run.sh.

# spent PID...: CPU seconds of these and of PostgreSQL since mark()
mark() { PG0=$(pg_ticks) FAKE0=$(ticks "$PROVIDER") CPU0=$(ticks "${WORKERS[@]}"); }
spent() { echo "\"cpu_s\":$(seconds $(($(ticks "${WORKERS[@]}") - CPU0))),\"cpu_postgres_s\":$(seconds $(($(pg_ticks) - PG0))),\"cpu_provider_s\":$(since "$PROVIDER" "$FAKE0")"; }
# http WHAT PARALLEL CALLS URL [caller's arguments]
http() {
	local what=$1 parallel=$2 n=$3 url=$4 out pss stacks
	shift 4
	"$CALLER" --parallel "$parallel" --calls $((n / 5 + parallel)) "$@" "$url" >/dev/null || die "$what: not every call was answered"
	mark
	out=$("$CALLER" --parallel "$parallel" --calls "$n" "$@" "$url") || die "$what: not every call was answered"
	out="$out,$(spent)"
	read -r pss stacks < <(pss_kb "${WORKERS[@]}")
	record 7 "{\"exp\":\"7\",\"what\":\"$what\",\"parallel\":$parallel,$out,\"pss_kb\":$pss}"
}
http_ours() { # PARALLEL CALLS
	local base=$1 parallel=$2 n=$3 id
	http "wait" "$parallel" "$n" "$base/api/agents/bench-0001/messages?wait=60" --ask message --words $TOKENS
	id=$(sql "select uuid from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed' order by id desc limit 1")
	http "status" "$parallel" "$n" "$base/api/messages/$id/status" --ask get --words $TOKENS
	http "dispatch" "$parallel" "$n" "$base/api/agents/bench-0001/messages" --ask message --words 0
	"$STOPWATCH" until "$DB" "select not exists (select from signalbox.queue)" t 100 600 >/dev/null
}
# streams N: so many open at once, on messages that wait; what they cost while nothing happens, and how long until the last one has the end
streams() {
	local base=$1 n=$2 pss stacks pss0 t0 t1
	sql "select signalbox.pause_agent('bench-0001', 'bench')" >/dev/null
	"$CALLER" --parallel 32 --calls "$n" --ask message --words 0 "$base/api/agents/bench-0001/messages" >/dev/null
	sql "select uuid from signalbox.ai_messages where processing_status = 'queued'" >"$WORLD/ids"
	read -r pss0 stacks < <(pss_kb "${WORKERS[@]}")
	launch "$WORLD/streams.out" "$NODE" "$HERE/streams.mjs" "$base" "$WORLD/ids"
	local reader=$PID
	until grep -q open "$WORLD/streams.out"; do kill -0 "$reader" || die "the streams ended"; sleep 0.2; done
	mark
	sleep 10
	read -r pss stacks < <(pss_kb "${WORKERS[@]}")
	record 7 "{\"exp\":\"7\",\"what\":\"streams, waiting\",\"parallel\":$n,\"seconds\":10,$(spent),\"pss_kb\":$((pss - pss0))}"
	mark
	t0=$(date +%s%N)
	sql "select signalbox.resume_agent('bench-0001', 'bench')" >/dev/null
	wait "$reader" || die "not every stream had its answer: $(tail -3 "$WORLD/streams.out")"
	t1=$(date +%s%N)
	record 7 "{\"exp\":\"7\",\"what\":\"streams, to their end\",\"parallel\":$n,\"seconds\":$(calc "($t1 - $t0) / 1000000000" 2),$(spent)}"
}
bench_7() {
	local p n base
	begin 7 "7. over HTTP: dispatch, status, wait, beside @portkey-ai/gateway; streams"
	provider bench "rate=0 $(words $TOKENS)" "$WORLD/asked.jsonl"
	for s in json stream paced; do stage $s "$(script_of $s)"; done
	if has_ours; then
		load_ours 1 1 1 1 0 bench
		idle_worker concurrency=64 listen=127.0.0.1:0
		base=http://$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$WORLD/worker-1.log" | tail -1)
		for p in 1 32 500; do http_ours "$base" $p $([ -n "$QUICK" ] && echo $((p + 100)) || echo $((p > 1 ? 10000 : 1000))); done
		streams "$base" $([ -n "$QUICK" ] && echo 200 || echo 5000)
		stop_workers
	fi
	if has_portkey; then
		start_portkey semi=64
		for p in 1 32 500; do
			http "gateway" $p $([ -n "$QUICK" ] && echo $((p + 100)) || echo $((p > 1 ? 10000 : 1000))) "$GATE_URL" --stream 0 --words $TOKENS \
				--header "x-portkey-provider: openai" --header "x-portkey-custom-host: $PROVIDER_URL/p/json/v1"
		done
		end "$GATE"
		WORKERS=()
	fi
	end "$PROVIDER"
}
