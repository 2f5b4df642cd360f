#!/bin/bash
# Why: a token must be an application, and nobody else's: it reads, cancels and follows what it sent, with its scopes and agents; a public one never lets its
# caller say who it is; a limit must be exact, whichever worker is asked; no token and no address may take all the places.
. "$(dirname "$0")/../lib/api.sh"
plan 86
stack_up
net_worker "$T/w1.log" --listen 127.0.0.1:0; W1=$!
net_worker "$T/w2.log" --listen 127.0.0.1:0; W2=$!
ready "$T/w1.log"
ready "$T/w2.log"
AT=$(at "$T/w1.log")
post "?wait=10" '{"content":"before-1."}'; M=$(field message_id)
AGENT=aria post "?wait=10" '{"content":"there-1."}'

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
wait $(jobs -p | grep -vxE "$W2|$W1|${PROVIDER:-0}")
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
select pg_sleep(1);
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
is "what was done" t "$(requests 'done > 20 and done < requests' "'luna'")"
is "what the others asked" t "$(requests 'done >= 1 and limited = 0' "'aria'")"
is "a stranger counts for no agent" "$STRANGER" "$(requests refused "'luna'")"
is "an agent that there is not has no line of its own" t "$(requests 'refused >= 5' null)"
is "nor a stranger's words" "aria luna" "$(q "select string_agg(agent, ' ' order by agent) from signalbox.http_page('1 h')")"
KEY=$(q "select gen_random_uuid()")
q "select signalbox.worker_enter('$KEY', 'said', '1', 1, null, '60 s', '')" >/dev/null
said() { q "select signalbox.worker_renew('$KEY', '60 s', false, '{\"http\":[{\"agent\":\"luna\",\"code\":429,\"n\":1}],\"http_batch\":5}')" >/dev/null; }
said
is "what a worker says is added" 31 "$(requests limited "'luna'")"
said
is "what it says again is counted once" 31 "$(requests limited "'luna'")"
q "update signalbox.workers set ended_at = now() where name = 'said'" >/dev/null

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

finish
