#!/bin/bash
# Why: workers are on other hosts than the database, and networks fail without saying so. Three namespaces stand for three hosts on one
# switch; each worker has its provider beside it, so that streams go on while the database is out of reach. Whatever is cut, for however
# long: nothing lost, nothing answered twice, and afterwards everything as it was, without a hand.
. "$(dirname "$0")/../lib/net.sh"
plan 23 ${LONG:+40}
P=sb$$
ns() { local h=$1; shift; ip netns exec "$P-$h" "$@"; }
unplug() { for h in sw db w1 w2; do ip netns del "$P-$h" 2>/dev/null; done; }
wire() {
	ip netns add "$P-sw" && ns sw ip link add name sw0 type bridge && ns sw ip link set sw0 up || return 1
	local n=1
	for h in db w1 w2; do
		ip netns add "$P-$h" && ip link add eth netns "$P-$h" type veth peer name "$h" netns "$P-sw" &&
		ns sw ip link set "$h" master sw0 up && ns $h ip addr add 10.77.0.$n/24 dev eth &&
		ns $h ip link set eth up && ns $h ip link set lo up || return 1
		n=$((n + 1))
	done
	ns w1 iptables -w -L -n
}
UNDO=unplug
if [ "$(id -u)" != 0 ] || ! wire >"$T/wire.log" 2>&1; then
	skip_all "network loss: no root, or no namespaces with iptables here"
fi
# A black hole swallows both ways; a reset is what a firewall or a dead host's neighbour sends.
hole() { ns $1 iptables -w -A OUTPUT -o eth -j DROP && ns $1 iptables -w -A INPUT -i eth -j DROP; }
resets() { ns $1 iptables -w -A OUTPUT -o eth -p tcp -j REJECT --reject-with tcp-reset; }
mend() { ns $1 iptables -w -F; ns $1 ip link set eth up; }

SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 PG_TEST_LISTEN=10.77.0.1 ns db tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null || not_ok migrate
for i in 1 2; do IN="ip netns exec $P-w$i" provider_up "$T/port$i" "$T/provider$i.log" --port 8099; done
agent_up 8099
FAR='host=10.77.0.1 port=5432 user=signalbox dbname=signalbox'
LEASE=4
for i in 1 2; do
	SIGNALBOX_DATABASE_URL=$FAR IN="ip netns exec $P-w$i" net_worker "$T/w$i.log" --lease ${LEASE}s --concurrency 20 --drain 5s
	eval W$i=$!
	ready "$T/w$i.log"
done
unset IN

of() { q "select count(*) from signalbox.attempts where worker_name like '%:$1' and $2"; }
running_is() { [ "$(running)" = "$1" ]; }
log_says() { grep -q "$2" "$T/$1.log" && echo yes; }
batch() {    # batch NAME: 100 messages; how long they take
	local start=$SECONDS want=$(($(completed) + 100))
	say 100 "$1"
	within 30 "100 messages are answered: $1" $want completed
	TOOK=$((SECONDS - start))
}
batch before
BEFORE=$TOOK
[ "$(of $W1 true)" -gt 0 ] && [ "$(of $W2 true)" -gt 0 ] && ok "by workers on two hosts" || not_ok "by workers on two hosts: $(of $W1 true) and $(of $W2 true)"
is "each by one call" 100 "$(cat "$T"/provider?.log | grep -c 'before-')"

