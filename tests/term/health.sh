#!/bin/bash
# Agents and Health in a real terminal, at 80x24 and 120x36: does an operator see who is held, by what and for how long, is the worst alert
# first and its action whole, and does a breaker change by hand only when its name was typed, and only for a role that may?
. "$(dirname "$0")/../lib/term.sh"
plan 219

heard() { read -rt 0.4 <> <(:) || :; }    # keys of the first 300 ms of a question are not heard
wide() { screen | wc -L; }
alert() { screen | sed -n 3p; }
fits() { is "no line is too wide $1" yes "$([ "$(wide)" -le "$2" ] && echo yes)"; }
cost() { q "select cost_today_usd from signalbox.agents_page() where slug = '$1'"; }
answered() { q "select count(*) from signalbox.ai_messages m join signalbox.ai_sessions s on s.id = m.session_id join signalbox.agents a on a.id = s.agent_id
	where a.slug = '$1' and role = 'assistant' and processing_status = 'completed'"; }
script() { curl -fsS -X POST --data "$2" "http://127.0.0.1:$(cat "$T/port")/practice/script?name=$1" >/dev/null; }
once() { "$BIN/signalbox" --once --view "$1" --size "$2"; }

# Nothing is there yet.
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db"); export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null
is "an empty Health says what to do" 2 "$(once health 80x24 | grep -cE 'no provider yet: signalbox provider|no worker is alive: start')"
is "empty Agents say what to do" 1 "$(once agents 80x24 | grep -c 'no agent yet: signalbox agent')"

stack_up >/dev/null
q "insert into signalbox.model_prices values ('practice', '', '2024-01-01', 1000000000, 2000000000, null, 'practice: invented')" >/dev/null
S=$BIN/signalbox
"$S" provider q set protocol=ollama "base_url=http://127.0.0.1:$(cat "$T/port")/p/q" daily_tokens=100000 timezone=Asia/Tokyo >/dev/null
for a in near full; do "$S" agent $a set provider=p model=practice max_tokens=50 >/dev/null; done
"$S" agent free set provider=p model=unpriced >/dev/null
"$S" agent lone set provider=q "model=$(printf 'ev\033]0;owned\007il')" >/dev/null
"$S" agent aria set chain=q:practice rate_limit_per_min=30 >/dev/null
worker_up --concurrency 4
for a in near full free; do send $a "hello [[words=20 rate=0]]" >/dev/null; done
for a in near full free; do soon "$a has answered" 1 answered $a; done
soon "what it cost is known" t q "select bool_and(cost_today_usd > 0) from signalbox.agents_page() where slug in ('near', 'full')"
"$S" agent near set "budget_day=$(q "select round($(cost near) / 0.86, 4)")" >/dev/null
"$S" agent full set "budget_month=$(cost full)" >/dev/null
send full "waits for money" >/dev/null
script q status=500
for i in 1 2 3 4 5 6; do send lone "fails $i" >/dev/null; done
soon "the breaker opened by itself" open q "select state from signalbox.breakers where provider = 'q'"
q "update signalbox.breakers set until = clock_timestamp() + interval '50 min' where provider = 'q'" >/dev/null    # no probe meanwhile

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	console "$1" "$2" --start-view agents
	see "budget nearly used $at" 'near +ok .*\[########\.\.\] 8[67]%'
	see "budget used $at" 'full +held .*\[##########\] 100%'
	see "unknown cost is unknown $at" 'free +ok .* unknown'
	see "parked $at" 'lone +parked'
	see "chain $at" 'chain +p +practice +free'
	see "second of the chain $at" '^ +q +practice +free'
	see "limits $at" 'rate limit 30/min'
	keys j j
	see "why it is held $at" 'state +held +the next message does not fit'
	see "its budget $at" 'budget +month \$.* \(100%\) +of it reserved .*warns at 80%'
	keys j
	see "hostile model in the chain, held for so long $at" 'q +ev\^\[\]0;owned\^Gil +held [0-9ms]+ +server_error'
	fits "in Agents $at" "$1"
	see "worst alert first $at" '! CRIT .*\+[1-9] more$'
	is "no title from data $at" "" "$(tm display-message -p -t c '#{pane_title}' | grep owned)"

	# Sorted, of another time, and with another budget.
	keys G
	see "where its day went $at" 'cost +today \$.*practice'
	see "when $at" 'hours .*00h to [0-9]+h UTC.* peak'
	keys o
	see "sorted by cost $at" 'sort cost'
	is "the dearest first $at" "$(q "select slug from signalbox.agents_page() order by cost_today_usd desc, slug limit 1")" \
		"$(screen | sed -n 6p | tr -d '>' | awk '{ print $1 }')"
	see "still on it $at" '^> *near'
	keys O; see "the other way $at" 'sort cost \(O\)'
	for s in msg/m errors p95 waiting agent; do keys o; see "by $s $at" "sort $s"; done
	keys W; see "of a day $at" 'last 24 h'
	keys W; see "of a week $at" 'last 7 d'
	keys W; see "of a quarter $at" 'last 15 min'
	keys W; see "of an hour $at" 'last 60 min'
	keys g; keys j
	see "on free $at" '^> *free'
	for amount in NaN 2.5 ""; do
		keys B; see "B asks ($amount) $at" 'Budget of free'; heard
		keys d; see "and for the name ($amount) $at" 'Type free to confirm'; heard
		keys free Enter; see "and how much ($amount) $at" 'USD, then Enter'; heard
		keys "$amount" Enter
		case $amount in
		NaN) see "no such budget $at" 'not done free: ' ;;
		2.5) soon "the budget is set $at" 2.5 q "select budget_day from signalbox.agents where slug = 'free'" ;;
		*) see "taken away $at" 'free has no such budget any more' ;;
		esac
	done
	is "it is gone $at" "" "$(q "select budget_day from signalbox.agents where slug = 'free'")"

	keys 4
	see "health $at" '\[4 Health 1\]'
	see "open breaker with its seconds $at" 'q +OPEN, probe in [0-9ms]+ +[5-6] of [5-6]'
	see "p is forced closed $at" '> *p +forced closed'
	keys j
	see "address $at" 'address +ollama +agents .* key .* http://.*/p/q'
	see "quota $at" 'quota +[0-9]+ of 100.0k tokens today \(day of Asia/Tokyo\)'
	see "last error with its age $at" 'error +[0-9ms]+ ago +.*HTTP 500'
	see "breaker's reason $at" 'breaker +OPEN, probe in [0-9ms]+ +ev\^\[\]0;owned\^Gil: [56] of [56] calls failed'
	see "history $at" 'before +[0-9:]{8} +opened'
	see "worker $at" ' (idle|busy) +[0-9]+ of 4 '
	fits "in Health $at" "$1"

	# b: every way out but the name changes nothing.
	for key in Enter Escape b x; do
		keys b
		see "b asks ($key) $at" 'now: OPEN.*wait for it'
		heard; keys $key
		gone "$key closes the menu $at" 'Breaker of q'
	done
	keys b; see "menu $at" 'a letter chooses'; heard
	keys o; see "forcing asks for the name $at" 'Type q to confirm'; heard
	keys y
	heard
	is "y is not the name $at" 1 "$(screen | grep -c 'Type q to confirm: y\|Type q to confirm, Esc to cancel: y')"
	keys Escape
	see "nothing was changed $at" 'nothing was changed'
	is "not forced $at" "" "$(q "select forced from signalbox.breakers where provider = 'q' and forced is not null")"
	keys k; see "back on p $at" '> *p '
	keys b; see "menu of p $at" 'Breaker of p'; heard
	keys o; see "p asks for its name $at" 'Type p to confirm'; heard
	keys p Enter
	see "p is forced open $at" '> *p +FORCED OPEN'
	see "who did it $at" 'forced open +by tester'
	send luna "waits for p" >/dev/null
	see "one is held $at" '> *p +FORCED OPEN .* [1-9] '
	is "status says who forced it $at" 1 "$("$S" status | grep -c 'provider p: breaker forced open by tester')"
	alert >"$T/alert"
	is "the bar is not cut within a word $at" "0 yes" "$(grep -cE '[^ ]…' "$T/alert") $(grep -q 'CRIT' "$T/alert" && echo yes)"
	keys 1
	see "its message is parked $at" 'parked +luna +.*breaker'
	keys 4
	keys b; see "menu again $at" 'Breaker of p'; heard
	keys a; see "freeing asks $at" 'Free p'; heard
	keys y
	see "p is free $at" '> *p +closed'
	soon "luna was answered $at" "$(($1 == 80 ? 1 : 2))" answered luna
	keys : ; see "the prompt $at" '^ ?:'
	keys -l "filter agent:luna"; keys Enter
	see "nothing is filtered here $at" 'filter: not in this view'
	keys K; see "K is for workers $at" 'Tab to the workers'
	keys Tab j; see "the other pane $at" '^> .* of 4 '
	see "PostgreSQL $at" 'postgres +[0-9.]+ +console reads in .* LISTEN ok +connections'
	keys K; see "K asks $at" 'takes no more, and ends'; heard
	keys y
	see "nobody is drained by a y $at" 'Type .* to confirm'
	keys Escape
	is "no one asked it to end $at" "" "$(q "select actor from signalbox.worker_drains")"
	keys q; see "q asks $at" 'q again'; keys q
	"$S" provider p set breaker=closed >/dev/null
	is "--once health $at" 1 "$(once health "$1x$2" | grep -c 'OPEN, probe in\|OPEN, next')"
	is "--once agents $at" 1 "$(once agents "$1x$2" | grep -c 'full  *held')"
