#!/bin/bash
# Why: applications dispatch, wait and follow over HTTP. An answer must reach the one who waits at once, whichever worker ran the message; a stream must be the
# stored answer byte for byte, after any number of reconnects; nonsense must get an error that says what to mend. Tokens and limits: tokens.sh.
. "$(dirname "$0")/../lib/api.sh"
plan 101
stack_up
net_worker "$T/w1.log" --listen 127.0.0.1:0 --lease 5s --rpc-agent luna; W1=$!
ready "$T/w1.log"
AT=$(at "$T/w1.log")
sockets() { find "/proc/$W1/fd" -lname 'socket:*' 2>/dev/null | wc -l; }
QUIET=$(sockets)

# ---- without a token, from this machine, until there is one
post "" '{"content":"hello-1.","user_id":"u","collection_name":"c","thread_key":"t"}'
is "a message is accepted" "202 luna" "$CODE $(field agent)"
M=$(field message_id)
is "the document is that of SQL" "$(q "select string_agg(k, ' ' order by k) from jsonb_object_keys(signalbox.message_status('$M')) k")" \
	"$(q "select string_agg(k, ' ' order by k) from jsonb_object_keys(\$b\$$BODY\$b\$::jsonb) k")"
within 10 "it is answered" completed status "$M"
call GET "/api/messages/$M/status"
is "the answer" "$(q "select content from signalbox.ai_messages where uuid = '$M'")" "$(q "select \$b\$$BODY\$b\$::jsonb ->> 'content'")"
is "a session of the thread" "1" "$(q "select count(*) from signalbox.ai_sessions where application = 'token:0' and user_id = 'u' and thread_key = 't'")"
post "?wait=10" '{"content":"hello-2."}'
is "one who waits has the answer" "200 completed" "$CODE $(field status)"
BEGAN=$(date +%s%N)
post "?wait=0.5" '{"content":"slow-1. [[words=40 rate=10]]"}'
is "whose time is over has the status" "202 processing" "$CODE $(field status)"
is "after that time" yes "$([ $((($(date +%s%N) - BEGAN) / 1000000)) -ge 450 ] && echo yes)"
SLOW=$(field message_id)

# ---- many at once go in one commit, and each has its own
burst() { for i in $(seq 40); do curl -s -m 30 -o "$T/burst.$i" -w '%{http_code}\n' -H 'Content-Type: application/json' -d "{\"content\":\"$([ $i = 7 ] && [ "$2" = bad ] && echo ' ' || echo "burst-$i.")\"}" "http://$AT/api/agents/luna/messages$1" & BURST="${BURST:-} $!"; done; wait $BURST; BURST=; }
burst "?wait=20" good >"$T/burst.codes"
is "forty at once" "40" "$(grep -c 200 "$T/burst.codes")"
is "each has the answer to its own question" 40 "$(for i in $(seq 40); do grep -o "You said: burst-$i[.]\"" "$T/burst.$i"; done | wc -l)"
is "each in a session of its own, question before answer" "40 t" "$(q "select count(distinct u.session_id) || ' ' || left(bool_and(m.id > u.id and m.session_id = u.session_id and s.message_count = 2)::text, 1)
	from signalbox.ai_messages u join signalbox.ai_messages m on m.reply_to = u.id join signalbox.ai_sessions s on s.id = u.session_id where u.content like 'burst-%'")"
is "fewer commits than messages" t "$(q "select count(distinct u.xmin::text) < 40 from signalbox.ai_messages u where u.content like 'burst-%'")"
burst "" bad >"$T/burst.codes"
is "one that is refused refuses no other" "39 1" "$(grep -c 202 "$T/burst.codes") $(grep -c 400 "$T/burst.codes")"
within 15 "they are answered" 79 q "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like 'burst-%' and m.processing_status = 'completed'"

