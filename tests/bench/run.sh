#!/bin/bash
# The benchmarks. docs/BENCHMARKS.md says what is measured and how.
#
#   run.sh deps                     installs what is compared, into tests/bench/node_modules
#   run.sh [1..8|all] [--quick]     1 whole path, 2 queue alone, 3 many streams, 4 pick-up, 5 a million waiting, 6 beside a gateway, 7 over HTTP,
#                                   8 calculations
#   run.sh plans [--quick]          EXPLAIN of every hot statement into docs/plans
#   run.sh where [--quick]          which statements take the time on the whole path (pg_stat_statements)
#   run.sh report                   the tables for docs/BENCHMARKS.md, from build/bench/*.jsonl
#
# --quick: small sizes, to see that all works; the figures mean nothing. BENCH_MESSAGES, BENCH_STREAMS, BENCH_PICKUPS, BENCH_MILLION,
# BENCH_CALLS (of each kind in a scene) and BENCH_HELD (seconds beside the snapshot) choose other sizes; BENCH_ONLY=signalbox leaves the
# others out. Nothing here asserts a time; that every message was answered exactly once is asserted everywhere.
set -euo pipefail
export LC_ALL=C
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
. "$HERE/lib.sh"
. "$HERE/million.sh"
. "$HERE/gateway.sh"
. "$HERE/http.sh"
. "$HERE/calculate.sh"

verb=${1:-all} QUICK=
[ "${2:-}" != --quick ] || QUICK=1
if [ -n "$QUICK" ]; then
	MESSAGES=${BENCH_MESSAGES:-2000} STREAMS=${BENCH_STREAMS:-200} SECONDS_EACH=3 PICKUPS=${BENCH_PICKUPS:-40} MILLION=${BENCH_MILLION:-60000}
	AGENTS=100 SESSIONS=2000 SMALL=2000 HELD=5 CALLS=40 RATE_MESSAGES=500
else
	MESSAGES=${BENCH_MESSAGES:-20000} STREAMS=${BENCH_STREAMS:-10000} SECONDS_EACH=30 PICKUPS=${BENCH_PICKUPS:-500} MILLION=${BENCH_MILLION:-1000000}
	AGENTS=1000 SESSIONS=100000 SMALL=10000 HELD=${BENCH_HELD:-60} CALLS=${BENCH_CALLS:-300} RATE_MESSAGES=20000
fi
TOKENS=20

# one EXPERIMENT SYSTEM MESSAGES TOKENS KIND setting...   KIND: full | null
# N messages wait; the worker is started; what it took to do them all is recorded. With PROBE set, that function is called while it runs.
one() {
	local exp=$1 system=$2 n=$3 tokens=$4 kind=$5 t0 t1 seen pg0 pg1 fake0=0 fake1=0 asked0=0 cpu0 cpu first=0 last pss=0 stacks=0 probe=
	shift 5
	[ -z "${BENCH_ONLY:-}" ] || [ "$BENCH_ONLY" = "$system" ] || return 0
	if [ "$system" = signalbox ]; then
		load_ours "$n" 1 "$n" 1 0 "$([ "$kind" = null ] && echo nullp || echo bench)"
	else
		load_peer "$system" "$n"
	fi
	[ "$kind" = null ] || { asked0=$(requests); fake0=$(ticks "$PROVIDER"); }
	pg0=$(pg_ticks)
	case $system in
	signalbox) start_ours "$@" ;;
	*) start_peer "$system" $([ "$kind" = null ] || echo "provider=$PROVIDER_URL") "$@" ;;
	esac
	t0=$(ready)
	cpu0=$(ticks "${WORKERS[@]}")    # what starting up took is nobody's merit
	if [ -n "${PROBE:-}" ]; then
		read -r pss stacks probe < <($PROBE "$system")
	fi
	seen=$("$STOPWATCH" until "$DB" "$(done_sql "$system")" t "$([ "$kind" = null ] && echo 20 || echo 100)" 600)
	pg1=$(pg_ticks) cpu=$(($(ticks "${WORKERS[@]}") - cpu0))
	[ "$kind" = null ] || fake1=$(ticks "$PROVIDER")
	stop_workers
	if [ "$kind" = full ]; then
		assert_done "$system" "$n"
		[ $(($(requests) - asked0)) = "$n" ] || die "$system: the provider was asked $(($(requests) - asked0)) times for $n messages"
		IFS='|' read -r first last < <(sql "select extract(epoch from min(processing_completed_at)), extract(epoch from max(processing_completed_at))
			from $(messages_of "$system") where role = 'assistant'")
	elif [ "$system" = signalbox ]; then
		assert_done "$system" "$n" free
		last=$(sql "select extract(epoch from max(processing_completed_at)) from signalbox.ai_messages")
	else
		last=$seen
	fi
	t1=$(calc "$last - $t0")
	record "$exp" "{\"exp\":\"$exp\",\"system\":\"$system\",\"settings\":\"$(settings_of "$@")\",\"messages\":$n,\"tokens\":$tokens,\"seconds\":$t1,\"per_second\":$(calc "$n / $t1" 0),\"steady_per_second\":$([ "$first" = 0 ] && echo null || calc "($n - 1) / ($last - $first + 0.000001)" 0),\"cpu_worker_s\":$(seconds "$cpu"),\"cpu_postgres_s\":$(seconds $((pg1 - pg0))),\"cpu_provider_s\":$(seconds $((fake1 - fake0))),\"pss_kb\":$pss,\"kernel_stacks_kb\":$stacks${probe:+,$probe}}"
}

