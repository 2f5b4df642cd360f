# Experiment 5: the same calls in four scenes. A: SMALL waiting. B: the MILLION. C: nine tenths of it behind one paused agent. D: the
# million, after a worker ran at full speed for HELD seconds beside an open REPEATABLE READ snapshot, which still is open.
# Also the plans of all hot statements. Sourced by run.sh.
ME=00000000-0000-4000-8000-000000000001

hello() { sql "select signalbox.worker_hello('$ME', 'bench', 'bench', 1000, null, '1 day')" >/dev/null; }
load_scene() { # A | B | C
	case $1 in
	A) load_ours "$SMALL" "$AGENTS" "$SMALL" 3 0 bench ;;
	B) load_ours "$MILLION" "$AGENTS" "$SESSIONS" 3 0 bench ;;
	C) load_ours "$MILLION" "$AGENTS" "$SESSIONS" 3 0.9 bench ;;
	esac
	hello
}

# laps CALLS FROM FILE...: their times are added to $WORLD/laps
laps() {
	local calls=$1 from=$2 f files=()
	shift 2
	for f in "$@"; do files+=("$HERE/sql/$f.sql"); done
	"$STOPWATCH" run --calls "$calls" --from "$from" --raw "$WORLD/laps" "$DB" "${files[@]}" >/dev/null
}
measure_scene() {
	local f round rounds=1 cycles=$CALLS
	rm -f "$WORLD/laps"
	for f in position queue_page queue_status agents_page tick; do laps "$CALLS" 1 "$f"; done
	laps "$CALLS" 1000 dispatch
	# What is claimed is settled; a small scene is filled again before it is used up.
	if [ "$1" = A ]; then
		cycles=$((SMALL / 100 / 2))
		[ "$cycles" -lt "$CALLS" ] || cycles=$CALLS
		rounds=$((CALLS / cycles))
	fi
	for ((round = 1; round <= rounds; round++)); do
		[ "$round" = 1 ] || load_scene A
		laps "$cycles" 1 claim settle
	done
	while read -r f; do record 5 "$f"; done < <("$NODE" "$HERE/report.mjs" laps "$1" "$WORLD/laps")
}

# scene_rate SCENE WHAT MESSAGES setting...: a worker until so many are completed; how long that took
scene_rate() {
	local scene=$1 what=$2 n=$3 t0 last base cpu pg0 ended
	shift 3
	base=$(sql "select coalesce(sum(completed), 0) from signalbox.stats_minute")
	pg0=$(pg_ticks)
	start_ours "$@"
	t0=$(ready)
	"$STOPWATCH" until "$DB" "select sum(completed) >= $base + $n from signalbox.stats_minute" t 100 900 >/dev/null
	cpu=$(ticks "${WORKERS[@]}")
	# Before it is stopped: what it then gives back is no failure.
	ended=$(sql "select count(*) from signalbox.attempts where outcome <> 'completed' and started_at >= to_timestamp($t0)")
	stop_workers now
	grep -q 'msg="ended"' "$WORLD/worker-1.log" || say "scene $scene: the worker could not give all back in time: $(tail -1 "$WORLD/worker-1.log")"
	[ "$ended" = 0 ] || die "scene $scene: $ended attempts did not end well"
	last=$(sql "select extract(epoch from max(ended_at)) from (select ended_at from signalbox.attempts
		where outcome = 'completed' and ended_at >= to_timestamp($t0) order by 1 limit $n) x")
	record 5 "{\"exp\":\"5\",\"scene\":\"$scene\",\"what\":\"$what\",\"settings\":\"$(settings_of "$@")\",\"messages\":$n,\"seconds\":$(calc "$last - $t0"),\"per_second\":$(calc "$n / ($last - $t0)" 0),\"cpu_worker_s\":$(seconds "$cpu"),\"cpu_postgres_s\":$(seconds $(($(pg_ticks) - pg0)))}"
}
# The rates of 1 and 3 in a scene. $FAST, $SLOW: pids of the providers, bench and bench-slow.
scene_rates() {
	# Streams first: in C there are just as many sessions that may start as streams.
	sql "update signalbox.agents set provider_id = (select id from signalbox.providers where slug = 'bench-slow') where slug like 'bench-%'"
	scene_rate "$1" streams $((2 * STREAMS)) "concurrency=$STREAMS"
	sql "update signalbox.agents set provider_id = (select id from signalbox.providers where slug = 'bench') where slug like 'bench-%'"
	scene_rate "$1" whole_path "$RATE_MESSAGES" concurrency=256
}