# ---- what is refused, and what is said about it
post "" '{"content":'; got "no JSON" 400 bad_json
post "" '[1]'; got "no object" 400 bad_input
post "" '{}'; got "no content" 400 bad_input
is "names it" "content: is missing: a string is needed" "$(field message)"
post "" '{"content":"x","user":"u"}'; got "an unknown field" 400 bad_input
is "names it too" "user: is not known here" "$(field message)"
post "" '{"content":5}'; got "a wrong type" 400 bad_input
post "" '{"content":"  "}'; got "nothing but blanks" 400 bad_input
post "" '{"content":"x","priority":1.5}'; got "half a priority" 400 bad_input
post "" '{"content":"x","priority":9999999999}'; got "a huge priority" 400 bad_input
post "" '{"content":"x","session_id":"y"}'; got "a session that is none" 400 bad_input
post "" '{"content":"x","session_id":"00000000-0000-0000-0000-000000000000"}'; got "an unknown session" 404 not_found
post "?wait=x" '{"content":"x"}'; got "a wait that is none" 400 bad_input
post "?wait=-1" '{"content":"x"}'; got "a negative wait" 400 bad_input
post "?wait=1e9" '{"content":"x"}'; got "a long wait" 400 bad_input
post "" $'{"content":"\xff"}'; got "no UTF-8" 400 bad_json
post "" "{\"content\":$(head -c 2000 /dev/zero | tr '\0' '[')$(head -c 2000 /dev/zero | tr '\0' ']')}"; got "a deep one" 400 bad_json
AGENT=nobody post "" '{"content":"x"}'; got "an unknown agent" 404 not_found
call POST /api/agents/luna/messages '' -H 'Content-Type: text/plain' -d '{"content":"x"}'
got "what a form can send" 415 bad_content_type
call GET /api/messages/00000000-0000-0000-0000-000000000000/status; got "an unknown message" 404 not_found
call GET /api/messages/1/status; got "a message that is none" 404 not_found
call GET /api/agents/luna/messages; got "a wrong method" 405 method_not_allowed
is "says which" "POST" "$(header Allow)"
head -c 1100000 /dev/zero | tr '\0' a | sed 's/^/{"content":"/; s/$/"}/' >"$T/long"
call POST /api/agents/luna/messages "@$T/long"; got "over a megabyte" 400 bad_input
head -c 4300000 /dev/zero | tr '\0' ' ' >"$T/big"
call POST /api/agents/luna/messages "@$T/big"; got "over four megabytes" 413 body_too_big
call POST /api/agents/luna/messages '{"content":"x"}' -H 'Origin: https://shop.example'; got "a page, without a token" 403 bad_origin
call GET "/api/messages/$M/status" '' -H 'Authorization: Basic eA=='; got "another kind of sign-in" 401 unauthorized
is "says which kind is wanted" "Bearer" "$(header WWW-Authenticate)"
is "nothing of it was accepted" "0" "$(q "select count(*) from signalbox.ai_messages where content in ('x', '5')")"

# ---- the same key
post "" '{"content":"once-1."}' -H 'Idempotency-Key: k1'; ONE=$(field message_id)
is "a key" 202 "$CODE"
post "?wait=10" '{"content":"once-1."}' -H 'Idempotency-Key: k1'
is "again: the same message" "200 $ONE" "$CODE $(field message_id)"
post "" '{"content":"once-2."}' -H 'Idempotency-Key: k1'; got "with another content" 422 conflict
PGOPTIONS= psql -qXAt "$SIGNALBOX_DATABASE_URL" >/dev/null <<'SQL' &
begin;
insert into signalbox.idempotency_keys (application, agent_id, user_id, key, content_hash, message_id, expires_at)
	select 'token:0', id, '', 'k2', sha256('x'), gen_random_uuid(), now() from signalbox.agents where slug = 'luna';
