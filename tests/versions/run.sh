#!/bin/bash
# Why: rights are where versions of PostgreSQL differ most: from 16 on who makes a role is not yet it. Debian has one version, and others run what their
# provider gives them. So on each of 15 (Debian's), 17 and 18 (out of npm): installed by an owner who is no superuser; restored from a dump of 15 into a
# cluster without the roles; upgraded, with messages in it, from an older commit of this repository. And then used, each role by a login of its own.
. "$(dirname "$0")/../lib/net.sh"
plan 93
HERE=tests/versions OLD=${OLD_COMMIT:-14684ac} UNDO=take_down
npm_peers "versions of PostgreSQL" $HERE
CLUSTERS=() K=0
take_down() { for c in "${CLUSTERS[@]}"; do tests/lib/pg.sh destroy "$c" >/dev/null 2>&1; done; }

# What the packages' install script would do: they come without links, and without leave to run.
for v in 17 18; do
	cp -r "$HERE/node_modules/pg$v/native" "$T/pg$v" && chmod -R a+rX "$T/pg$v" && chmod a+x "$T/pg$v"/bin/*
	node -e 'for (const { source, target } of JSON.parse(require("fs").readFileSync(process.argv[1] + "/pg-symlinks.json")))
		try { require("fs").symlinkSync(require("path").basename(source), target.replace(/^native/, process.argv[1])) } catch (e) { if (e.code != "EEXIST") throw e }' "$T/pg$v"
done
if git cat-file -e "$OLD^{commit}" 2>/dev/null; then
	mkdir "$T/old" && git archive "$OLD" | tar -x -C "$T/old"
	make -s -C "$T/old" SAN= build/bin/signalbox >"$T/build.log" 2>&1 || { not_ok "the older program: $(tail -3 "$T/build.log")"; exit; }
fi
provider_up "$T/port" "$T/provider.log"
URL=http://127.0.0.1:$(cat "$T/port")

# cluster VERSION NAME: a new one; CLUSTER is what psql takes, without user and database
cluster() {
	local dir=$T/$2$1 bin=$T/pg$1/bin
	[ "$1" = 15 ] && bin=/usr/lib/postgresql/15/bin
	CLUSTERS+=("$dir")
	CLUSTER=$(PG_TEST_BIN=$bin PG_TEST_FAST=1 tests/lib/pg.sh start "$dir") || { not_ok "PostgreSQL $1 starts"; exit; }
	CLUSTER="${CLUSTER%% *} port=5432"
	case $(sql signalbox postgres "show server_version") in "$1".*) ok "$V it is" ;; *) not_ok "$V: another version" ;; esac
}
sql() { psql -qXAt -v ON_ERROR_STOP=1 "$CLUSTER user=$1 dbname=$2" -c "$3"; }
box() { local who=$1 db=$2; shift 2; SIGNALBOX_DATABASE_URL="$CLUSTER user=$who dbname=$db" "$BIN/signalbox" "$@"; }
does() { local name=$1; shift; "$@" >"$T/does.log" 2>&1 && ok "$name" || not_ok "$name: $(tail -3 "$T/does.log")"; }
# logins MAKER DATABASE: one of each role
logins() {
	sql "$1" "$2" "create role shop login in role signalbox_app; create role clerk login in role signalbox_worker; create role guest login in role signalbox_viewer;
		create role desk login in role signalbox_operator; create role boss login in role signalbox_admin" || not_ok "$V logins"
}
status() { sql "$1" "$2" "select signalbox.message_status('$3') ->> 'status'"; }
# use NAME DATABASE: seven checks, all roles
use() {
	local db=$2 m
	does "$1: the admin sets up" box boss "$db" provider p set protocol=ollama "base_url=$URL"
	does "$1: an agent" box boss "$db" agent luna set provider=p model=practice
	net_worker "$T/w.log" --database-url "$CLUSTER user=clerk dbname=$db" --tries 1
	local w=$!
	K=$((K + 1))
	m=$(sql shop "$db" "select message_id from signalbox.dispatch('luna', 'word-$K. [[fail=1]]')")
	within 20 "$1: the application's message fails" failed status shop "$db" "$m"
	does "$1: the operator retries" box desk "$db" retry "$m"
	within 20 "$1: the worker answers" completed status shop "$db" "$m"
	is "$1: the viewer reads" completed "$(box guest "$db" show "$m" --json | node -pe 'JSON.parse(require("fs").readFileSync(0)).message.status')"
	does "$1: doctor finds the rights whole" grep -q '^ok *rights ' <(box guest "$db" doctor)
	kill $w
	until_true 15 sh -c "! kill -0 $w 2>/dev/null"
}

for v in 15 17 18; do
	V="PostgreSQL $v:"
	cluster $v own
	sql signalbox postgres "create role dbowner login createrole" && sql signalbox postgres "create database own owner dbowner"
	does "$V an owner without superuser installs" box dbowner own migrate
	does "$V and again" box dbowner own migrate
	logins dbowner own
	use "$V installed" own
	[ $v = 15 ] && pg_dump "$CLUSTER user=signalbox dbname=own" >"$T/dump.sql" && ASKED=$(sql guest own "select uuid from signalbox.ai_messages where role = 'assistant' limit 1")

	cluster $v back
	sql signalbox postgres "create database back" && psql -qX "$CLUSTER user=signalbox dbname=back" -f "$T/dump.sql" >"$T/restore.log" 2>&1
	does "$V restored without roles, doctor says so" grep -q '^FAIL *rights .*no role signalbox_owner' <(box signalbox back doctor)
	does "$V migrate makes it whole" box signalbox back migrate
	logins signalbox back
	is "$V what was said is there" completed "$(status shop back "$ASKED")"
	use "$V restored" back

	if [ ! -d "$T/old" ]; then
		skip "$V no commit $OLD to upgrade from" 10
		continue
	fi
	sql signalbox postgres "create database up"
	BIN=$T/old/build/bin box signalbox up migrate >"$T/does.log" 2>&1 || not_ok "$V the older program: $(tail -1 "$T/does.log")"
	sql signalbox up "select signalbox.provider_set('p', '{\"protocol\": \"ollama\", \"base_url\": \"$URL\"}', 'old'), signalbox.agent_set('luna', '{\"provider\": \"p\", \"model\": \"practice\"}', 'old')" >/dev/null
	keyed="select message_id from signalbox.dispatch('luna', 'word-0.', user_id => 'u', thread_key => 't', idempotency_key => 'k')"
	m=$(sql shop up "$keyed")
	does "$V upgraded" box signalbox up migrate
	is "$V its key is known" "$m" "$(sql shop up "$keyed")"
	use "$V upgraded" up
	is "$V what waited is answered" completed "$(status shop up "$m")"
done
