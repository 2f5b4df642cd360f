#!/bin/bash
# Why: the disk of the database is full for ten seconds while two hundred answers are streaming. What was answered meanwhile was paid for: it is kept, said to be,
# and written when there is room. The tables lie on a small disk of their own, so it is the answers that find no room, and not the server's log, without which it
# stops (restart.sh).
. "$(dirname "$0")/../lib/net.sh"
plan 13
[ "$(id -u)" = 0 ] || skip_all "a full disk: no root, no mount"
DISK=$(mktemp -d /var/tmp/signalbox-disk.XXXXXX)
UNDO=undo
undo() { tests/lib/pg.sh stop "$T/db" immediate; umount "$DISK" && rmdir "$DISK"; }
mount -t tmpfs -o size=64m tmpfs "$DISK" 2>/dev/null || { UNDO=:; rmdir "$DISK"; skip_all "a full disk: no mount here"; }
db() { PG_TEST_FAST=1 tests/lib/pg.sh "$@" "$T/db" ${MODE:-}; }
SIGNALBOX_DATABASE_URL=$(db start) || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL
ROOT=$(readlink "$T/db/pg" || echo "$T/db")
db stop
chown postgres: "$DISK"
mv "$ROOT/data/base" "$DISK/base" && ln -s "$DISK/base" "$ROOT/data/base" || not_ok "the tables are moved"
db start >/dev/null || { not_ok "the server starts with its tables on the small disk"; exit; }
"$BIN/signalbox" migrate >/dev/null || not_ok migrate
provider_up "$T/port" "$T/provider.log"
agent_up "$(cat "$T/port")"
for i in 1 2; do net_worker "$T/w$i.log" --lease 15s --concurrency 100 --drain 5s; done
within 10 "two workers" 2 q "select count(*) from signalbox.workers where ended_at is null and lease_until > now()"

running_is() { [ "$(running)" = "$1" ]; }
kept() { q "select (signalbox.queue_status() ->> 'records_kept')::int > 0"; }
say 200 '[[rate=10 words=40]] disk'
until_true 10 running_is 200 || not_ok "200 streams run"
cat /dev/zero >"$DISK/ballast" 2>/dev/null
full=$SECONDS
within 12 "records are kept, and said to be" t kept
is "an alert says so" WARN "$(q "select a ->> 'level' from jsonb_array_elements(signalbox.queue_status() -> 'alerts') a where a ->> 'name' = 'kept'")"
until_true $((10 - (SECONDS - full))) false
[ "$(completed)" -lt 200 ] && ok "not all could be written" || not_ok "not all could be written"
grep -q 'No space left on device' "$ROOT/log" && ok "the disk was full" || not_ok "the disk was full"
rm "$DISK/ballast"
within 30 "200 answers, after a disk that was full for 10 s" 200 completed
within 5 "nothing is kept any more" 0 q "select signalbox.queue_status() ->> 'records_kept'"
invariants "after a full disk"
is "each was called once" 200 "$(grep -c 'disk-' "$T/provider.log")"
