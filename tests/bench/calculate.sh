# Experiment 8: calculations that are asked for in words. Random operands, no cache: from dispatch to the answer by the database's clock, one at a time, and as
# many at once as there are slots (2) and 32; beside what the interpreter alone takes, `/usr/bin/python3 -c`. Sourced by run.sh.

# calculations PARALLEL N: sent in groups of PARALLEL, each when the one before is done
calculations() {
	local parallel=$1 n=$2 i t0 t1 got
	sql "truncate signalbox.runs; delete from signalbox.ai_costs" >/dev/null
	t0=$(now)
	for ((i = 0; i < n; i += parallel)); do
		sql "select count(*) from generate_series(1, $parallel) i cross join lateral signalbox.dispatch('bench-0001', 'Calcule ' || i + (random() * 1e9)::int || ' + ' || (random() * 1e9)::int)" >/dev/null
		"$STOPWATCH" until "$DB" "select not exists (select from signalbox.queue)" t 1 60 >/dev/null
	done
	t1=$(now)
	got=$(sql "select count(*) from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id join signalbox.ai_messages u on u.id = m.reply_to
		where case when u.content like 'Calcule %' then m.content like '%' || E'\n' || (split_part(u.content, ' ', 2)::bigint + split_part(u.content, ' ', 4)::bigint) || E'\n%' end")
	[ "$got" = "$n" ] || die "calculations: $got of $n are right"
	record 8 "{\"exp\":\"8\",\"what\":\"a calculation\",\"parallel\":$parallel,\"calls\":$n,\"per_second\":$(calc "$n / ($t1 - $t0)" 1),$(sql "
		select format('\"p50_ms\":%s,\"p95_ms\":%s,\"run_p50_ms\":%s,\"run_p95_ms\":%s', round(x.p[1]::numeric, 1), round(x.p[2]::numeric, 1), round(x.r[1]::numeric, 1), round(x.r[2]::numeric, 1))
		from (select percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from m.processing_completed_at - m.queued_at) * 1000) as p,
			percentile_cont(array[0.5, 0.95]) within group (order by r.duration_ms) as r
		from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id) x")}"
}
interpreter() { # N
	local i t0
	for ((i = 0; i < $1; i++)); do
		t0=$(date +%s%N)
		/usr/bin/python3 -c "print($RANDOM + $RANDOM)" >/dev/null
		echo "python $(calc "($(date +%s%N) - $t0) / 1000000" 3)"
	done >"$WORLD/python"
	sort -k2 -n "$WORLD/python" | awk -v n="$1" '{ v[NR] = $2 } END { printf "{\"exp\":\"8\",\"what\":\"/usr/bin/python3 -c alone\",\"parallel\":1,\"calls\":%d,\"p50_ms\":%s,\"p95_ms\":%s}", n, v[int(n / 2)], v[int(n * 0.95)] }'
}
bench_8() {
	local n=200
	[ -z "$QUICK" ] || n=32
	begin 8 "8. calculations"
	provider bench "rate=0 $(words $TOKENS)"
	load_ours 1 1 1 1 0 bench
	"$S" agent bench-0001 set calculations=on >/dev/null
	idle_worker concurrency=64 calculation_cache=0
	calculations 1 $n
	calculations 2 $n
	calculations 32 $((n / 32 * 32))
	stop_workers
	[ "$(requests)" -le 1 ] || die "the provider was called"
	record 8 "$(interpreter $n)"
	end "$PROVIDER"
}
