#!/bin/bash
# Why: operators and their monitors look at a worker through HTTP, and so may anybody else on the machine. What is said must be what
# Prometheus reads and what is true, also without a database and while draining; nonsense must get an error, and never hurt the work.
. "$(dirname "$0")/../lib/net.sh"
plan 68 ${LONG:+3}
stack_up
W=$T/w1.log
net_worker "$W" --listen 127.0.0.1:0 --lease 5s --drain 20s --log-level debug --otlp-endpoint "http://127.0.0.1:$(cat "$T/port")"; W1=$!
ready "$W"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$W" | head -1)
# get PATH [curl arguments]: the body; code PATH [curl arguments]: the status
get() { curl -s -m 15 "${@:2}" "http://$AT$1"; }
code() { curl -s -m 15 -o /dev/null -w '%{http_code}' "${@:2}" "http://$AT$1"; }
metric() { get /metrics | grep -v '^#' | grep -F "$1" | sed 's/.* //' | head -1; }
fresh() { nap 5.2; }    # the database is asked at most every 5 s

is "alive" "200" "$(code /healthz)"
within 5 "ready" "200" code /readyz
is "its body" '{"status":"ready","records_kept":0}' "$(get /readyz)"
is "metrics" "200 text/plain; version=0.0.4; charset=utf-8" "$(curl -s -o /dev/null -w '%{http_code} %{content_type}' "http://$AT/metrics")"
say 3 "hello"
within 15 "three answers" "3" completed
is "three attempts, by agent, provider and model" "3" "$(metric 'agent_request_duration_seconds_count{agent="luna",provider="p",model="practice"}')"
is "no errors" "0" "$(metric 'agent_errors_total{agent="luna",provider="p",model="practice"}')"
is "three claimed" "3" "$(metric 'signalbox_claimed_messages_total ')"
is "settled" "3" "$(metric 'signalbox_attempts_settled_total{agent="luna",outcome="completed"}')"
q "update signalbox.agents set budget_day = 2.5, budget_month = 50 where slug = 'luna'" >/dev/null
"$BIN/signalbox" provider p set breaker=open >/dev/null
fresh
is "the queue is empty" "0" "$(metric 'signalbox_queue_messages{state="queued"}')"
is "three ended today" "3" "$(metric 'signalbox_queue_today{outcome="completed"}')"
is "one worker" "1" "$(metric 'signalbox_workers_alive ')"

is "a budget" "2.5" "$(metric 'signalbox_budget_usd{agent="luna",period="day",kind="limit"}')"
is "nothing spent: no price" "0" "$(metric 'signalbox_budget_usd{agent="luna",period="month",kind="spent"}')"
is "an open breaker" "2" "$(metric 'signalbox_breaker_state{provider="p"}')"
"$BIN/signalbox" provider p set breaker=closed >/dev/null
"$BIN/signalbox" agent luna set budget_day= budget_month= >/dev/null # without a price it would wait
is "spans went out" "t" "$(test "$(metric 'signalbox_otlp_spans_total ')" -ge 6 && echo t)"

get /metrics >"$T/metrics.txt"
is "there are samples to look at" yes "$([ "$(grep -c '^[a-z]' "$T/metrics.txt")" -gt 30 ] && echo yes)"
is "every sample has a family" "0" "$(awk '/^# TYPE/ { t[$3] = $4; n[$3]++ } /^# HELP/ { h[$3] = 1 }
	/^[^#]/ { f = $1; sub(/{.*/, "", f); b = f; sub(/_(bucket|sum|count)$/, "", b); if (!(f in t) && t[b] != "histogram") bad++; seen[$0]++ }
	!/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+({([a-z_]+="([^"\\]|\\["\\n])*",?)+})? -?[0-9]+(\.[0-9]+)?)$/ { bad++ }
	END { for (f in n) bad += n[f] > 1 || !h[f]; print bad + 0 }' "$T/metrics.txt")"
is "no sample twice" "" "$(grep -v '^#' "$T/metrics.txt" | sed 's/ [^ ]*$//' | sort | uniq -d)"
is "histograms only rise" "0" "$(awk '/_bucket{/ { f = $1; sub(/,?le=.*/, "", f); bad += f == was && $2 < last; was = f; last = $2 } END { print bad + 0 }' "$T/metrics.txt")"
PROMTOOL=$(command -v promtool || command -v build/tools/promtool)
if [ -n "$PROMTOOL" ]; then
	is "promtool has nothing to say" "" "$("$PROMTOOL" check metrics <"$T/metrics.txt" 2>&1)"
	"$PROMTOOL" check rules docs/alerts.yml >"$T/rules.out" 2>&1 && ok "promtool: the alert rules" || not_ok "promtool: $(cat "$T/rules.out")"