select pg_sleep(3);
SQL
HOLDER=$!
until_true 5 sleeps
post "" '{"content":"once-3."}' -H 'Idempotency-Key: k2'; got "while the first is under way" 409 under_way
wait "$HOLDER"
post "" '{"content":"once-3."}' -H 'Idempotency-Key: k2'
is "and afterwards" 202 "$CODE"

# ---- cancel, retry
"$SB" pause luna >/dev/null
post "" '{"content":"held-1."}'; H=$(field message_id)
is "one that waits, and why" "202 queued paused" "$CODE $(field status) $(field waits_for)"
is "its position" 1 "$(field queue_position)"
# Clients that leave while they wait give their connection back.
until_true 10 eval '[ "$(sockets)" -le $((QUIET + 6)) ]'    # what came before has left
SOCKETS=$(sockets)
for i in $(seq 20); do curl -s -m 0.7 -o /dev/null -H 'Content-Type: application/json' -d '{"content":"left-1."}' "http://$AT/api/agents/luna/messages?wait=60" & LEFT="${LEFT:-} $!"; done
until_true 10 eval '[ "$(sockets)" -ge $((SOCKETS + 15)) ]' && ok "twenty wait" || not_ok "twenty wait: $(sockets) sockets, $SOCKETS before"
wait $LEFT
within 10 "and when they have left nothing of them is there" yes eval '[ "$(sockets)" -le $((SOCKETS + 6)) ] && echo yes'
q "select signalbox.cancel(m.uuid, 'test') from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content = 'left-1.'" >/dev/null
call POST "/api/messages/$H/retry"; got "a waiting one cannot be retried" 409 refused
call POST "/api/messages/$H/cancel"
is "cancelled" "200 cancelled" "$CODE $(field status)"
call POST "/api/messages/$H/cancel"; got "but once" 409 refused
call POST "/api/messages/$H/retry"
is "brought back" "200 queued" "$CODE $(field status)"
is "by whom" "HTTP" "$(q "select actor from signalbox.operator_log order by id desc limit 1")"

# ---- streams. join FILE: the text of the deltas, as a client puts it together: at offset 0 it begins anew. A gap between two deltas shows as "GAP".
join() {
	q "with d as (select x ->> 'text' as t, (x ->> 'attempt')::int as a, (x ->> 'offset')::int as o, n
			from jsonb_array_elements(\$j\$[$(sed -n 's/^data: \({"attempt":.*\)/\1/p' "$1" | paste -sd,)]\$j\$) with ordinality e(x, n)),
		p as (select *, lag(a) over w as before, lag(o + octet_length(t)) over w as expected from d window w as (order by n))
		select string_agg(case when o = expected and a = before or o = 0 then '' else 'GAP' end || t, '' order by n)
		from p where n >= coalesce((select max(n) from d where o = 0), 0)"
}
stored() { q "select content from signalbox.ai_messages where uuid = '$1'"; }
curl -sN -m 30 -D "$T/headers" "http://$AT/api/messages/$H/stream" >"$T/s1" & S1=$!
within 5 "its position comes as an event" 1 grep -c '^event: status' "$T/s1"
is "what kind of stream" "text/event-stream; charset=utf-8 no" "$(header Content-Type) $(header X-Accel-Buffering)"
"$SB" resume luna >/dev/null
wait "$S1"
is "a stream ends with the message" "done" "$(sed -n 's/^event: //p' "$T/s1" | tail -1)"
is "it is the answer" "$(stored "$H")" "$(join "$T/s1")"
curl -sN -m 30 "http://$AT/api/messages/$SLOW/stream" >"$T/s2"
is "one that ended before" "$(stored "$SLOW")" "$(join "$T/s2")"
post "" '{"content":"slow-2. [[words=30 rate=15]]"}'; SLOW=$(field message_id)
curl -sN -m 30 "http://$AT/api/messages/$SLOW/stream" >"$T/s2"
is "one that runs" "$(stored "$SLOW")" "$(join "$T/s2")"
is "came in pieces" yes "$([ "$(grep -c '^event: delta' "$T/s2")" -gt 3 ] && echo yes)"
LAST=$(sed -n 's/^id: //p' "$T/s2" | sed -n 3p)
curl -sN -m 30 -H "Last-Event-ID: $LAST" "http://$AT/api/messages/$SLOW/stream" >"$T/s3"
is "the rest of it, for one who has the begin" "$(stored "$SLOW" | tail -c +$((${LAST#*:} + 1)))" "$(join "$T/s3" | sed 's/^GAP//')"
is "from there" "${LAST#*:}" "$(sed -n 's/.*"offset":\([0-9]*\).*/\1/p' "$T/s3" | head -1)"
for id in 9:5 1:99999999 x -1:2 1: ; do
	curl -sN -m 30 -H "Last-Event-ID: $id" "http://$AT/api/messages/$SLOW/stream" >"$T/s4"
	is "an event that is not ours: '$id'" "$(stored "$SLOW")" "$(join "$T/s4")"
