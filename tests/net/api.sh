#!/bin/bash
# Why: applications dispatch, wait and follow over HTTP. An answer must reach the one who waits at once, whichever worker ran the message; a stream must be the
# stored answer byte for byte, after any number of reconnects; a token must be an application, and nobody else's; a limit must be exact; nonsense must get an
# error that says what to mend. The client is curl.
. "$(dirname "$0")/../lib/net.sh"
plan 186
export SHOP_TOKEN=a-secret-of-the-test
stack_up
SB=$BIN/signalbox
at() { sed -n 's/.*msg="http" address=\([^ ]*\).*/\1/p' "$1" | head -1; }
net_worker "$T/w1.log" --listen 127.0.0.1:0 --lease 5s --rpc-agent luna; W1=$!
ready "$T/w1.log"
AT=$(at "$T/w1.log")
# call METHOD PATH [BODY] [curl arguments]: the status in $CODE, the answer in $BODY, its headers in $T/headers
call() {
	local method=$1 path=$2 body=${3:-}
	shift $(($# > 2 ? 3 : 2))
	CODE=$(curl -s -m 30 -X "$method" -o "$T/body" -D "$T/headers" -w '%{http_code}' ${body:+-H "Content-Type: application/json" --data-binary "$body"} "$@" "http://$AT$path")
	BODY=$(cat "$T/body")
}
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\)\"\{0,1\}.*/\1/p" <<<"$BODY" | head -1; }
header() { tr -d '\r' <"$T/headers" | sed -n "s/^$1: //Ip" | head -1; }
# got NAME STATUS CODE: an error of that kind, which has a message
got() { is "$1" "$2 $3" "$CODE $(field code)"; [ -n "$(field message)" ] || not_ok "$1: no message"; }
post() { call POST "/api/agents/${AGENT:-luna}/messages$1" "$2" "${@:3}"; }
status() { call GET "/api/messages/$1/status"; field status; }

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
sleeps() { [ "$(q "select count(*) from pg_stat_activity where query ~ '^select pg_sleep'")" = 1 ]; }
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
sockets() { find "/proc/$W1/fd" -lname 'socket:*' 2>/dev/null | wc -l; }
SOCKETS=$(sockets)
for i in $(seq 20); do curl -s -m 0.7 -o /dev/null -H 'Content-Type: application/json' -d '{"content":"left-1."}' "http://$AT/api/agents/luna/messages?wait=60" & LEFT="${LEFT:-} $!"; done
until_true 5 eval '[ "$(sockets)" -ge $((SOCKETS + 15)) ]' && ok "twenty wait" || not_ok "twenty wait: $(sockets) sockets, $SOCKETS before"
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

