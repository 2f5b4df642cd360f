#!/bin/bash
# Why: firms have certificate authorities of their own, and say so in the environment, as for curl. A provider behind one is called where the worker was
# told of it, by each of the variables, and refused where it was not: a key must not go to whoever answers.
. "$(dirname "$0")/../lib/net.sh"
plan 5
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok "a database"; finish; }
export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null 2>&1 || not_ok "migrate"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
	-keyout "$T/key.pem" -out "$T/ca.pem" 2>/dev/null || not_ok "a certificate"
mkdir "$T/dir" && cp "$T/ca.pem" "$T/dir/$(openssl x509 -hash -noout -in "$T/ca.pem").0"
BODY='data: {"choices":[{"delta":{"content":"behind TLS"},"finish_reason":"stop"}]}

data: [DONE]

'
PORT=$((20000 + $$ % 20000))
# One answer to whoever connects: s_server says what its standard input says.
serve() {
	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' ${#BODY} "$BODY" >"$T/answer"
	for _ in 1 2 3 4 5; do
		PORT=$((PORT + 1))
		(exec openssl s_server -quiet -naccept 1 -accept "127.0.0.1:$PORT" -cert "$T/ca.pem" -key "$T/key.pem" <"$T/answer" >"$T/asked-$PORT" 2>&1) &
		PIDS="$PIDS $!"
		until_true 5 grep -qi ":$(printf %04X $PORT) .* 0A" /proc/net/tcp && return
	done
	not_ok "a server with TLS"
}
# ask NAME WANT VARIABLE=VALUE...: what becomes of a message, with these in the worker's environment alone
N=0
ask() {
	local name=$1 want=$2 uuid
	shift 2
	N=$((N + 1))
	serve
	"$BIN/signalbox" provider "p$N" set protocol=openai "base_url=https://127.0.0.1:$PORT/v1" >/dev/null &&
		"$BIN/signalbox" agent "a$N" set "provider=p$N" model=m >/dev/null || not_ok "an agent"
	uuid=$(q "select message_id from signalbox.dispatch('a$N', 'hello')")
	env -u CURL_CA_BUNDLE -u SSL_CERT_FILE -u SSL_CERT_DIR "$@" "$BIN/signalbox-worker" --listen "" --retries 0 --tries 1 --agents "a$N" 2>"$T/worker-$N.log" &
	PIDS="$PIDS $!"
	within 20 "$name" "$want" q "select concat_ws(' ', processing_status, nullif(split_part(processing_error, ':', 1), ''), nullif(content, ''))
		from signalbox.ai_messages where uuid = '$uuid' and processing_status in ('completed', 'failed')"
}
ask "an authority that nobody told of" "failed network" A=
ask "CURL_CA_BUNDLE" "completed behind TLS" CURL_CA_BUNDLE="$T/ca.pem"
ask "SSL_CERT_FILE" "completed behind TLS" SSL_CERT_FILE="$T/ca.pem"
ask "SSL_CERT_DIR" "completed behind TLS" SSL_CERT_DIR="$T/dir"
is "who is not trusted is told nothing" 0 "$(grep -c hello "$T/asked-"* | sed -n '1s/.*://p')"
finish