done
post "" '{"content":"wide-1. [[say=äöü€😀_äöü€😀_äöü€😀]]"}'; WIDE=$(field message_id)
within 10 "an answer that is not ASCII" completed status "$WIDE"
curl -sN -m 30 -H "Last-Event-ID: 1:1" "http://$AT/api/messages/$WIDE/stream" >"$T/s5"
is "an event in the middle of a character" "$(stored "$WIDE")" "$(join "$T/s5")"
post "?wait=20" '{"content":"large-1. [[rate=0 words=70000]]"}'; LARGE=$(field message_id)
is "a large answer reaches who waits" t "$(cat "$T/body" >"$T/large.json"; q "select octet_length(content) > 300000 from signalbox.ai_messages where uuid = '$LARGE'")"
curl -sN -m 30 "http://$AT/api/messages/$LARGE/stream" >"$T/s9"
curl -sN -m 30 --limit-rate 200k "http://$AT/api/messages/$LARGE/stream" >"$T/s10"
for i in 9 10; do
	sed -n 's/^data: {"attempt":1,"offset":[0-9]*,"text":"\(.*\)"}$/\1/p' "$T/s$i" | tr -d '\n' >"$T/s$i.text"
	is "and who follows, whole: $(wc -c <"$T/s$i.text") bytes ($i)" "$(q "select md5(content) from signalbox.ai_messages where uuid = '$LARGE'")" "$(md5sum <"$T/s$i.text" | cut -d' ' -f1)"
	is "with its end ($i)" done "$(sed -n 's/^event: //p' "$T/s$i" | tail -1)"
done
is "two who wait for one message do not hinder each other" "" "$(q "select signalbox.http_await(array[id, id], true) from signalbox.ai_messages where uuid = '$LARGE'" 2>&1)"
post "" '{"content":"bad-1. [[status=500]]"}'; BAD=$(field message_id)
curl -sN -m 60 "http://$AT/api/messages/$BAD/stream" >"$T/s6" & S6=$!

