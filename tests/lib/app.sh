# Helpers of tests/adopt/*.sh: an application in its framework's own language, which made its tables itself and goes on running, with all that it
# remembers of them, while they are adopted, worked on and given back. It is told what to do a line at a time and answers with a line.
. "$(dirname "${BASH_SOURCE[0]}")/net.sh"
tests/lib/deps.sh frameworks >/dev/null 2>&1 || :    # the scripts look for what they need, and are skipped without

# app_db: a database with a role for the application, which owns what it makes
app_db() {
	stack_up >/dev/null 2>&1
	q "create role app login in role signalbox_app; grant create, usage on schema public to app" >/dev/null
	export APP_HOST=${SIGNALBOX_DATABASE_URL#host=}
	APP_HOST=${APP_HOST%% *}
}
# app_up COMMAND...
app_up() {
	coproc APP { exec "$@" 2>>"$T/app.log"; }
	PIDS="$PIDS $APP_PID"
	exec 8<&"${APP[0]}" 9>&"${APP[1]}"
}
ask() {
	local line='no answer'
	echo "$*" >&9
	read -rt 40 line <&8
	[[ $line == error* ]] && echo "$line" >>"$T/app.log"
	echo "$line"
}
# dump [OPTION]: the application's schema as pg_dump writes it
dump() { pg_dump "$SIGNALBOX_DATABASE_URL" --schema=public "$@" | grep -v '^--\|^\\\(un\)\?restrict\|^$'; }
rows() { dump --data-only | sort; }
migrate() { "$BIN/signalbox" migrate "$@" >"$T/migrate" 2>&1; echo $?; }
# What of an earlier dump is not in a later one, but for where sequences stand; and what is new in it and no row.
lost() { comm -23 "$1" "$2" | grep -v 'pg_catalog.setval'; }
strange() { comm -13 "$1" "$2" | grep -v "pg_catalog.setval\|$(printf '\t')"; }
sent() { q "select coalesce(string_agg(rag_context::text, ' '), '') from signalbox.ai_messages where rag_context::text like '%$1%'"; }

# life TABLE [OPTION]: all of it, 21 checks. The application answers to: rows, new NAME (a session with a message of NAME's; its number), tell NUMBER TEXT
# (dispatched, and the answer read), direct NUMBER TEXT (two rows of its own, and the answer read), edit NUMBER, delete NUMBER.
life() {
	local table=$1 n ann ben
	shift
	dump -s >"$T/schema0"; rows >"$T/rows0"; n=$(ask rows)
	is "it is adopted" 0 "$(migrate --adopt "$table" "$@")"
	[ -s "$T/migrate" ] && sed 's/^/  | /' "$T/migrate"
	is "and given back" 0 "$(migrate --give-back)"
	is "as it was" "" "$(dump -s | diff "$T/schema0" - | head -20)"
	is "with its rows as they were" "" "$(rows | diff "$T/rows0" - | head -20)"
	is "it is adopted again" 0 "$(migrate --adopt "$table" "$@")"
	worker_up
	is "the application, which still runs, reads its rows" "$n" "$(ask rows)"
	ann=$(ask new ann)
	is "its new session has a number" 1 "$(grep -cE '^[0-9]+$' <<<"$ann")"
	is "what it dispatches is answered" 1 "$(ask tell "$ann" ann-1. | grep -c 'ann-1\.')"
	is "and rows of its own are" 1 "$(ask direct "$ann" ann-2. | grep -c 'ann-2\.')"
	is "the console's own conversation is" 1 "$("$BIN/signalbox" send luna 'console-3.' --wait 2>&1 | grep -c 'console-3\.')"
	ben=$(ask new ben)
	is "somebody else's is" 1 "$(ask tell "$ben" ben-4. | grep -c 'ben-4\.')"
	is "what ann said was sent in her conversation" 1 "$(sent ann-2. | grep -c 'secret of ann')"
	is "and what another said in none but theirs" "0 0" "$({ sent ann-; sent console-; } | grep -c ben) $(sent ben- | grep -c 'ann\|console')"
	is "it edits what it said" edited "$(ask edit "$ann")"
	is "it deletes a session, and what was said there goes" gone "$(ask delete "$ben")"
	is "nothing is left of that here" "0 0" "$(q "select (select count(*) from signalbox.ai_sessions where id = $ben) || ' ' || (select count(*) from signalbox.queue)")"
	kill "$WORKER"; wait "$WORKER" 2>/dev/null
	is "it is given back" 0 "$(migrate --give-back)"
	is "as it was, keys and all" "" "$(dump -s | diff "$T/schema0" - | head -20)"
	rows >"$T/rows1"
	is "with all its rows of before, and further ones" "" "$(lost "$T/rows0" "$T/rows1"; strange "$T/rows0" "$T/rows1")"
	is "the application reads those too" $((n + 5)) "$(ask rows)"
	is "and goes on writing" 1 "$(ask new zoe | grep -cE '^[0-9]+$')"
}