else
	skip "promtool: it is not installed (Debian: prometheus)" 2
fi

# A name of somebody else's that points here; more than one name; none.
is "a foreign host" "403" "$(code /metrics -H 'Host: evil.example')"
is "its error" '{"error":{"code":"bad_host","message":"the Host header does not name this machine'"'"'s loopback"}}' "$(get /metrics -H 'Host: evil.example')"
is "a host that begins like ours" "403" "$(code /metrics -H 'Host: 127.0.0.1.evil.example')"
is "localhost" "200" "$(code /healthz -H 'Host: LocalHost:99')"
is "no host" "400" "$(code /healthz -H 'Host:')"
is "no host, HTTP/1.0" "403" "$(code /healthz -0 -H 'Host:')"
is "an unknown path" "404" "$(code /nothing)"
is "its error" '{"error":{"code":"not_found","message":"there is nothing at this path"}}' "$(get /../../etc/passwd --path-as-is)"
is "a POST" "405" "$(code /metrics -d x=1)"
is "says what is allowed" "GET, HEAD" "$(curl -s -i -d x=1 "http://$AT/metrics" | tr -d '\r' | sed -n 's/^Allow: //p')"
is "a body where none is read" "413" "$(code /healthz -X GET -d x=1)"
is "one that does not say its length" "413" "$(code /healthz -X GET -H 'Transfer-Encoding: chunked' -d x=1)"
is "a HEAD" "200" "$(code /metrics -I)"
head -c 20000 /dev/zero | tr '\0' a >"$T/long"
is "a huge header" "431" "$(code /healthz -H "X-Long: $(cat "$T/long")")"
is "a huge path" "414" "$(code "/$(cat "$T/long")")"
head -c 3000000 /dev/zero >"$T/big"
code /metrics -X POST --data-binary @"$T/big" >/dev/null
code /healthz -X GET --data-binary @"$T/big" >/dev/null
exec 9<>"/dev/tcp/${AT%:*}/${AT#*:}" && head -c 5000 /dev/urandom >&9 2>/dev/null; exec 9>&-
# What a proxy before this server might read in another way than this server: the request that it hides must have no answer. shape NAME REQUEST: the hidden one
# asks for /hidden, which has 404; the open ones ask for /healthz.
shape() {
	exec 9<>"/dev/tcp/${AT%:*}/${AT#*:}"
	(printf "$2" >&9) 2>/dev/null    # the server may have closed: that ends the subshell
	local got; got=$(timeout 1.5 cat <&9 | tr -d '\r')
	exec 9>&-
	is "smuggled: $1" "0 yes" "$(grep -c '^HTTP/1.1 404' <<<"$got") $(! grep -q '^HTTP/1.1 200' <<<"$got" && echo yes)"
}
HIDDEN='GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n' H='GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
shape "two lengths" "${H}Content-Length: 0\r\nContent-Length: 47\r\n\r\n$HIDDEN"
shape "a length and chunks" "${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$HIDDEN"
shape "chunks of an unknown kind" "${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n$HIDDEN"
shape "a blank before the colon" "${H}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n$HIDDEN"
shape "a length with a sign" "${H}Content-Length: +47\r\n\r\n$HIDDEN"
shape "a list of lengths" "${H}Content-Length: 0, 47\r\n\r\n$HIDDEN"
shape "a negative length" "${H}Content-Length: -1\r\n\r\n$HIDDEN"
shape "a huge length" "${H}Content-Length: 99999999999999999999999\r\n\r\n$HIDDEN"
shape "a chunk's size that is none" "${H}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n$HIDDEN"
shape "a huge chunk" "${H}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n$HIDDEN"
shape "a control character in a name" "${H}Content\x0bLength: 47\r\n\r\n$HIDDEN"
shape "two hosts" "${H}Host: evil.example\r\n\r\n"
pipelined() { exec 9<>"/dev/tcp/${AT%:*}/${AT#*:}"; (printf "${H}\r\n${H}\r\n$HIDDEN" >&9) 2>/dev/null; timeout 3 cat <&9 | tr -d '\r' | sed -n 's/^HTTP\/1.1 \([0-9]*\).*/\1/p' | paste -sd' '; exec 9>&-; }
is "three in one packet, in their order" "200 200 404" "$(pipelined)"
# Twenty bodies of 4 MB at once from one address, all but their last bytes: some of them are too much, and another address does not notice.
cat >"$T/bodies.pl" <<'PL'
use strict; use IO::Socket::INET;
my ($at, $dir) = @ARGV; my @s; my %n;
for (1 .. 20) {
	my $s = IO::Socket::INET->new(PeerAddr => $at) or die;
	print $s "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n", 'x' x 3999999;
	$s->flush; push @s, $s;
}
open(my $f, '>', "$dir/bodies.held"); close $f;
for (1 .. 100) { last if -e "$dir/bodies.go"; select(undef, undef, undef, 0.1); }
for my $s (@s) { print $s 'x'; $s->flush; my $line = <$s>; $n{(split / /, $line)[1]}++; }
print join(' ', map { "$_ x$n{$_}" } sort keys %n), "\n";
PL
perl "$T/bodies.pl" "$AT" "$T" >"$T/bodies" 2>&1 & BODIES=$!
until_true 20 test -e "$T/bodies.held"
# Sent is what the kernel took. The worker has read what it wants when its memory stays as it is.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$W1/status"; }
is_still() { local before; before=$(resident); nap 0.7; [ "$(resident)" -le $((before + 64)) ]; }
until_true 20 is_still
is "another address, while one sends too much" 404 "$(code /rpc -X POST --interface 127.0.0.2 -H 'Content-Type: application/json' -d '{"method":"x"}')"
touch "$T/bodies.go"; wait "$BODIES"
READ=$(sed -n 's/.*400 x\([0-9]*\).*/\1/p' "$T/bodies") TOLD=$(sed -n 's/.*503 x\([0-9]*\).*/\1/p' "$T/bodies")
is "who sends too much is told, and the rest is read: $READ and $TOLD" "20 yes" "$((READ + TOLD)) $([ "$READ" -ge 14 ] && [ "$READ" -le 16 ] && echo yes)"
is "alive after all that" "200" "$(code /healthz)"
is "forty at once" "40" "$(for i in $(seq 40); do code /metrics & done 2>/dev/null | sed 's/200/&\n/g' | grep -c 200)"
get /metrics >"$T/metrics"
is "nothing of it in the labels" "0 yes" "$(grep -c evil "$T/metrics") $(grep -q '^signalbox_ready 1' "$T/metrics" && echo yes)"