# ---- tokens
token() { "$SB" token create "$@" 2>/dev/null; }
A=$(token --agent luna --scope dispatch,read --scope stream,cancel,retry --name shop --origin https://shop.example)
B=$(token --scope dispatch,read)
is "a token is shown once, and stored nowhere" "0" "$(PGOPTIONS= pg_dump "$SIGNALBOX_DATABASE_URL" | grep -c -- "${A#sbx_}")"
as() { local t=$1; shift; "$@" -H "Authorization: Bearer $t"; }
post "" '{"content":"x"}'; got "now a token is needed" 401 unauthorized
as sbx_nonsense post "" '{"content":"x"}'; got "one of ours" 401 unauthorized
as "$A" post "?wait=10" '{"content":"mine-1.","user_id":"u","thread_key":"t"}'
is "with it" "200 completed" "$CODE $(field status)"
MINE=$(field message_id) SESSION=$(field session_id)
q "update signalbox.ai_costs set cost_pico = 64000000 where message_id = (select id from signalbox.ai_messages where uuid = '$MINE')" >/dev/null
is "and what it cost, as people write it" 0.000064 "$("$SB" show "$MINE" | sed -n 's/^cost \$ *//p')"
is "operators see whose it is" "token 1 shop" "$("$SB" show "$MINE" | sed -n 's/^sent by *//p')"
is "and what came without a token" "HTTP" "$("$SB" show "$M" | sed -n 's/^sent by *//p')"
as "$A" call GET "/api/messages/$MINE/status" ""; is "it reads its own" 200 "$CODE"
as "$B" call GET "/api/messages/$MINE/status" ""; got "another token does not" 404 not_found
as "$A" call GET "/api/messages/$M/status" ""; got "nor it those from before" 404 not_found
as "$B" post "" "{\"content\":\"x\",\"session_id\":\"$SESSION\"}"; got "nor does one go on in another's session" 404 not_found
as "$B" post "?wait=10" '{"content":"other-1.","user_id":"u","thread_key":"t"}'
is "the same thread of another token is another" yes "$([ "$(field session_id)" != "$SESSION" ] && echo yes)"
as "$B" call POST "/api/messages/$MINE/cancel" ""; got "a scope that it has not" 403 forbidden
AGENT=aria as "$A" post "" '{"content":"x"}'; got "an agent that is not its" 403 forbidden
AGENT=nobody as "$A" post "" '{"content":"x"}'; got "nor tells it which there are" 403 forbidden
as "$A" call POST "/api/messages/$MINE/cancel" ""; got "it may cancel its own, but that has ended" 409 refused
SHORT=$(token --scope read --expires 1s)
nap 1.2
as "$SHORT" call GET "/api/messages/$MINE/status" ""; got "an expired one" 401 unauthorized
is "the list" "valid valid expired" "$("$SB" token list --json | tr -d ' \n' | grep -o '"state":"[a-z]*"' | sed 's/.*:"//; s/"//' | tac | paste -sd' ')"
is "shows no token" 0 "$("$SB" token list --json | grep -c -- "${A#sbx_}")"
"$SB" token revoke 2 >/dev/null
as "$B" post "" '{"content":"x"}'; got "a revoked one" 401 unauthorized
"$SB" token revoke 2 >/dev/null 2>&1; is "revoked but once" 5 "$?"
"$SB" token revoke 99 >/dev/null 2>&1; is "a token that does not exist" 4 "$?"
"$SB" token create --scope fly >/dev/null 2>&1; is "a scope that does not exist" 2 "$?"
"$SB" token create --public --agent luna --scope dispatch,cancel >/dev/null 2>&1; is "a public token that cancels" 2 "$?"

# ---- public: its caller never says who it is
P=$(token --public --agent luna --scope dispatch,read --user shopper --collection faq)
public() { call POST "/c/$P/message$1" "$2" "${@:3}"; }
public "?wait=10" '{"content":"public-1."}'
is "a public token" "200 completed" "$CODE $(field status)"
is "who it is" "shopper faq" "$(q "select user_id || ' ' || collection_name from signalbox.ai_sessions where uuid = '$(field session_id)'")"
public "" "{\"content\":\"public-2.\",\"session_id\":\"$(field session_id)\"}"; is "goes on in its session" 202 "$CODE"
public "" "{\"content\":\"x\",\"session_id\":\"$SESSION\"}"; got "not in another's" 404 not_found
public "" '{"content":"x","user_id":"admin"}'; got "it does not say who it is" 400 bad_input
as "$P" post "" '{"content":"x","user_id":"admin"}'; got "nor on the other way" 403 forbidden
# Where the application signs who the caller is: a JSON Web Token.
url64() { base64 -w0 | tr '+/' '-_' | tr -d =; }
jwt() { local t; t=$(printf '{"alg":"%s"}' "${2:-HS256}" | url64).$(printf '%s' "$1" | url64); echo "$t.$(printf '%s' "$t" | openssl dgst -sha256 -hmac "$SHOP_TOKEN" -binary | url64)"; }
G=$(token --public --agent luna --scope dispatch,read --sign-env SHOP_TOKEN --collection faq)
signed() { call POST "/c/$G/message" "{\"content\":\"signed-1.\",\"signed\":\"$1\"}"; }
SOON=$(($(date +%s) + 300))
signed "$(jwt "{\"sub\":\"u7\",\"thread_key\":\"t9\",\"collection_name\":\"other\",\"exp\":$SOON}")"
is "a signed value" 202 "$CODE"
is "says who it is, as far as the token does not" "u7 faq t9" "$(q "select user_id || ' ' || collection_name || ' ' || thread_key from signalbox.ai_sessions where uuid = '$(field session_id)'")"
signed "$(jwt "{\"sub\":\"u7\",\"exp\":$((SOON - 1000))}")"; got "an old one" 403 forbidden
signed "$(jwt "{\"sub\":\"u7\"}")"; got "one for ever" 403 forbidden
signed "$(SHOP_TOKEN=guess jwt "{\"sub\":\"u7\",\"exp\":$SOON}")"; got "one that somebody else signed" 403 forbidden
signed "$(jwt "{\"sub\":\"u7\",\"exp\":$SOON}" none)"; got "another algorithm" 403 forbidden
call POST "/c/$G/message" '{"content":"x"}'; got "none at all" 403 forbidden
public "" "{\"content\":\"x\",\"signed\":\"$(jwt "{\"sub\":\"u7\",\"exp\":$SOON}")\"}"; got "one where none is expected" 403 forbidden
public "" '{"content":"key-1."}' -H 'Idempotency-Key: 1'; got "a key that others guess" 400 bad_input
public "" '{"content":"key-1."}' -H 'Idempotency-Key: 7f1c0a52-5c1b-4a39'; is "one that nobody guesses" 202 "$CODE"
signed "$(jwt "{\"sub\":\"u7\",\"exp\":$SOON}")"; THEIRS=$(field session_id)
theirs() { call POST "/c/$G/message" "{\"content\":\"$1\",\"session_id\":\"$THEIRS\",\"signed\":\"$(jwt "{\"sub\":\"$2\",\"exp\":$SOON}")\"}"; }
theirs "signed-2." u7; is "a signed caller goes on in a session of its own" 202 "$CODE"
theirs x u8; got "and not in another's" 404 not_found
call POST "/c/nonsense/message" '{"content":"x"}'; got "a public token that is none" 401 unauthorized

# ---- web pages
call OPTIONS /api/agents/luna/messages "" -H 'Origin: https://shop.example' -H 'Access-Control-Request-Method: POST'
is "a page may ask" "204 https://shop.example" "$CODE $(header Access-Control-Allow-Origin)"
call OPTIONS /api/agents/luna/messages "" -H 'Origin: https://evil.example'; got "another may not" 403 bad_origin
as "$A" call GET "/api/messages/$MINE/status" "" -H 'Origin: https://shop.example'
is "the page of its token" "200 https://shop.example" "$CODE $(header Access-Control-Allow-Origin)"
as "$A" call GET "/api/messages/$MINE/status" "" -H 'Origin: https://evil.example'; got "the page of nobody" 403 bad_origin
as "$P" call GET "/api/messages/$MINE/status" "" -H 'Origin: https://shop.example'; got "the page of another token" 403 bad_origin

# ---- limits: exact over two workers
as "$A" post "" '{"content":"again-1."}' -H 'Idempotency-Key: again'; AGAIN=$(field message_id)
"$SB" agent luna set rate_limit_per_min=12 >/dev/null
W2AT=$(at "$T/w2.log")
for i in $(seq 40); do
	curl -s -m 30 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $A" -H 'Content-Type: application/json' -d '{"content":"limit-1."}' \
		"http://$([ $((i % 2)) = 0 ] && echo "$AT" || echo "$W2AT")/api/agents/luna/messages" >>"$T/limits" &
done
wait $(jobs -p | grep -vxE "$W2|$W3|${PROVIDER:-0}")
is "forty at once with a limit of twelve" "12 accepted 28 refused" "$(grep -c 202 "$T/limits") accepted $(grep -c 429 "$T/limits") refused"
as "$A" post "" '{"content":"x"}'; got "one more" 429 rate_limited
as "$A" post "?wait=10" '{"content":"again-1."}' -H 'Idempotency-Key: again'
is "one that was sent before is none more" "200 $AGAIN" "$CODE $(field message_id)"
as "$A" post "" '{"content":"x"}' -H 'Idempotency-Key: other'; got "another key is" 429 rate_limited
is "what is left" "12 0" "$(header X-RateLimit-Limit) $(header X-RateLimit-Remaining)"
is "in both forms" "\"agent\";q=12;w=60 \"agent\";r=0;t=$(header X-RateLimit-Reset)" "$(header RateLimit-Policy) $(header RateLimit)"
is "when to come again" "$(header X-RateLimit-Reset)" "$(header Retry-After)"
as "$A" call GET "/api/messages/$MINE/status" ""
is "a look tells it and takes none" "200 12 0" "$CODE $(header X-RateLimit-Limit) $(header X-RateLimit-Remaining)"
public "" '{"content":"public-3."}'
is "another token has its own" "202 11" "$CODE $(header X-RateLimit-Remaining)"
# The same key again while the first request is still open: it waits for that one, and takes nothing.
L=$(token --agent luna --scope dispatch,read)
PGOPTIONS= psql -qXAt "$SIGNALBOX_DATABASE_URL" >/dev/null <<'SQL' &
begin;
select message_id from signalbox.http_dispatch((select hash from signalbox.tokens order by id desc limit 1), true, 'luna', 'twice-1.', null, null, null, null, 0, 'twice', false, false);
select pg_sleep(0.7);
commit;
SQL
TWICE=$!
until_true 5 sleeps
as "$L" post "" '{"content":"twice-1."}' -H 'Idempotency-Key: twice'
wait "$TWICE"
is "one whose first is under way waits for it, and takes none" "202 11" "$CODE $(header X-RateLimit-Remaining)"
is "it is one message" 1 "$(q "select count(*) from signalbox.ai_messages where content = 'twice-1.'")"
"$SB" agent luna set rate_limit_per_min= >/dev/null

# ---- who asked, for Health: by agent and status
STRANGER=$(q "select coalesce(sum(refused), 0) from signalbox.http_page('1 h') where agent = 'luna'")
call POST /api/agents/luna/messages '{"content":"x"}' -H $'Idempotency-Key: \xff'
is "a stranger's nonsense" 400 "$CODE"
call GET /healthz
requests() { q "select $1 from signalbox.http_page('1 h') where agent is not distinct from $2"; }
within 5 "every request over the limit is counted for the agent" 30 requests limited "'luna'"
is "with its status" t "$(requests "worst like '%429 x30%'" "'luna'")"
is "what was done" t "$(requests 'done > 40 and done < requests' "'luna'")"
is "what the others asked" t "$(requests 'done >= 1 and limited = 0' "'aria'")"
is "a stranger counts for no agent" "$STRANGER" "$(requests refused "'luna'")"
is "an agent that there is not has no line of its own" t "$(requests 'refused >= 5' null)"
is "nor a stranger's words" "aria luna" "$(q "select string_agg(agent, ' ' order by agent) from signalbox.http_page('1 h')")"
q "select signalbox.worker_renew((select id from signalbox.workers where ended_at is null limit 1), '5 s', false, '{\"http\":[{\"agent\":\"luna\",\"code\":429,\"n\":1}],\"http_batch\":1}')" >/dev/null
is "what is said again is counted once" 30 "$(requests limited "'luna'")"

# ---- a token that is revoked ends what is open
"$SB" pause luna >/dev/null
R=$(token --agent luna --scope dispatch,stream)
as "$R" post "" '{"content":"open-1."}'; OPEN=$(field message_id)
is "one that waits" 202 "$CODE"
curl -sN -m 60 -o "$T/open.stream" -w '%{http_code}' -H "Authorization: Bearer $R" "http://$AT/api/messages/$OPEN/stream" >"$T/open.code" 2>/dev/null & OS=$!
curl -s -m 60 -o "$T/open.wait" -w '%{http_code}' -H "Authorization: Bearer $R" -H 'Content-Type: application/json' -d '{"content":"open-2."}' "http://$AT/api/agents/luna/messages?wait=50" >"$T/open.wait.code" & OW=$!
until_true 10 test -s "$T/open.stream"
waits() { [ "$(q "select count(*) from signalbox.awaited a join signalbox.ai_messages m on m.id = a.message_id join signalbox.ai_messages u on u.id = m.reply_to where u.content = 'open-2.'")" = 1 ]; }
until_true 10 waits
REVOKED=$(date +%s)
"$SB" token revoke "$(q "select max(id) from signalbox.tokens")" >/dev/null
wait "$OS" "$OW"
is "its streams end" "200 yes" "$(cat "$T/open.code") $([ $(($(date +%s) - REVOKED)) -lt 20 ] && echo yes)"
is "who waits is told why" "401 unauthorized" "$(cat "$T/open.wait.code") $(sed -n 's/.*"code":"\([a-z]*\)".*/\1/p' "$T/open.wait")"
as "$R" call GET "/api/messages/$OPEN/stream" ""; got "and whoever comes again" 401 unauthorized

# ---- one token does not take all the places: a worker with few files has 64 of them, 48 for each token
IN="prlimit --nofile=170:170" net_worker "$T/w7.log" --listen 127.0.0.1:0 --agents aria; W7=$!
ready "$T/w7.log"
FEW=$(at "$T/w7.log") S=$(token --agent luna --scope dispatch,stream) O=$(token --agent luna --scope dispatch,stream)
as "$S" post "" '{"content":"places-1."}'; PLACES=$(field message_id)
as "$O" post "" '{"content":"places-2."}'; OTHERS=$(field message_id)
# Nor does one address without a token: of 64 places 16 are for its connections that ask nothing.
cat >"$T/idle.pl" <<'PL'
use strict; use IO::Socket::INET; use IO::Select;
my @s;
sub one { my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0]) or return; print $s "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"; $s->flush; my $x; sysread($s, $x, 4096); push @s, $s }
one() for 1 .. 24;
select(undef, undef, undef, 1.3);
one() for 1 .. 10;
select(undef, undef, undef, 0.5);
my $gone = 0; for my $s (@s) { my $x; $gone++ if IO::Select->new($s)->can_read(0) && !sysread($s, $x, 1) }
print $gone >= 10 && $gone <= 24 ? "yes" : "no: $gone", "\n";
PL
is "idle connections of one address are ended, the oldest first" yes "$(perl "$T/idle.pl" "$FEW")"
for i in $(seq 50); do curl -sN -m 30 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $S" "http://$FEW/api/messages/$PLACES/stream" >>"$T/places" 2>/dev/null & HELD="${HELD:-} $!"; done
within 10 "fifty streams of one token: some are refused" 2 grep -c 503 "$T/places"
is "another token has room" 200 "$(curl -sN -m 2 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $O" "http://$FEW/api/messages/$OTHERS/stream")"
is "one more that would wait is answered at once" 202 "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $S" -H 'Content-Type: application/json' -d '{"content":"places-3."}' "http://$FEW/api/agents/luna/messages?wait=30")"
kill $HELD 2>/dev/null; wait $HELD 2>/dev/null
kill "$W7"; wait "$W7" 2>/dev/null
"$SB" resume luna >/dev/null