done

# The commands say the same at 80 columns.
for c in agents providers "agent lone" "agent full"; do
	is "$c is 80 columns" yes "$([ "$("$S" $c | wc -L)" -le 80 ] && echo yes)"
done
is "agents say who has none" "- 8 10" "$("$S" agents | awk '$1 == "luna" { l = $NF } $1 == "near" { n = substr($NF, 1, 1) } $1 == "full" { f = substr($NF, 1, 2) } END { print l, n, f }')"
is "agents say who is paused" 1 "$("$S" pause luna "for lunch" >/dev/null; "$S" agents | grep -c 'paused by .*: for lunch'; "$S" resume luna >/dev/null)"
is "agent says its budget" 1 "$("$S" agent full | grep -cE '^budget, month +\$.* \(100%\)')"
is "agent says its chain" 1 "$("$S" agent lone | grep -cE '^chain +1 q +ev\^\[\]0;o.* (held|probe)')"
is "provider says its breaker" 1 "$("$S" provider q | grep -cE '^breaker +open')"
is "status says the worst first" '  ! CRIT' "$("$S" status | grep -m1 -o '^  ! [A-Z]*')"

# Who may retry may not force: the database says so.
q "create role op login; grant signalbox_operator, signalbox_viewer to op" >/dev/null
SIGNALBOX_DATABASE_URL=${SIGNALBOX_DATABASE_URL/user=signalbox/user=op} console 80 24 --start-view health
see "an operator sees it" 'q +OPEN'
see "and everybody's connections" 'connections +([4-9]|[1-9][0-9])/'    # the worker alone has more than three
keys b; see "and may ask" 'Breaker of p'; heard
keys o; see "may type" 'Type p'; heard
keys p Enter
see "and is refused" 'skipped p: permission denied'
is "nothing was forced open" closed "$(q "select forced from signalbox.breakers where provider = 'p'")"