net_worker "$T/w2.log" --listen "$AT"; W2=$!
ready "$T/w2.log"
is "a second worker on the same address works without" "1" "$(grep -c 'no HTTP: the address is in use' "$T/w2.log")"
kill "$W2"; wait "$W2" 2>/dev/null

# One that sends its header a byte at a time has its time; silence too.
if [ -n "$LONG" ]; then
	exec 9<>"/dev/tcp/${AT%:*}/${AT#*:}"
	(for c in G E T ' ' / h e a l t h z ' ' x y z; do printf %s "$c" >&9 || exit; sleep 1; done) 2>/dev/null &
	end=$((SECONDS + 20)) closed=
	while [ $SECONDS -lt $end ]; do read -rt 1 -u 9 _ || [ $? -gt 128 ] || { closed=1; break; }; done
	is "a slow header is cut off" "1" "$closed"
	exec 9>&-
	idle=()
	for i in $(seq 300); do { exec {fd}<>"/dev/tcp/${AT%:*}/${AT#*:}"; } 2>/dev/null && idle+=("$fd"); done
	say 1 "meanwhile"
	within 10 "the work goes on under 300 silent clients" "4" completed
	within 20 "and they are sent away" "200" code /healthz
	for fd in "${idle[@]}"; do exec {fd}>&-; done
fi

tests/lib/pg.sh stop "$T/db" immediate >/dev/null
within 15 "not ready without a database" "503" code /readyz
is "says why" "not_ready" "$(get /readyz | sed 's/.*"code":"\([a-z_]*\)".*/\1/')"
is "alive all the same" "200" "$(code /healthz)"
within 10 "the old numbers are not kept" "0" metric 'signalbox_database_up '
is "metrics all the same" "0" "$(metric 'signalbox_database_up ')"
is "without what only the database knows" "0" "$(get /metrics | grep -c signalbox_queue_messages)"
PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db" >/dev/null
within 15 "ready again" "200" code /readyz
within 10 "the database is there again" "1" metric 'signalbox_database_up '

say 1 "slowly [[words=60 rate=12]]"
within 10 "one is running" "1" running
kill -TERM "$W1"
within 5 "not ready while draining" "503" code /readyz
is "says so" "draining: no new messages are taken" "$(get /readyz | sed 's/.*"message":"\([^"]*\)".*/\1/')"
wait "$W1"
is "ends well" "0" "$?"
finish
