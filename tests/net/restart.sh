#!/bin/bash
# Why: a database is restarted in the middle of the day, and so are workers. With two hundred streams running: what was answered meanwhile
# is written when the server is back, nothing is lost or written twice, a drain keeps to its time, with the database or without.
. "$(dirname "$0")/../lib/net.sh"
plan 18 ${LONG:+21}
db() { PG_TEST_FAST=1 tests/lib/pg.sh "$@" "$T/db" ${MODE:-}; }
SIGNALBOX_DATABASE_URL=$(db start) || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null || not_ok migrate
provider_up "$T/port" "$T/provider.log"
agent_up "$(cat "$T/port")"
LEASE=5
workers() {    # workers DRAIN
	for i in 1 2; do
		net_worker "$T/w$i.log" --lease ${LEASE}s --concurrency 100 --drain $1
		eval W$i=$!
	done
	within 10 "two workers" 2 q "select count(*) from signalbox.workers where ended_at is null and lease_until > now()"
}
running_is() { [ "$(running)" = "$1" ]; }
is_flushed() { [ "$(q 'select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()')" = t ]; }
are_gone() { ! kill -0 $W1 2>/dev/null && ! kill -0 $W2 2>/dev/null; }

workers 60s
want=0
for away in 0 $([ -n "$LONG" ] && echo $((2 * LEASE))); do
	want=$((want + 200))
	say 200 '[[rate=10 words=40]] load'
	until_true 10 running_is 200 || not_ok "200 streams run"
	until_true 5 is_flushed    # a claim's commit is not waited for: what a crash takes with it is called again
	MODE=immediate db stop
	[ $away = 0 ] || until_true $away false
	db start >/dev/null || not_ok "the server starts again"
	within 30 "200 running streams, the server away for $away s more: all answered" $want completed
	invariants "after a crash of the server"
	calls_are_attempts "after a crash of the server"
	is "no provider was called twice" $want "$(grep -c 'load-' "$T/provider.log")"
done
start=$SECONDS
want=$((want + 200))
say 200 after
within 20 "200 messages are answered afterwards" $want completed

stop_workers() {    # stop_workers SECONDS NAME EXIT
	kill $W1 $W2
	until_true $1 are_gone && ok "$2: both workers end" || not_ok "$2: both workers end within $1 s"
	wait $W1; local one=$?
	wait $W2; is "$2: with exit code" "$3 $3" "$one $?"
}
stop_workers 10 "nothing runs" 0

# Drain: what ends in time is kept, the rest goes back and burns no try.
workers 3s
say 50 '[[rate=10 words=5]] short'
say 150 '[[rate=10 words=600]] drain'
until_true 10 running_is 200 || not_ok "200 streams run"
start=$SECONDS
stop_workers 12 "drain of 3 s" 0
echo "   after $((SECONDS - start)) s"
is "what ended in time is kept" $((want + 50)) "$(completed)"
is "the rest is queued and burnt no try" "150 0 0" "$(q "select count(*) || ' ' || sum(errors) || ' ' || sum(attempts) from signalbox.queue where state in ('ready', 'blocked')")"
is "no attempt is open" 0 "$(q "select count(*) from signalbox.attempts where ended_at is null")"
if [ -n "$LONG" ]; then
	workers 2s
	until_true 10 running_is 150
	MODE=immediate db stop
	stop_workers 40 "drain without a database" 1
	db start >/dev/null
	workers 2s
	within $((4 * LEASE)) "the next workers take over" 150 q "select count(*) from signalbox.queue q join signalbox.workers w on w.id = q.worker_id where state = 'running' and w.ended_at is null"
	q "select count(signalbox.cancel(uuid, 'test')) from signalbox.ai_messages where processing_status = 'processing'" >/dev/null
	within 10 "cancelled, all end" 0 running
	stop_workers 10 "after all this" 0
	invariants "after all this"
fi