# A worker that was asked to end ends; another takes its place.
console 120 36 --start-view health
see "the worker" ' of 4 '
keys Tab; see "under the cursor" '^> .* of 4 '
keys K; see "its name is asked for" 'Type .* to confirm'; heard
keys "$(q "select name from signalbox.workers where ended_at is null")" Enter
soon "it went" 0 q "select count(*) from signalbox.workers where ended_at is null"
is "who asked is known" tester "$(q "select actor from signalbox.operator_log where action = 'drain_worker'")"
worker_up --concurrency 4
soon "another came" 1 q "select count(*) from signalbox.workers where ended_at is null"

# A name that nobody can type is not what is asked for, nor is no name a yes.
q "insert into signalbox.workers (id, name, version, concurrency, lease_until) values ('deadbeef-0000-4000-8000-000000000000', '', '1', 1, now() + interval '1 h')" >/dev/null
see "the nameless" '2, 0 of 5 slots'
keys G; keys g    # off the one that went
for name in "''" "E'a\\x1b]0;owned\\x07'" "repeat('日本', 20)"; do
	q "update signalbox.workers set name = $name, version = 'v${#name}' where id::text like 'deadbeef%'" >/dev/null
	see "on it: $name" "^> .* 0 of 1 .* v${#name}( |$)"
	keys K; see "its number is asked for: $name" 'Type deadbeef to confirm'; heard
	keys Escape; gone "Esc closes it: $name" 'Type deadbeef'
done
q "delete from signalbox.workers where id::text like 'deadbeef%'" >/dev/null

# A worker that is gone is seen.
kill -9 "$WORKER"
q "update signalbox.workers set lease_until = clock_timestamp() - interval '1 s'" >/dev/null
see "its lease is over" 'STALE .* gone'
see "and nobody works" '! CRIT .*no worker is alive'
