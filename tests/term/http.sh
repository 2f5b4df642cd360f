#!/bin/bash
# The screen HTTP and the requests in Health, in a real terminal, at 80x24 and 120x36: does an operator see who may ask, who is told and with what success, and who is refused;
# and does a token end only when its number was typed, and only for a role that may?
. "$(dirname "$0")/../lib/term.sh"
plan 76

heard() { read -rt 0.4 <> <(:) || :; }    # keys of the first 300 ms of a question are not heard
fits() { is "no line is too wide $1" yes "$([ "$(screen | wc -L)" -le "$2" ] && echo yes)"; }
once() { "$BIN/signalbox" --once --view "$1" --size "$2"; }

stack_up >/dev/null
S=$BIN/signalbox
is "nothing is there yet: what to do" 2 "$(once http 80x24 | grep -cE 'no token: signalbox token create|no webhook: signalbox webhook create')"
"$S" agent lone set provider=p model=practice rate_limit_per_min=2 >/dev/null
T1=$("$S" token create --agent luna --scope dispatch,read --name shop --origin https://shop.example --expires 90d 2>/dev/null)
T2=$("$S" token create --public --agent lone --scope dispatch,read,stream --user visitor --name "$(printf 'ev\033]0;owned\007il')" 2>/dev/null)
T3=$("$S" token create --scope dispatch,read,stream,cancel,retry,metrics --name all 2>/dev/null)
"$S" token revoke 3 >/dev/null
"$S" webhook create --agent luna --secret-env SHOP_WEBHOOK_TOKEN http://127.0.0.1:9/hook >/dev/null
"$S" webhook create --secret-env SHOP_WEBHOOK_TOKEN --event message.failed https://shop.example/failed >/dev/null
"$S" webhook create --secret-env SHOP_WEBHOOK_TOKEN https://shop.example/gone >/dev/null
"$S" webhook remove 3 >/dev/null
export SHOP_WEBHOOK_TOKEN=a-secret-of-the-test
SIGNALBOX_LISTEN=127.0.0.1:0 worker_up
listens() { sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/worker.log" | grep .; }
until AT=$(listens); do read -rt 0.1 <> <(:) || :; done
ask() { curl -s -m 20 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' "${@:3}" "http://$AT$2"; }
is "a request" 200 "$(ask "$T1" '/api/agents/luna/messages?wait=20' -d '{"content":"hello"}')"
for i in 1 2 3 4 5; do ask "$T2" "/c/$T2/message" -d '{"content":"hello"}'; done >"$T/codes"
is "five, of which three are over the limit" "202202429429429" "$(cat "$T/codes")"
ask nonsense /api/agents/luna/messages -d '{"content":"x"}' >/dev/null
soon "the delivery was tried" t q "select tries > 0 from signalbox.webhook_deliveries where webhook_id = 1 order by id desc limit 1"
soon "all were counted" 7 q "select sum(requests) from signalbox.http_page('1 h')"

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	console "$1" "$2" --start-view http
	see "tab $at" '\[7 HTTP'
	see "newest first $at" '^> +3 +revoked'
	see "a public token, its name made safe $at" '2 +valid +\.\.\..{4} .*lone.*ev\^\[\]0;owne'
	see "one that ends by itself $at" '1 +valid +\.\.\..{4} +20[0-9-]{8} +luna .*shop'
	is "no token is shown $at" 0 "$(screen | grep -c -- "${T1#sbx_}")"
	keys j
	see "who its callers are $at" 'callers +anybody: it is public +user +visitor'
	keys j
	see "from which pages $at" 'pages +https://shop.example'
	see "by whom it was made $at" 'made +20.*by'
	fits "with a token $at" "$1"

	# x: only the number ends it.
	for key in Enter Escape y; do
		keys x
		see "x asks ($key) $at" 'Type 1 to confirm'; heard
		keys $key Escape
		gone "$key does not $at" 'Revoke token'
	done
	is "it is valid $at" valid "$(q "select state from signalbox.token_list() where id = 1")"
	keys t
	see "t is for webhooks $at" 'Tab to the webhooks'
	keys Tab
	see "webhooks $at" '^> +3 +all .*\(removed\)'
	keys x
	see "it is removed already $at" 'webhook 3 is removed already'
	keys j j
	see "one that waits $at" '^> +1 +luna +[1-9] .*http://127\.0\.0\.1:9/hook'
	see "its deliveries, and why $at" 'message\.completed +waiting +[0-9]+ +- .*refused: the address'
	fits "with a webhook $at" "$1"
	BEFORE=$(q "select count(*) from signalbox.webhook_deliveries where event = 'webhook.test'")
	keys t
	see "a test $at" 'webhook 1: a test is on its way'
	soon "is there $at" $((BEFORE + 1)) q "select count(*) from signalbox.webhook_deliveries where event = 'webhook.test'"

	keys 4
	see "Health has the sums $at" 'http +7 requests in 1h +done +3 +limited +3 +refused +1'
	keys Tab Tab
	see "by agent, the most first $at" '^> *lone +5 +2 +3 +0 +0'
	see "with their statuses $at" '429 x3'
	see "those of none $at" '\(none\) +1 +0 +0 +1 +0'
	fits "in Health $at" "$1"
	keys Enter
	see "Enter: the agent's messages $at" 'agent:lone'
	[ "$1" = 80 ] && keys 7
done

# A revoked token, and a role that may only look.
keys 7; see "back" '\[7 HTTP'
keys Tab g; see "tokens again" '^> +3 +revoked'
keys x; see "revoked but once" 'token 3 is revoked already'
keys j j x; see "the last question" 'Type 1 to confirm'; heard
keys 1 Enter
see "its number ends it" 'token 1 is revoked'
soon "for good" revoked q "select state from signalbox.token_list() where id = 1"
is "who did it" tester "$(q "select actor from signalbox.operator_log where action = 'token revoke' order by id desc limit 1")"
# An operator sees all this, and may test a webhook, but ends no token: that is the administrator's.
q "create role op login; grant signalbox_operator, signalbox_viewer to op" >/dev/null
SIGNALBOX_DATABASE_URL="${SIGNALBOX_DATABASE_URL/user=signalbox/user=op}" console 80 24 --start-view http
see "an operator" '^> +3 +revoked'
keys j x; see "asks for it" 'Type 2 to confirm'; heard
keys 2 Enter
see "and may not" 'skipped token 2: permission denied'
is "it is valid" valid "$(q "select state from signalbox.token_list() where id = 2")"
finish
