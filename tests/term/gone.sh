#!/bin/bash
# A console whose database goes and comes back: the last frame stays with its time, actions are refused, it reconnects by itself. And frames
# for scripts: --once is the pane, colours and characters follow the environment.
. "$(dirname "$0")/../lib/term.sh"
plan 23
stack_up
for i in 1 2 3; do send luna "waiting number $i" >/dev/null; done

for size in 80x24 120x36 200x60; do
	console "${size%x*}" "${size#*x}"
	see "queue at $size" 'waiting number 3'
	# The clock and the ages differ from one second to the next.
	mask() { sed -E 's/[0-9]{2}:[0-9]{2}:[0-9]{2}//; s/ +[0-9.]+s / /g; s/ +$//'; }
	soon "--once is the pane at $size" "$(screen | mask)" sh -c "'$BIN/signalbox' --once --view queue --size $size --operator tester | $(declare -f mask >/dev/null; echo "sed -E 's/[0-9]{2}:[0-9]{2}:[0-9]{2}//; s/ +[0-9.]+s / /g; s/ +\$//'")"
done
LC_ALL=C "$BIN/signalbox" --once --view queue --ascii yes >"$T/ascii"
is "ASCII only, of a whole screen" "0 yes" "$(LC_ALL=C grep -c '[^ -~]' "$T/ascii") $(grep -q 'waiting number 3' "$T/ascii" && echo yes)"
is "--once of an unknown view" 2 "$("$BIN/signalbox" --once --view nosuch >/dev/null 2>&1; echo $?)"

console 120 36
see "live" ' live '
q "select pg_sleep(0)" >/dev/null
tests/lib/pg.sh stop "$T/db" immediate
see "DOWN is said within 3 s" 'x DOWN  database unreachable' 3
see "the rows are still there" 'waiting number 2'
see "estimates are unknown" '\? +1 +practice|\? +.*waiting number 2'
keys x
see "actions are refused with the reason" 'actions are off'
keys j
see "reading works" '^> .*waiting number 2'
"$BIN/signalbox" --once >/dev/null 2>&1
is "--once without a database" 3 $?
"$BIN/signalbox" status >/dev/null 2>&1
is "status without a database" 3 $?
PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db" >/dev/null
see "live again by itself within 16 s" 'no worker is alive|no active alerts' 16
see "the cursor is where it was" '^> .*waiting number 2'

# Started while the database is away: a frame, not an exit.
tests/lib/pg.sh stop "$T/db" immediate
console 80 24
see "a frame with DOWN" 'x DOWN'
PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db" >/dev/null
see "and then the queue" 'waiting number 1' 16

# Somebody holds a lock: STALE, keys answer, live again after.
{ echo 'begin; lock table signalbox.queue in access exclusive mode;'; read -rt 5 <> <(:); echo 'commit;'; } | psql -qX "$SIGNALBOX_DATABASE_URL" >/dev/null 2>&1 &
LOCKER=$!
see "STALE while a table is locked" 'x STALE' 8
keys j
see "keys answer meanwhile" '^> .*waiting number 2' 2
wait $LOCKER
see "live again" 'no worker is alive|no active alerts' 12
