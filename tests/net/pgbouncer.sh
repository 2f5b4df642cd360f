#!/bin/bash
# Why: many installations have only PgBouncer's port, in transaction mode, where LISTEN seems to succeed and brings nothing, server settings
# are refused, and a session is another one for each transaction. Workers, console and command line must do all they do without.
. "$(dirname "$0")/../lib/net.sh"
plan 41
SIZE=8
DIRECT=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
pooler_gone() { tests/lib/pooler.sh stop "$DIRECT"; }
UNDO=pooler_gone
POOLED=$(tests/lib/pooler.sh start "$DIRECT" $SIZE) || { not_ok pooler; exit; }
export SIGNALBOX_DATABASE_URL=$POOLED
psql -XAtqc 'select 1' "$POOLED options='-c statement_timeout=1s'" >/dev/null 2>&1 && not_ok "this pooler refuses options" || ok "this pooler refuses options"
"$BIN/signalbox" migrate >/dev/null && ok "migrate through the pooler" || not_ok "migrate through the pooler"
provider_up "$T/port" "$T/provider.log"
agent_up "$(cat "$T/port")"

net_worker "$T/w1.log" --concurrency 16 --drain 5s; W1=$!
net_worker "$T/w2.log" --concurrency 16 --drain 5s; W2=$!
ready "$T/w1.log"; ready "$T/w2.log"
for room in claim lease outbox; do
	within 5 "the $room room knows that it has no LISTEN" 1 grep -c "pooler in between.*room=$room" "$T/w1.log"
done
stopped_calls() { cat "$T"/w?.log | grep -c 'outcome=gone code=cancelled'; }
d() { psql -qXAt "$DIRECT" -c "$1"; }
most=0
say 200 word
for _ in $(seq 300); do
	n=$(d "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")
	[ "$n" -gt $most ] && most=$n
	[ "$(completed)" = 200 ] && break
	nap
done
is "200 messages are answered" 200 "$(completed)"
is "each by one call" 200 "$(grep -c 'word-' "$T/provider.log")"
invariants "through the pooler"
calls_are_attempts "through the pooler"
[ "$most" -le $SIZE ] && [ "$most" -gt 0 ] && ok "server connections are bounded ($most)" || not_ok "server connections: $most of $SIZE"
clients=$(psql -qXAt "$POOLED dbname=pgbouncer" -c 'show clients' | grep -c '|signalbox|')
[ "$clients" -le 34 ] && ok "connections of two workers are few ($clients)" || not_ok "connections of two workers: $clients"

# Picked up within the poll, seen by the watcher, cancelled at once: all by looking.
ID=$(send luna '[[rate=10 words=600]] long-1.')
"$BIN/signalbox" watch "$ID" >"$T/watch.out" 2>/dev/null &
PIDS="$PIDS $!"
within 6 "a watcher sees the text while it comes" 1 grep -c 'word5' "$T/watch.out"
is "and it still runs" processing "$(q "select processing_status from signalbox.ai_messages where uuid = '$ID'")"
"$BIN/signalbox" cancel "$ID" >/dev/null
within 3 "cancel ends the call" 1 stopped_calls
"$BIN/signalbox" --once --view queue --size 120x30 >"$T/once" && grep -q ' live ' "$T/once" && ok "the console reads through it" || not_ok "the console reads through it"

# A reader that waits for a lock gives up by itself: no server setting could tell it to.
console 120 30
see "live" ' live ' 5
{ echo 'begin; lock table signalbox.queue in access exclusive mode;'; nap 4; echo 'commit;'; } | psql -qX "$DIRECT" >/dev/null 2>&1 &
LOCKER=$!
see "STALE while a table is locked" 'x STALE' 6
wait $LOCKER
see "live again" 'no active alerts' 12

# The pooler is restarted: everybody comes back.
tests/lib/pooler.sh stop "$DIRECT" immediate
see "DOWN" 'x DOWN' 6
[ "$(tests/lib/pooler.sh start "$DIRECT" $SIZE)" = "$POOLED" ] || not_ok "the pooler starts again"
say 20 again
within 20 "workers go on by themselves" 220 completed
see "the console too" 'no active alerts' 16
is "and no lease was lost" 0 "$(cat "$T"/w?.log | grep -c 'lease lost: all')"
kill $W1 $W2
until_true 10 sh -c "! kill -0 $W1 2>/dev/null && ! kill -0 $W2 2>/dev/null" && ok "both end" || not_ok "both end"
is "with a good-bye" 0 "$(q "select count(*) from signalbox.workers where ended_at is null")"

# With a direct way for LISTEN nobody polls: the poll is a minute, and still all is quick.
export SIGNALBOX_LISTEN_URL=$DIRECT
net_worker "$T/w3.log" --poll 60s --drain 1s; W3=$!
ready "$T/w3.log"
within 5 "it sleeps" t q "select is_idle from signalbox.workers where ended_at is null"
ID=$(send luna '[[rate=10 words=600]] direct-1.')
within 5 "a notification wakes it" processing q "select processing_status from signalbox.ai_messages where uuid = '$ID'"
"$BIN/signalbox" cancel "$ID" >/dev/null
within 3 "a notification stops the call" 2 stopped_calls
is "LISTEN is proved" 0 "$(grep -c polling "$T/w3.log")"
n=$(d "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")
[ "$n" -le $((SIZE + 5)) ] && ok "five direct connections, no more" || not_ok "direct connections: $n with the pool of $SIZE"
# Its LISTEN connection dies silently for the server's reasons: noticed, made again, proved again.
d "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'signalbox-worker claim'" >/dev/null
within 5 "a killed connection is made again" t d "select count(*) > 0 from pg_stat_activity where application_name = 'signalbox-worker claim'"
within 5 "it sleeps again" t q "select is_idle from signalbox.workers where ended_at is null"
ID=$(send luna 'direct-2.')
within 5 "and listens" completed q "select processing_status from signalbox.ai_messages where uuid = '$ID'"
kill $W3
until_true 10 sh -c "! kill -0 $W3 2>/dev/null"

# listen_url leads nowhere: said once, and polled through the pooler.
export SIGNALBOX_LISTEN_URL="host=$T port=1 user=signalbox dbname=signalbox"
net_worker "$T/w4.log" --drain 1s
ready "$T/w4.log"
ID=$(send luna 'nowhere-1.')
within 6 "without the direct way it works too" completed q "select processing_status from signalbox.ai_messages where uuid = '$ID'"
is "and says so once" 1 "$(grep -c 'polling.*room=claim' "$T/w4.log")"

# Over HTTP, where nobody is told of an end: who waits and who follows have it all the same.
net_worker "$T/w5.log" --drain 1s --listen 127.0.0.1:0
ready "$T/w5.log"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w5.log" | head -1)
http() { curl -sN -m 30 -H 'Content-Type: application/json' "$@"; }
http -d '{"content":"http-1. [[words=10 rate=10]]"}' "http://$AT/api/agents/luna/messages?wait=20" >"$T/waited"
is "who waits over HTTP has the answer" completed "$(sed -n 's/.*"status": "\([a-z]*\)".*/\1/p' "$T/waited")"
ID=$(http -d '{"content":"http-2. [[words=30 rate=10]]"}' "http://$AT/api/agents/luna/messages" | sed -n 's/.*"message_id": "\([^"]*\)".*/\1/p')
http "http://$AT/api/messages/$ID/stream" >"$T/stream"
is "a stream comes in pieces" yes "$([ "$(grep -c '^event: delta' "$T/stream")" -gt 2 ] && echo yes)"
is "and whole" done "$(sed -n 's/^event: //p' "$T/stream" | tail -1)"