show() { "$NODE" "$HERE/report.mjs" report "$OUT" "${1:-}"; }
begin() { rm -f "$OUT/$1.jsonl"; say "$2"; }

bench_1() {
	begin 1 "1. whole path: $MESSAGES messages, $TOKENS tokens each, answered at once"
	provider bench "rate=0 $(words $TOKENS)"
	local c s
	for c in $([ -n "$QUICK" ] && echo 64 256 || echo 64 128 256 512 1024); do one 1 signalbox "$MESSAGES" $TOKENS full "concurrency=$c"; done
	while read -r -u3 s; do
		[ -z "$s" ] || one 1 $(set -- $s; echo "$1 $MESSAGES $TOKENS full"; shift; echo "$@")
	done 3< <(if [ -n "$QUICK" ]; then cat <<-'L'
		graphile concurrency=128 local=500
		pgboss style=work concurrency=400 batch=100
		pgboss style=fetch concurrency=256 batch=100
		graphile concurrency=64 local=500 procs=2
	L
	else cat <<-'L'
		graphile concurrency=64 local=500
		graphile concurrency=128 local=500
		graphile concurrency=256 local=500
		graphile concurrency=256 local=1000 delay=5
		graphile concurrency=512 local=1000
		graphile concurrency=128 local=500 semi=64
		graphile concurrency=128 local=500 reads=1
		graphile concurrency=64 local=500 procs=2
		graphile concurrency=128 local=500 procs=2
		graphile concurrency=256 local=500 procs=2
		pgboss style=work concurrency=200 batch=100
		pgboss style=work concurrency=400 batch=100
		pgboss style=work concurrency=1000 batch=250
		pgboss style=work concurrency=1000 batch=500
		pgboss style=fetch concurrency=128 batch=100
		pgboss style=fetch concurrency=256 batch=100
		pgboss style=fetch concurrency=512 batch=200
		pgboss style=fetch concurrency=256 batch=100 semi=64
		pgboss style=work concurrency=400 batch=100 procs=2
		pgboss style=fetch concurrency=128 batch=100 procs=2
		pgboss style=fetch concurrency=256 batch=100 procs=2
	L
	fi)
	end "$PROVIDER"
}