# The snapshot: a session that stands in its transaction until it is told to go.
hold_snapshot() {
	mkfifo "$WORLD/snapshot"
	launch "$WORLD/snapshot.log" bash -c 'exec psql -qX "$0" <"$1"' "$DB" "$WORLD/snapshot"
	HOLDER=$PID
	exec 9>"$WORLD/snapshot"
	echo "begin isolation level repeatable read; select count(*) from signalbox.agents; \\echo held" >&9
	until grep -q held "$WORLD/snapshot.log"; do sleep 0.05; done
}
let_snapshot_go() {
	exec 9>&-
	end "$HOLDER"
	rm -f "$WORLD/snapshot"
}
# A worker at full speed for HELD seconds; how many a second in the first tenth and in the last
full_speed() { # SCENE
	local t0 n
	local p=bench
	! have_null || p=nullp
	sql "update signalbox.agents set provider_id = (select id from signalbox.providers where slug = '$p') where slug like 'bench-%'"
	start_ours concurrency=512
	t0=$(ready)
	sleep "$HELD"
	stop_workers
	n=$(sql "select count(*) filter (where s < $HELD * 0.1) / ($HELD * 0.1), count(*) filter (where s >= $HELD * 0.9 and s < $HELD) / ($HELD * 0.1), count(*)
		from (select extract(epoch from ended_at) - $t0 as s from signalbox.attempts where outcome = 'completed') x")
	IFS='|' read -r first last total <<<"$n"
	record 5 "{\"exp\":\"5\",\"scene\":\"$1\",\"what\":\"full_speed_${HELD}s\",\"provider\":\"$p\",\"messages\":$total,\"first_tenth_per_second\":$(calc "$first" 0),\"last_tenth_per_second\":$(calc "$last" 0)}"
	sql "update signalbox.agents set provider_id = (select id from signalbox.providers where slug = 'bench') where slug like 'bench-%'"
	hello
}

bench_5() {
	begin 5 "5. $MILLION waiting, $AGENTS agents, $SESSIONS sessions, 3 priorities; small: $SMALL"
	provider bench-slow "rate=2 $(words $((SECONDS_EACH * 2)))"
	SLOW=$PROVIDER
	provider bench "rate=0 $(words $TOKENS)"
	FAST=$PROVIDER
	local s
	for s in A B C; do
		say "scene $s"
		load_scene $s
		measure_scene $s
		# In A there must be enough for the rate; all the rest is A.
		[ $s != A ] || load_ours $((RATE_MESSAGES + 4 * STREAMS + SMALL)) "$AGENTS" $((RATE_MESSAGES + 4 * STREAMS + SMALL)) 3 0 bench
		[ $s != C ] || load_scene C
		scene_rates $s
	done
	say "scene D: a snapshot is held for $HELD s, then measured while it is"
	load_scene B
	hold_snapshot
	full_speed D
	measure_scene D
	scene_rates D
	let_snapshot_go
	end "$SLOW"
	end "$FAST"
}

# ---- plans: what auto_explain says of every statement inside the functions, as notices of the session
plan_of() { # NAME FILE: of the second of two calls, when what is cached is cached; rolled back
	local name=$1 out=$ROOT/docs/plans/$1.txt i
	{
		echo "# $name: $(tr '\n' ' ' <"$2" | tr -s ' \t' ' ' | cut -c1-300)"
		echo "# $MILLION messages wait: $AGENTS agents, $SESSIONS sessions, 3 priorities. auto_explain with log_nested_statements, second of two calls."
		echo
	} >"$out"
	sed 's/:n\b/500/g; s/:v\b/:'\''v'\''/g' "$2" >"$WORLD/plan.sql"
	{
		echo "begin;"
		if [ "$name" = settle ]; then
			for i in 1 2; do
				cat "$HERE/sql/claim.sql" <(echo '\gset claimed_') <(echo '\set v :claimed_json_agg')
				[ $i = 2 ] || { cat "$WORLD/plan.sql"; echo ';'; }
			done
		else
			cat "$WORLD/plan.sql"
			echo ';'
		fi
		echo "load 'auto_explain';
			set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_buffers = on;
			set auto_explain.log_nested_statements = on; set auto_explain.log_level = notice; set client_min_messages = notice;"
		cat "$WORLD/plan.sql"
		echo '; rollback;'
	} >"$WORLD/plan-all.sql"
	psql -qXAt -v ON_ERROR_STOP=1 "$DB" -f "$WORLD/plan-all.sql" 2>&1 >/dev/null | sed 's/^psql:[^ ]* //; s/^NOTICE: *//' |
		"$NODE" "$HERE/report.mjs" plans >>"$out"
	grep -q 'Execution\|actual time' "$out" || die "no plan in $out"
	say "$out: $(grep -c '^Query Text' "$out" || true) statements"
}
plans() {
	mkdir -p "$ROOT/docs/plans"
	say "plans, with $MILLION waiting"
	provider bench "rate=0 $(words 1)"
	load_scene B
	local f
	for f in "$HERE"/sql/*.sql; do
		f=${f##*/}
		[ "$f" = pickup_signalbox.sql ] || plan_of "${f%.sql}" "$HERE/sql/$f"
	done
	end "$PROVIDER"
}
