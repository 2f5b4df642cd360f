#!/bin/bash
# Why: a hot standby is there to be read, by consoles too, and to take over. On it nothing can be written, no LISTEN, no advisory lock.
# When the primary dies and the standby is promoted, workers that know both hosts must find it by themselves and lose nothing.
. "$(dirname "$0")/../lib/net.sh"
plan 52
PGBIN=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
PRIMARY=$(tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
A=$(expr "$PRIMARY" : 'host=\([^ ]*\)')
B=$A/b    # the standby's data and socket
standby_gone() { tests/lib/pooler.sh stop "$STANDBY" 2>/dev/null;  as "$PGBIN/pg_ctl" -D "$B/data" -m immediate -w stop >/dev/null 2>&1; as rm -rf "$B"; }
UNDO=standby_gone
as mkdir -m 700 "$B"
as "$PGBIN/pg_basebackup" -h "$A" -U signalbox -D "$B/data" -R -X stream -c fast || not_ok "base backup"
as "$PGBIN/pg_ctl" -D "$B/data" -l "$B/log" -w -o "-h '' -k $B -p 5432" start >/dev/null || not_ok "the standby starts"
STANDBY="host=$B user=signalbox dbname=signalbox port=5432"
BOTH="host=$A,$B port=5432 user=signalbox dbname=signalbox"
as "$PGBIN/psql" -qXh "$A" -U signalbox -d postgres -c "alter system set synchronous_standby_names = '*'" -c 'select pg_reload_conf()' >/dev/null
export SIGNALBOX_DATABASE_URL=$PRIMARY
"$BIN/signalbox" migrate >/dev/null || not_ok migrate
provider_up "$T/port" "$T/provider.log"
agent_up "$(cat "$T/port")"
sb() { SIGNALBOX_DATABASE_URL=$STANDBY "$BIN/signalbox" "$@"; }

for i in 1 2; do
	SIGNALBOX_DATABASE_URL=$BOTH net_worker "$T/w$i.log" --lease 5s --concurrency 20 --drain 5s
	eval W$i=$!
	ready "$T/w$i.log"
done
say 30 first
within 15 "workers that know both hosts answer" 30 completed
q "select signalbox.pause_agent('luna', 'test')" >/dev/null
say 3 waiting
FAILING=$("$BIN/signalbox" agent broken set provider=p model=practice >/dev/null; send broken '[[status=401]] broken-1.')
within 10 "one fails" failed q "select processing_status from signalbox.ai_messages where uuid = '$FAILING'"
caught_up() { [ "$(psql -qXAt "$STANDBY" -c "select pg_last_wal_replay_lsn() >= '$(q 'select pg_current_wal_flush_lsn()')'")" = t ]; }
until_true 10 caught_up || not_ok "the standby keeps up"

# --- reading on the standby
for words in "status" "status --json" "queue" "queue --json" "failed" "failed --json" "agents" "agents --json" "agent luna" "providers" "show $FAILING" "show $FAILING --json" "show $FAILING --context"; do
	out=$(sb $words 2>&1)
	code=$?
	[ $code = 0 ] && [ -n "$out" ] && ok "standby: $words" || not_ok "standby: $words: $code $out"
done
sb status --check >/dev/null 2>&1
is "standby: status --check" 0 $?
is "the same queue" "$("$BIN/signalbox" queue | sed 's/  *[0-9.]*s / /g')" "$(sb queue | sed 's/  *[0-9.]*s / /g')"
sb doctor >"$T/doctor" 2>&1
grep -q 'FAIL' "$T/doctor" && not_ok "standby: doctor: $(cat "$T/doctor")" || ok "standby: doctor"
for view in queue failed agents test; do
	sb --once --view $view --size 120x30 >"$T/once" 2>&1
	[ $? = 0 ] && grep -q ' live ' "$T/once" && grep -q 'standby:' "$T/once" && ok "standby: --once $view" || not_ok "standby: --once $view: $(grep . "$T/once")"
done
DONE=$(q "select uuid from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant' limit 1")
sb watch "$DONE" 2>/dev/null | grep -q 'first-' && ok "standby: watch an ended message" || not_ok "standby: watch an ended message"
q "select signalbox.resume_agent('luna', 'test')" >/dev/null
ID=$(send luna '[[rate=10 words=20]] stream-1.')
until_true 5 sh -c "SIGNALBOX_DATABASE_URL='$STANDBY' '$BIN/signalbox' show $ID >/dev/null 2>&1"
sb watch "$ID" >"$T/watch.out" 2>"$T/watch.err"
is "standby: watch to the end" 0 $?
grep -q 'word20' "$T/watch.out" && ok "standby: the answer came" || not_ok "standby: watch: $(cat "$T/watch.out" "$T/watch.err")"
for words in "send luna hello" "cancel $ID" "retry $FAILING" "pause luna" "resume luna" "agent luna set model=m"; do
	out=$(sb $words 2>&1)
	is "standby refuses: $words" "5 standby" "$? $(echo "$out" | grep -o standby | head -1)"
done
SIGNALBOX_DATABASE_URL="host=$B,$A port=5432 user=signalbox dbname=signalbox" "$BIN/signalbox" pause broken >/dev/null 2>&1
is "an action finds the primary behind the standby" t "$(q "select paused_at is not null from signalbox.lanes l join signalbox.agents a on a.id = l.agent_id where slug = 'broken'")"
SIGNALBOX_DATABASE_URL=$STANDBY timeout 20 "$BIN/signalbox-worker" 2>"$T/w0.log"
is "a worker on a standby ends, saying why" "3 standby" "$? $(grep -o standby "$T/w0.log" | head -1)"

POOLED=$(tests/lib/pooler.sh start "$STANDBY") || not_ok "a pooler before the standby"
SIGNALBOX_DATABASE_URL=$POOLED "$BIN/signalbox" status >/dev/null && ok "reading through a pooler before the standby" || not_ok "reading through a pooler"
SIGNALBOX_DATABASE_URL=$POOLED "$BIN/signalbox" pause luna >/dev/null 2>&1
is "writing there is refused" 5 $?

N=$((N + 1)) SOCK=sb$$.$N
tm new-session -d -s c -x 120 -y 30 "SIGNALBOX_DATABASE_URL='$STANDBY' $BIN/signalbox --operator tester; read x"
see "the console says standby" 'standby:tester.* live ' 8
keys 2
see "it reads" 'broken-1' 5
keys x
keys y
see "an action says why not" 'standby' 5

# --- the primary dies, the standby takes over
say 100 '[[rate=20 words=20]] over'
until_true 10 sh -c "[ \$(psql -qXAt '$PRIMARY' -c \"select count(*) from signalbox.ai_messages where processing_status = 'completed'\") -ge 120 ]"
before=$(completed)
kill -9 "$(as head -1 "$A/data/postmaster.pid")"
as "$PGBIN/pg_ctl" -D "$B/data" -w promote >/dev/null && ok "promoted with $before answered" || not_ok "promoted"
SIGNALBOX_DATABASE_URL=$STANDBY
within 40 "all messages end on the new primary" "$(q "select count(*) from signalbox.ai_messages where role = 'assistant' and uuid <> '$FAILING'")" completed
q "delete from signalbox.queue where message_id = (select id from signalbox.ai_messages where uuid = '$FAILING')" >/dev/null
q "set session_replication_role = replica; update signalbox.ai_messages set processing_status = 'cancelled' where uuid = '$FAILING'" >/dev/null
invariants "after the promotion"
calls_are_attempts "after the promotion"
see "the console is no standby's any more" 'rw:tester.* live ' 15
SIGNALBOX_DATABASE_URL=$POOLED "$BIN/signalbox" resume broken >/dev/null && ok "the pooler's connections write now" || not_ok "the pooler's connections write now"
SIGNALBOX_DATABASE_URL=$POOLED timeout 30 "$BIN/signalbox-worker" --max-time 1s 2>"$T/w3.log"
is "and a worker can start on them" 0 $?
is "workers went on by themselves" 2 "$(grep -l 'claiming again\|lease renewed again\|database back' "$T"/w[12].log | wc -l)"
say 20 later
within 15 "new messages too" 151 sh -c "psql -qXAt '$STANDBY' -c \"select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed' and content !~ 'waiting-'\""
kill $W1 $W2
until_true 15 sh -c "! kill -0 $W1 2>/dev/null && ! kill -0 $W2 2>/dev/null" && ok "both end" || not_ok "both end"