# --- one worker in a black hole, longer than its lease, with streams running
want=$(($(completed) + 40))
say 40 '[[rate=10 words=60]] hole'
until_true 10 running_is 40
MINE=$(q "select count(*) from signalbox.queue q join signalbox.workers w on w.id = q.worker_id where q.state = 'running' and w.name like '%:$W1'")
hole w1
[ "$MINE" -gt 0 ] && ok "a worker is cut off with $MINE streams running" || not_ok "the worker had none"
within 15 "it has noticed" yes log_says w1 "lease not renewed"
within $((3 * LEASE)) "its messages are rescued about one lease later" "$MINE" of $W1 "outcome = 'lost'"
within 30 "the other worker answers them all" $want completed
rows() { q "select md5(string_agg(m::text, '' order by id)) from signalbox.ai_messages m"; }
ROWS=$(rows)
mend w1
within 20 "back, it finds its lease lost" yes log_says w1 "lease lost: all"
within 10 "and begins a new one" yes log_says w1 "new lease"
within 10 "what it did is on the books" "$MINE" of $W1 "outcome = 'lost' and generation_ms is not null"
is "once" 0 "$(q "select count(*) from (select from signalbox.ai_costs group by job_id, call having count(*) > 1) x")"
is "and changed no message" "$ROWS" "$(rows)"
say 40 '[[slow=300]] after'
within 20 "all are answered" $((want + 40)) completed
[ "$(q "select count(*) from signalbox.attempts a join signalbox.workers w on w.id = a.worker_id where w.ended_at is null and a.worker_name like '%:$W1'")" -gt 0 ] &&
	ok "it takes work again" || not_ok "it takes work again"
invariants "after a black hole"
calls_are_attempts "after a black hole"

# --- a console in a black hole
N=$((N + 1)) SOCK=sb$$.$N
tm new-session -d -s c -x 120 -y 30 "SIGNALBOX_DATABASE_URL='$FAR' ip netns exec $P-w2 $BIN/signalbox --operator tester; read x"
see "a console on another host" ' live ' 8
hole w2
see "says STALE or DOWN, not live" 'x (STALE|DOWN)' 6
mend w2
see "and is live again" 'no active alerts' 30
[ -n "$LONG" ] || exit

# --- the first of two hosts has vanished: it must not hide the second
ns db ip addr add 10.77.0.50/24 dev eth
ns db iptables -w -A INPUT -d 10.77.0.50 -j DROP
SIGNALBOX_DATABASE_URL="host=10.77.0.50,10.77.0.1 port=5432 user=signalbox dbname=signalbox" IN="ip netns exec $P-w1" net_worker "$T/w3.log" --drain 1s; W3=$!
within 40 "a worker gets past a vanished host" yes log_says w3 ready
kill $W3

# --- connections reset
want=$(($(completed) + 40))
say 40 '[[rate=20 words=60]] reset'
until_true 10 running_is 40
resets w1; resets w2
within 5 "reset connections are noticed" yes log_says w2 "lease not renewed"
mend w1; mend w2
within 20 "all are answered" $want completed
invariants "after resets"
calls_are_attempts "after resets"

# --- a cable pulled: the other worker, the other way
want=$(($(completed) + 40))
say 40 '[[rate=10 words=60]] cable'
until_true 10 running_is 40
ns w2 ip link set eth down
within 40 "the other worker answers all" $want completed
mend w2
within 30 "the cut worker begins a new lease" yes log_says w2 "new lease"
invariants "after a pulled cable"
calls_are_attempts "after a pulled cable"

# --- both cut off for much longer than everything, with streams running and messages waiting
for s in 25 130; do
	want=$(($(completed) + 100))
	say 100 "[[rate=10 words=60]] both"
	until_true 10 running_is 40
	hole w1; hole w2
	until_true $s false
	is "nothing is answered while both are cut ($s s)" "yes" "$([ "$(completed)" -lt $want ] && echo yes)"
	mend w1; mend w2
	within 60 "all are answered after $s s of silence" $want completed
	invariants "after $s s"
	calls_are_attempts "after $s s"
	batch "$( [ $s = 25 ] && echo later || echo latest )"
	[ $TOOK -le $((5 * BEFORE + 10)) ] && ok "throughput is back ($BEFORE s before, $TOOK s after)" || not_ok "throughput: $BEFORE s before, $TOOK s after"
done
is "attempts are unique" 0 "$(q "select count(*) from (select from signalbox.attempts group by message_id, number having count(*) > 1) x")"
kill $W1 $W2
until_true 15 sh -c "! kill -0 $W1 2>/dev/null && ! kill -0 $W2 2>/dev/null" && ok "both end" || not_ok "both end"
is "with a good-bye" 0 "$(q "select count(*) from signalbox.workers where ended_at is null")"