# ---- another worker: waited for here, run there
net_worker "$T/w2.log" --listen 127.0.0.1:0 --lease 5s --agents aria; W2=$!
ready "$T/w2.log"
A1=$AT
AGENT=aria post "?wait=10" '{"content":"there-1."}'
is "an answer of another worker" "200 completed" "$CODE $(field status)"
AT=$(at "$T/w2.log")
post "?wait=10" '{"content":"here-1."}'
is "and the other way" "200 completed" "$CODE $(field status)"
post "?wait=10" '{"content":"here-2. [[words=5 rate=10]]"}'
is "at once, not with the next look" t "$(q "select clock_timestamp() - processing_completed_at < interval '3 s' from signalbox.ai_messages where uuid = '$(field message_id)'")"
post "" '{"content":"long-1. [[words=60 rate=12]]"}'; LONGER=$(field message_id)
curl -sN -m 60 "http://$AT/api/messages/$LONGER/stream" >"$T/s7" & S7=$!
curl -sN -m 60 "http://$A1/api/messages/$LONGER/stream" >"$T/s8" & S8=$!
until_true 10 grep -q '^event: delta' "$T/s7"
until_true 10 grep -q '^event: delta' "$T/s8"
AT=$A1
kill -9 "$W1"
wait "$S8" 2>/dev/null
is "cut off in the middle" "0" "$(grep -c '^event: done' "$T/s8")"
net_worker "$T/w3.log" --listen 127.0.0.1:0 --lease 5s --rpc-agent luna; W3=$!
ready "$T/w3.log"
AT=$(at "$T/w3.log")
curl -sN -m 60 -H "Last-Event-ID: $(sed -n 's/^id: //p' "$T/s8" | tail -1)" "http://$AT/api/messages/$LONGER/stream" >>"$T/s8"
wait "$S7"
is "who read on through the loss of its worker" "$(stored "$LONGER")" "$(join "$T/s7")"
is "in two attempts" 2 "$(sed -n 's/.*"attempt":\([0-9]*\).*/\1/p' "$T/s7" | sort -u | wc -l)"
is "and who went on with another" "$(stored "$LONGER")" "$(join "$T/s8")"
wait "$S6"
curl -sN -m 60 "http://$AT/api/messages/$BAD/stream" >"$T/s6"
is "one that fails ends with its error" "error" "$(sed -n 's/^event: //p' "$T/s6" | tail -1)"

# ---- RPC
rpc() { call POST /rpc "$1"; }
rpc '{"method":"LLM.send_message","kwargs":{"user_id":"u","collection_name":"c","thread_key":"r","message":"rpc-1."}}'
is "RPC" "202 true queued" "$CODE $(field ok) $(field status)"
is "with its three variables" "u c r" "$(q "select user_id || ' ' || collection_name || ' ' || thread_key from signalbox.ai_sessions order by id desc limit 1")"
rpc '{"method":"LLM.fly","kwargs":{}}'; got "an unknown method" 404 unknown_method
is "in RPC's form" "false" "$(field ok)"
rpc '{"method":"LLM.send_message","kwargs":{"user_id":"u"}}'; got "a missing argument" 400 bad_input
rpc '{'; got "RPC without JSON" 400 bad_json
is "in RPC's form too" "false" "$(field ok)"

# ---- without a database
awaited() { [ "$(q "select count(*) from signalbox.awaited w join signalbox.ai_messages m on m.id = w.message_id join signalbox.ai_messages u on u.id = m.reply_to where u.content like '$1%'")" = 1 ]; }
post "" '{"content":"gone-1. [[words=40 rate=10]]"}'; GONE=$(field message_id)
(post "?wait=20" '{"content":"gone-2. [[words=30 rate=10]]"}'; echo "$CODE $(field status)" >"$T/waited") & WAITER=$!
until_true 5 awaited gone-2
tests/lib/pg.sh stop "$T/db" immediate >/dev/null
post "" '{"content":"x"}'; got "no database" 503 database_down
is "try again" 2 "$(header Retry-After)"
post "" '{"content":"x"}' -H 'Idempotency-Key: k9'; got "no database, with a key" 503 database_down
PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db" >/dev/null
wait "$WAITER"
is "one who waited through it" "200 completed" "$(cat "$T/waited")"
within 30 "the other one too" completed status "$GONE"
(post "?wait=30" '{"content":"bye-1. [[words=80 rate=10]]"}'; echo "$CODE $(field status)" >"$T/waited") & WAITER=$!
until_true 5 awaited bye-1
kill -TERM "$W3" "$W2"
wait "$WAITER"
is "who waits while the worker ends has an answer" yes "$(grep -qE '^(200 completed|202 (processing|queued))$' "$T/waited" && echo yes)"
wait "$W3"
is "and it ends well" 0 "$?"
finish
