#!/bin/bash
# Why: an application that dispatches wants to be told, not to ask. What is said must be signed as the standard says, said again until it is taken, never go to an
# address that nobody allowed, and be seen by the operator, each try of it. The receiver answers what a file says and keeps what came; openssl computes the signature
# that there should be.
. "$(dirname "$0")/../lib/net.sh"
plan 36
stack_up
SB=$BIN/signalbox
export SHOP_WEBHOOK_TOKEN="whsec_$(printf 'a secret of the test, 32 bytes..' | base64 -w0)"
# A receiver: each request's headers and body in a file of its own, $T/got.N; the status is what $T/status says.
cat >"$T/receiver.pl" <<'PL'
use strict; use IO::Socket::INET;
my ($dir) = @ARGV; my $n = 0;
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1) or die;
open(my $p, '>', "$dir/hook.port.new"); print $p $s->sockport; close $p; rename "$dir/hook.port.new", "$dir/hook.port";
while (my $c = $s->accept) {
	my ($head, $len) = ('', 0);
	while (my $line = <$c>) { $head .= $line; $len = $1 if $line =~ /^content-length: *(\d+)/i; last if $line =~ /^\r?\n$/; }
	my $body = ''; read($c, $body, $len) if $len;
	open(my $st, '<', "$dir/status"); my $status = <$st>; chomp $status; close $st;
	if ($status eq 'hang') { sleep 1; close $c; next }
	$n++;
	open(my $h, '>', "$dir/got.$n.head"); print $h $head; close $h;
	open(my $b, '>', "$dir/got.$n.new"); print $b $body; close $b; rename "$dir/got.$n.new", "$dir/got.$n.body";
	print $c "HTTP/1.1 $status X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"; close $c;
}
PL
echo 200 >"$T/status"
perl "$T/receiver.pl" "$T" & PIDS="$PIDS $!"
until_true 10 test -s "$T/hook.port" || { not_ok "the receiver starts"; finish; }
URL=http://127.0.0.1:$(cat "$T/hook.port")/hook
got() { ls "$T" | grep -c '^got\..*body$'; }
header() { tr -d '\r' <"$T/got.$1.head" | sed -n "s/^$2: //Ip"; }
body() { cat "$T/got.$1.body"; }

"$SB" webhook create --agent luna --secret-env SHOP_WEBHOOK_TOKEN "$URL" >/dev/null && ok "a webhook" || not_ok "a webhook"
"$SB" webhook create --secret-env SHOP_WEBHOOK_TOKEN ftp://x >/dev/null 2>&1; is "no other protocol" 2 "$?"
"$SB" webhook create --secret-env SHOP_WEBHOOK_TOKEN http://u:p@x/ >/dev/null 2>&1; is "no password in the URL" 2 "$?"
"$SB" webhook create --secret-env SHOP_WEBHOOK_TOKEN --event message.read "$URL" >/dev/null 2>&1; is "no event that there is not" 2 "$?"
"$SB" webhook create --agent nobody --secret-env X_TOKEN "$URL" >/dev/null 2>&1; is "no agent that there is not" 4 "$?"
"$SB" webhook test 1 >/dev/null 2>&1; is "a test without a worker" 1 "$?"

# A worker that may not go to private addresses says so, and nothing is sent.
net_worker "$T/w0.log" --listen '' ; W0=$!
ready "$T/w0.log"
"$SB" webhook test 1 >"$T/out" 2>&1; is "a private address is refused" 1 "$?"
is "says why" 1 "$(grep -c 'the address is private' "$T/out")"
is "nothing was sent" 0 "$(got)"
kill "$W0"; wait "$W0" 2>/dev/null
q "delete from signalbox.webhook_deliveries" >/dev/null

