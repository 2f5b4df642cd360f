#!/bin/bash
# Why: a roll-out replaces workers one after another, so two versions share one database for a while, the older one's schema already gone.
# The older is built from a commit of this repository: for make check-all only.
. "$(dirname "$0")/../lib/net.sh"
plan 17
OLD=${OLD_COMMIT:-5367386}
if ! git cat-file -e "$OLD^{commit}" 2>/dev/null; then
	skip_all "two versions: no commit $OLD in this repository"
fi
mkdir "$T/old" && git archive "$OLD" | tar -x -C "$T/old"
make -s -C "$T/old" SAN= build/bin/signalbox-worker >"$T/build.log" 2>&1 && ok "the older worker is built" || { not_ok "the older worker: $(tail -3 "$T/build.log")"; exit; }
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null || not_ok migrate
provider_up "$T/port" "$T/provider.log"
agent_up "$(cat "$T/port")"
both_up() {
	RETRIES="" BIN=$T/old/build/bin net_worker "$T/w1.log" --lease 3s --concurrency 20 --drain 5s; W1=$!
	net_worker "$T/w2.log" --lease 3s --concurrency 20 --drain 5s; W2=$!
	ready "$T/w1.log"; ready "$T/w2.log"
}
running_is() { [ "$(running)" = "$1" ]; }
by() { q "select count(*) from signalbox.attempts where worker_name like '%:$1' and $2"; }
both_up
say 200 word
within 20 "two versions answer 200 messages" 200 completed
is "each by one call" 200 "$(grep -c 'word-' "$T/provider.log")"
[ "$(by $W1 true)" -gt 0 ] && [ "$(by $W2 true)" -gt 0 ] && ok "both have a share" || not_ok "both have a share: $(by $W1 true) and $(by $W2 true)"
for version in older newer; do
	[ $version = older ] && victim=$W1 || victim=$W2
	want=$(($(completed) + 40))
	say 40 '[[rate=10 words=30]] lost'
	until_true 10 running_is 40 || not_ok "40 streams run"
	{ kill -9 "$victim" && wait "$victim"; } 2>/dev/null
	within 30 "the other one answers for the $version, killed" $want completed
	[ "$(by $victim "outcome = 'lost'")" -gt 0 ] && ok "its messages were rescued" || not_ok "its messages were rescued"
	if [ $version = older ]; then
		kill $W2
		until_true 10 sh -c "! kill -0 $W2 2>/dev/null"
		both_up
	fi
done
invariants "with two versions"
calls_are_attempts "with two versions"

# And back to the version before: the newer program takes its migrations back, the older one's migrate installs its functions, its worker goes on.
BEFORE=${BEFORE_COMMIT:-14519d7}
if ! git cat-file -e "$BEFORE^{commit}" 2>/dev/null; then
	skip_all "the version before: no commit $BEFORE in this repository"
fi
kill $W1 $W2; wait $W1 $W2 2>/dev/null
mkdir "$T/before" && git archive "$BEFORE" | tar -x -C "$T/before"
make -s -C "$T/before" SAN= >"$T/build.log" 2>&1 || not_ok "the version before: $(tail -3 "$T/build.log")"
"$BIN/signalbox" migrate --to "$(ls "$T"/before/sql/migrations/*.sql | grep -vc '[.]down[.]')" --yes >"$T/down.log" 2>&1; is "taken back" 0 "$?"
"$T/before/build/bin/signalbox" migrate >>"$T/down.log" 2>&1; is "the version before installs its functions" 0 "$?"
RETRIES="" BIN=$T/before/build/bin net_worker "$T/w1.log" --lease 3s; W1=$!
ready "$T/w1.log"
want=$(($(completed) + 5))
say 5 again
within 20 "and its worker answers" $want completed