bench_2() {
	local n=$((MESSAGES * 5)) c s
	begin 2 "2. the queue alone: $n jobs"
	if have_null; then
		for c in $([ -n "$QUICK" ] && echo 64 256 || echo 64 256 512 1024 2048); do one 2 signalbox "$n" 1 null "concurrency=$c"; done
	else
		say "this signalbox has no provider of protocol null: its part of 2 is skipped"
	fi
	while read -r -u3 s; do
		[ -z "$s" ] || one 2 $(set -- $s; echo "$1 $n 0 null"; shift; echo "$@")
	done 3< <(if [ -n "$QUICK" ]; then cat <<-'L'
		graphile concurrency=24 local=500
		pgboss style=work concurrency=2000 batch=500
		pgboss style=fetch concurrency=2000 batch=500
	L
	else cat <<-'L'
		graphile concurrency=24 local=500
		graphile concurrency=100 local=500
		graphile concurrency=100 local=2000
		graphile concurrency=24 local=500 procs=2
		graphile concurrency=100 local=1000 procs=2
		pgboss style=work concurrency=500 batch=500
		pgboss style=work concurrency=2000 batch=1000
		pgboss style=work concurrency=4000 batch=2000
		pgboss style=fetch concurrency=2000 batch=1000
		pgboss style=work concurrency=1000 batch=1000 procs=2
		pgboss style=work concurrency=4000 batch=2000 procs=2
	L
	fi)
}

# In the middle of the streams: memory, and for ours whether the console still answers. Prints "PSS STACKS [json]".
ask_meanwhile() {
	local i t json=
	sleep $((SECONDS_EACH / 2))
	pss_kb "${WORKERS[@]}" | tr '\n' ' '
	if [ "$1" = signalbox ]; then
		for i in 1 2 3; do
			t=$(now)
			$S status --json >"$WORLD/status.log" || die "signalbox status failed while the streams ran"
			json="$json,$(calc "($(now) - $t) * 1000" 0)"
			t=$(now)
			$S --once --view queue --size 120x36 >"$WORLD/once.log" || die "the console failed while the streams ran"
			json="$json,$(calc "($(now) - $t) * 1000" 0)"
		done
		set -- ${json//,/ }
		printf '"status_ms":[%s,%s,%s],"once_ms":[%s,%s,%s],"processing_seen":%s' "$1" "$3" "$5" "$2" "$4" "$6" \
			"$(sed 's/.*"processing": *\([0-9]*\).*/\1/' "$WORLD/status.log" | head -1)"
	fi
	echo
}

bench_3() {
	local n=$STREAMS
	begin 3 "3. $n streams at once in one process, each $SECONDS_EACH s at 2 tokens/s"
	provider bench "rate=2 $(words $((SECONDS_EACH * 2)))"
	PROBE=ask_meanwhile
	one 3 signalbox "$n" $((SECONDS_EACH * 2)) full "concurrency=$n"
	one 3 graphile "$n" $((SECONDS_EACH * 2)) full "concurrency=$n" local=500
	[ -n "$QUICK" ] || one 3 graphile "$n" $((SECONDS_EACH * 2)) full "concurrency=$n" "local=$n"
	one 3 pgboss "$n" $((SECONDS_EACH * 2)) full style=fetch "concurrency=$n" batch=500
	[ -n "$QUICK" ] || one 3 pgboss "$n" $((SECONDS_EACH * 2)) full style=work "concurrency=$n" batch=500
	PROBE=
	end "$PROVIDER"
}

# pickup SYSTEM setting...: one message at a time to an idle worker
pickup() {
	local system=$1 notify=0 cpu
	shift
	rm -f "$WORLD/asked.jsonl"
	provider bench "rate=0 $(words 1)" "$WORLD/asked.jsonl"
	case " $* " in *" notify=1 "*) notify=1 ;; esac
	if [ "$system" = signalbox ]; then
		load_ours 1 1 1 1 0 bench    # one to warm it up
		cp "$HERE/sql/pickup_signalbox.sql" "$WORLD/pickup.sql"
		start_ours "$@"
	else
		load_peer "$system" 1 "$notify"
		cat >"$WORLD/pickup.sql" <<-L
			insert into bench.messages (id, uuid, session_id, role, content, processing_status, queued_at, reply_to) values
				(2 * :n - 1, gen_random_uuid(), 1, 'user', 'bench: pick-up, nonce :n', 'completed', null, null),
				(2 * :n, gen_random_uuid(), 1, 'assistant', '', 'queued', now(), 2 * :n - 1);
			$("$NODE" "$HERE/peer.mjs" sql "$system" "$@");
		L
		start_peer "$system" "provider=$PROVIDER_URL" "$@"
	fi
	ready >/dev/null
	"$STOPWATCH" until "$DB" "$(done_sql "$system")" t 50 60 >/dev/null
	sleep 1
	"$STOPWATCH" run --calls "$PICKUPS" --warm 5 --from 100 --gap 20000 --stamps "$WORLD/stamps" "$DB" "$WORLD/pickup.sql" >"$WORLD/dispatch.json"
	"$STOPWATCH" until "$DB" "$(done_sql "$system")" t 50 60 >/dev/null
	stop_workers
	end "$PROVIDER"
	assert_done "$system" $((PICKUPS + 6))
	record 4 "{\"exp\":\"4\",\"system\":\"$system\",\"settings\":\"$(settings_of "$@")\",$("$NODE" "$HERE/report.mjs" pickup "$WORLD/stamps" "$WORLD/asked.jsonl"),\"dispatch_p50_ms\":$(sed 's/.*"p50_ms":\([0-9.]*\).*/\1/' "$WORLD/dispatch.json")}"
}
bench_4() {
	begin 4 "4. pick-up: $PICKUPS messages, one each 20 ms, to an idle worker"
	pickup signalbox concurrency=64
	pickup graphile concurrency=24 local=0 delay=-1
	pickup graphile concurrency=24 local=500
	pickup pgboss style=work notify=1 concurrency=1 batch=1
	pickup pgboss style=work notify=1 concurrency=4 batch=1
	[ -n "$QUICK" ] || pickup pgboss style=work notify=1 concurrency=16 batch=1
}

