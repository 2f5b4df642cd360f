#!/bin/bash
# Calls of tools as an operator sees them: a line each with how it ended, arguments and result on demand; in Message and in Test; on the command line.
. "$(dirname "$0")/../lib/term.sh"
plan 30
stack_up
q "create schema shop; grant usage on schema shop to public;
	create function shop.find(arguments jsonb, context jsonb) returns text language plpgsql as \$\$ begin
		perform pg_sleep(coalesce((arguments ->> 'sleep')::float, 0));
		if arguments ? 'bad' then raise exception E'no such \\x1b[31morder'; end if;
		return E'found \\x1b]0;owned\\x07 ' || coalesce(context ->> 'user_id', 'nobody'); end \$\$"
"$BIN/signalbox" tool find set kind=sql function=shop.find description='an order' >/dev/null
"$BIN/signalbox" agent luna set tools=find >/dev/null
is "a tool is listed with who has it" 1 "$("$BIN/signalbox" tools | grep -c '^find  *sql  *0  *0  *-  *safe  *luna')"
is "and shown whole" 1 "$("$BIN/signalbox" tool find | grep -c '^function *shop.find')"
is "tools of an agent without" 1 "$("$BIN/signalbox" tools --agent aria | grep -c 'has no tools')"
is "a tool that is not there" 4 "$("$BIN/signalbox" tool nothing >/dev/null 2>&1; echo $?)"
worker_up
for size in "80 24" "120 36"; do
	ID=$(send luna "[[rate=0 ask=find{\"n\":$SECONDS};find{\"bad\":1};nothing{};find{\"sleep\":4}]] where is it" --user bob)
	console $size
	see "the console at $size" '(run|stream) +luna'
	keys Enter
	see "a call that runs" '^ +find: running$'
	see "Message has its calls" 'calls of tools \(e shows them\)'
	see "one that was done" '^ +find: ok  [0-9]+ ms'
	see "one that failed, with the reason made safe" '^ +find: error .*no such \^\[\[31morder'
	see "one that was not made" '^ +nothing: refused .*no tool of this name'
	keys e
	see "arguments and results on demand" '^ +found \^\[\]0;owned\^G bob'
	is "no title from a tool" '' "$(tm display-message -p -t c '#{pane_title}' | grep owned)"
	keys ":test luna" Enter
	see "the test console" 'Test  agent luna'
	keys '[[rate=0 ask=find{"sleep":2}]] slowly'
	see "the question is typed" 'slowly'
	read -rt 0.3 <> <(:) || :
	keys Enter
	see "a call is shown while it runs" '^ +find: running$'
	see "and when it has ended" '^ +find: ok  2[0-9]{3} ms'
	tm kill-server
done
"$BIN/signalbox" show "$ID" >"$T/show"
is "show has the calls, made safe" "1 1 1" "$(grep -c '^  1  find  ok' "$T/show") $(grep -c '^  1  find  error .*no such \^\[\[31morder' "$T/show") $(grep -cF 'found ^[]0;owned^G bob' "$T/show")"
is "and says what was not made" 1 "$(grep -c '^  1  nothing  refused .*there is no tool of this name' "$T/show")"