net_worker "$T/w1.log" --listen '' --webhook-private 1; W1=$!
ready "$T/w1.log"
"$SB" webhook test 1 >"$T/out" 2>&1; is "a test" 0 "$?"
is "is said" webhook.test "$(body 1 | sed 's/.*"type": "\([a-z.]*\)".*/\1/')"
# https://www.standardwebhooks.com: the HMAC-SHA256 of id.timestamp.payload, with the bytes behind whsec_
signed() { printf '%s.%s.%s' "$(header "$1" webhook-id)" "$(header "$1" webhook-timestamp)" "$(body "$1")" |
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf '%s' "${SHOP_WEBHOOK_TOKEN#whsec_}" | base64 -d | od -An -tx1 | tr -d ' \n')" -binary | base64; }
is "signed" "v1,$(signed 1)" "$(header 1 webhook-signature)"
is "at this time" yes "$([ $(($(date +%s) - $(header 1 webhook-timestamp))) -lt 30 ] && echo yes)"
M=$(send luna 'hook-1.')
within 15 "the end of a message is told" 2 got
is "which, and how it ended" "message.completed $M" "$(body 2 | sed 's/.*"type": "\([a-z.]*\)".*/\1/') $(body 2 | sed 's/.*"message_id": "\([^"]*\)".*/\1/')"
is "without its text" 0 "$(body 2 | grep -c '"content"')"
send aria 'hook-2.' >/dev/null
send luna 'hook-3. [[status=400]]' >/dev/null
within 15 "a failure too" 3 got
within 15 "three messages have ended" 3 ended
is "nothing of other agents" 0 "$(q "select count(*) from signalbox.webhook_deliveries d join signalbox.ai_messages m on m.id = d.message_id join signalbox.ai_sessions s on s.id = m.session_id
	where s.agent_id <> (select id from signalbox.agents where slug = 'luna')")"
is "how it failed" message.failed "$(body 3 | sed 's/.*"type": "\([a-z.]*\)".*/\1/')"

# Refused, then taken: the same event with the same id, after a while.
echo 503 >"$T/status"
send luna 'hook-4.' >/dev/null
within 15 "a receiver that is down is told" 4 got
within 5 "the operator sees it" "waiting 1 503" q "select state || ' ' || tries || ' ' || last_status from signalbox.webhook_deliveries order by id desc limit 1"
kill -9 "$W1"; wait "$W1" 2>/dev/null
echo 200 >"$T/status"
net_worker "$T/w2.log" --listen '' --webhook-private 1; W2=$!
ready "$T/w2.log"
within 30 "and told again, by another worker" 5 got
is "with the same id" "$(header 4 webhook-id)" "$(header 5 webhook-id)"
within 5 "then it is delivered" "delivered 2" q "select state || ' ' || tries from signalbox.webhook_deliveries order by id desc limit 1"
echo 410 >"$T/status"
send luna 'hook-5.' >/dev/null
within 15 "one that is gone is not asked again" failed q "select state from signalbox.webhook_deliveries order by id desc limit 1"
is "the list" "1 luna 0 4 1" "$("$SB" webhook list | awk '$1 == 1 { print $1, $2, $3, $4, $5 }')"
is "and the deliveries, the newest first" "message.failed message.completed" "$("$SB" webhook deliveries 1 --json | grep -o '"event":"[a-z.]*"' | sed 's/.*:"//; s/"//' | sed -n '3p;4p' | paste -sd' ')"
# One that does not answer holds at most four tries; what nobody could say for a day is given up.
"$SB" webhook create --agent luna --secret-env OTHER_TOKEN http://127.0.0.1:9/ >/dev/null
q "insert into signalbox.webhook_deliveries (webhook_id, event, payload) select w.id, 'message.completed', '{}' from signalbox.webhooks w, generate_series(1, 20) where w.secret_env = 'OTHER_TOKEN'" >/dev/null
until_true 30 eval '"$SB" doctor 2>&1 | grep -q "webhook [0-9]*: the worker has no OTHER_TOKEN"' && ok "a secret that no worker has: doctor says it" || not_ok "doctor: $("$SB" doctor 2>&1 | grep secrets)"
is "just now nothing is alarming" 0 "$("$SB" status | grep -c 'webhook [0-9]*:')"
q "update signalbox.webhook_deliveries set created_at = created_at - interval '3 min' where state = 'waiting'" >/dev/null
is "but after minutes untried an alert tells of it" 1 "$("$SB" status | grep -c 'webhook [0-9]*: 20 deliveries .* wait for a worker with the secret')"
q "update signalbox.webhook_deliveries set created_at = clock_timestamp() where state = 'waiting'" >/dev/null
is "four tries at a time" "4 0" "$(q "select count(*) from signalbox.webhook_take(array['OTHER_TOKEN'], 16)") $(q "select count(*) from signalbox.webhook_take(array['OTHER_TOKEN'], 16)")"
q "update signalbox.webhook_deliveries set tries = 3 where state = 'waiting'" >/dev/null
is "an alert tells of it" 1 "$("$SB" status | grep -c 'webhook [0-9]*: [0-9]* deliveries were tried three times')"
q "update signalbox.webhook_deliveries set created_at = created_at - interval '26 h' where state = 'waiting'" >/dev/null
within 90 "a day later it is given up" 0 q "select count(*) from signalbox.webhook_deliveries where state = 'waiting'"
"$SB" webhook remove 1 >/dev/null
"$SB" webhook remove "$(q "select id from signalbox.webhooks where secret_env = 'OTHER_TOKEN'")" >/dev/null
SAID=$(q "select count(*) from signalbox.webhook_deliveries")
M=$(send luna 'hook-6.')
within 10 "without it the message is answered" completed q "select processing_status from signalbox.ai_messages where uuid = '$M'"
is "a removed one hears nothing" "$SAID" "$(q "select count(*) from signalbox.webhook_deliveries")"
finish