# statements MESSAGES: which statements the server's time goes to, those inside functions too, for each message. Slower than without: no figures
# of the tables.
statements() {
	psql -qX "$DB" -c "select round((1000 * total_exec_time / $1)::numeric, 1) as us_a_message, round((1000 * total_plan_time / $1)::numeric, 1) as plan_us, calls,
		round(wal_bytes / $1) as wal_bytes, round(shared_blks_hit::numeric / $1, 1) as blocks, toplevel as top, left(regexp_replace(query, '\s+', ' ', 'g'), 110) as query
		from pg_stat_statements where query !~ 'load_|bench|vacuum|checkpoint|overriding' and total_exec_time + total_plan_time > 20
		order by total_exec_time + total_plan_time desc limit 30"
	sql "select pg_stat_statements_reset()" >/dev/null
}
where() {
	sql "create extension if not exists pg_stat_statements"
	sql "alter system set pg_stat_statements.track = 'all'"
	sql "alter system set pg_stat_statements.track_planning = 'on'"
	sql "select pg_reload_conf(), pg_stat_statements_reset()" >/dev/null
	provider bench "rate=0 $(words $TOKENS)"
	one where signalbox "$MESSAGES" $TOKENS full concurrency=256
	statements "$MESSAGES"
	end "$PROVIDER"
	provider bench "rate=2 $(words $((SECONDS_EACH * 2)))"
	one where signalbox "$STREAMS" $((SECONDS_EACH * 2)) full "concurrency=$STREAMS"
	statements "$STREAMS"
	end "$PROVIDER"
}

case $verb in
deps) deps ;;
report) show ;;
[1-8] | all | plans | where)
	[ -x "$NODE" ] || deps
	[ -x "$STOPWATCH" ] && [ -x "$WORKER" ] && [ -x "$FAKE" ] || die "first: make bench-build"
	[ "$verb" != where ] || SETTINGS="$SETTINGS shared_preload_libraries=pg_stat_statements"
	world_up
	case $verb in
	all) for e in 1 2 3 4 5 6 7 8; do "bench_$e"; show "$e"; done; plans ;;
	plans | where) $verb ;;
	*) "bench_$verb"; show "$verb" ;;
	esac ;;
*) die "usage: run.sh deps | 1..8 | where | all [--quick] | plans | report" ;;
esac
