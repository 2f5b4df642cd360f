#!/bin/bash
# Why: TLS is a proxy's task, and a proxy that buffers makes a stream useless. docs/nginx.conf is what an operator copies: here nginx runs it, with other ports
# and a certificate of the test, before two workers.
. "$(dirname "$0")/../lib/net.sh"
plan 9
NGINX=$(command -v nginx || command -v build/tools/nginx) || skip_all "nginx is not installed (Debian: nginx-light)"
stack_up
for i in 1 2; do net_worker "$T/w$i.log" --listen 127.0.0.1:0; ready "$T/w$i.log"; done
at() { sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w$1.log" | head -1; }
TOKEN=$("$BIN/signalbox" token create --scope dispatch,read,stream 2>/dev/null)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=signalbox.example -addext subjectAltName=DNS:signalbox.example -keyout "$T/key" -out "$T/pem" 2>/dev/null
PORT=$((20000 + $$ % 20000))
while (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do PORT=$((PORT + 1)); done
{
	echo "daemon off; pid $T/nginx.pid; error_log $T/nginx.log; worker_processes 1; events {} http { access_log off;"
	for dir in client_body proxy fastcgi uwsgi scgi; do echo "${dir}_temp_path $T/nginx-$dir;"; done
	sed "s/listen 443/listen 127.0.0.1:$PORT/; s/127.0.0.1:8787/$(at 1)/; s/127.0.0.1:8788/$(at 2)/; s#/etc/ssl/certs/signalbox.pem#$T/pem#; s#/etc/ssl/private/signalbox.key#$T/key#" docs/nginx.conf
	echo "}"
} >"$T/nginx.conf"
"$NGINX" -p "$T" -c "$T/nginx.conf" 2>"$T/nginx.out" &
PIDS="$PIDS $!"
until_true 10 test -s "$T/nginx.pid" || { not_ok "nginx starts: $(cat "$T/nginx.out")"; finish; }
over() { curl -s -m 60 --cacert "$T/pem" --resolve "signalbox.example:$PORT:127.0.0.1" -H "Authorization: Bearer $TOKEN" "$@"; }
URL=https://signalbox.example:$PORT
send_over() { over -H 'Content-Type: application/json' -d "$1" "$URL/api/agents/luna/messages$2"; }
is "it answers over TLS" 200 "$(over -o /dev/null -w '%{http_code}' "$URL/healthz")"
send_over '{"content":"tls-1."}' '?wait=20' >"$T/a"
is "one who waits has the answer" completed "$(sed -n 's/.*"status": "\([a-z]*\)".*/\1/p' "$T/a")"
M=$(send_over '{"content":"tls-2. [[words=40 rate=10]]"}' '' | sed -n 's/.*"message_id": "\([^"]*\)".*/\1/p')
over -N "$URL/api/messages/$M/stream" >"$T/s" & S=$!
within 10 "a stream arrives as it comes" yes eval "grep -q '^event: delta' '$T/s' && ! grep -q '^event: done' '$T/s' && echo yes"
within 10 "more of it" yes eval "[ \$(grep -c '^event: delta' '$T/s') -ge 3 ] && ! grep -q '^event: done' '$T/s' && echo yes"
wait "$S"
is "and whole" done "$(sed -n 's/^event: //p' "$T/s" | tail -1)"
is "both workers are asked" "2" "$(for i in $(seq 8); do over -o /dev/null "$URL/readyz"; done; for i in 1 2; do curl -s "http://$(at $i)/metrics" | grep -c '^signalbox_http_requests_total{[^}]*code="200"[^}]*}'; done | grep -c '[1-9]')"
is "the metrics stay inside" 403 "$(over -o /dev/null -w '%{http_code}' "$URL/metrics")"
head -c 3900000 /dev/zero | tr '\0' ' ' >"$T/big"
is "a body as long as a worker takes passes" 400 "$(over -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' --data-binary "@$T/big" "$URL/api/agents/luna/messages")"
is "a foreign name does not matter behind it" 200 "$(over -o /dev/null -w '%{http_code}' -H 'Host: shop.example' "$URL/healthz")"
finish