# ---- where it listens
net_worker "$T/w4.log" --listen 0.0.0.0:0; W4=$!
ready "$T/w4.log"
ANY=$(at "$T/w4.log")
is "beyond this machine, with a token" yes "$([ -n "$ANY" ] && echo yes)"
is "the metrics then need one" 401 "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:${ANY##*:}/metrics")"
SCRAPER=$(token --scope metrics)
is "with its scope" 200 "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $SCRAPER" "http://127.0.0.1:${ANY##*:}/metrics")"
is "another scope does not do" 403 "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $A" "http://127.0.0.1:${ANY##*:}/metrics")"
is "probes need none" 200 "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:${ANY##*:}/healthz")"
kill "$W4"; wait "$W4" 2>/dev/null
net_worker "$T/w5.log" --listen "unix:$T/http"; W5=$!
ready "$T/w5.log"
is "a unix socket" 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$T/http" http://localhost/readyz)"
is "with any name" 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$T/http" http://signalbox/readyz)"
kill "$W5"; wait "$W5" 2>/dev/null
is "is removed" "" "$(ls "$T/http" 2>/dev/null)"
q "truncate signalbox.tokens" >/dev/null
net_worker "$T/w6.log" --listen 0.0.0.0:0; W6=$!
ready "$T/w6.log"
is "beyond this machine, without a token: refused" 1 "$(grep -c 'no HTTP: make a token first' "$T/w6.log")"
kill "$W6"; wait "$W6" 2>/dev/null

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
