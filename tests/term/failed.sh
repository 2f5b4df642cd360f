#!/bin/bash
# Failed: what R, r and the command line's retry act on is what was shown and counted. A group is the server's, whole, frozen when the box opens;
# a key is for what the screen marks; a number is typed to its end.
. "$(dirname "$0")/../lib/term.sh"
plan 77
stack_up
"$BIN/signalbox" provider p2 set protocol=ollama breaker=closed "base_url=http://127.0.0.1:$(cat "$T/port")" >/dev/null
"$BIN/signalbox" agent archive set provider=p2 model=practice >/dev/null
worker_up --concurrency 8 --tries 1
failed() { q "select count(*) from signalbox.queue where state = 'failed'"; }
held() { q "select count(*) from signalbox.queue where retry_at is not null"; }
fail() { local a=$1 i; shift; for i; do send "$a" "breaks $i [[status=400]]" >/dev/null; done; }
cursor() { screen | grep -c '^[>*] '; }

fail archive 71 72 73
soon "three of another provider failed" 3 failed
fail luna 1 2 3 4 5
soon "and five of the first" 8 failed

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	more=$([ "$1" = 80 ] && echo "6 7 8 9 10 11 12 13 14 15" || echo 17)
	n=$([ "$1" = 80 ] && echo 15 || echo 17) shown=$([ "$1" = 80 ] && echo 5 || echo 16)
	console "$1" "$2" --retry-hold 60s
	see "queue $at" 'the queue is empty'
	keys 2
	see "two groups $at" "^> +$shown bad_request +p "
	see "the title counts the group $at" "─ bad_request, $shown ─"

	# With the cursor on the groups no message is meant.
	for key in r P T Space V x; do
		keys $key
		see "$key is for no message $at" 'the groups have the cursor: Tab goes to the messages'
		keys j k
	done
	is "none is held $at" 0 "$(held)"

	# New rows are hidden, the group is the server's.
	keys Tab
	see "the messages have the cursor $at" '^> .*breaks'
	keys j
	see "second row $at" '^> .*breaks'
	fail luna $more
	see "new ones are hidden $at" "\\+$((n - shown)) new"
	keys R
	see "R counts all of the group $at" "Retry $n messages"
	is "and is done with counting $at" 0 "$(screen | grep -c 'counting what')"
	see "frozen $at" "frozen +$n ids taken at [0-9:]{8}; later failures are not added"
	see "what it cost, and side effects $at" 'tools +0, no tool had run'
	see "the cost so far $at" 'cost so far +'

	# Frozen: what fails now is not in it, what another has retried is skipped. And Enter ends the number.
	first=$(q "select m.uuid from signalbox.ai_messages m join signalbox.queue q on q.message_id = m.id where m.processing_status = 'failed' and q.retry_at is null and m.processing_error like 'bad_request%' order by m.id desc limit 1")
	q "select signalbox.retry_hold('$first', 'another', null, null, '1 h')" >/dev/null
	[ "$1" = 80 ] && fail luna 16
	soon "one more failed $at" $((n + 3 + ($1 == 80))) failed
	read -rt 0.4 <> <(:) || :    # keys of the first 300 ms are not heard
	keys "$n"
	see "the number alone does nothing $at" "to confirm, Esc to cancel: $n"
	is "not yet $at" 1 "$(held)"
	keys Enter Enter
	see "then Enter does $at" "retried $((n - 1)), skipped 1"
	gone "and one more Enter opens nothing $at" 'Message [0-9]+ '
	is "those and no others $at" "$n" "$(held)"
	keys u
	see "u takes back $at" 'taken back'
	soon "but not what another has retried $at" 1 held
	q "select signalbox.retry_undo('$first', 'another')" >/dev/null
	soon "none is held any more $at" 0 held

	# Enter before the number is whole, and a wrong number, do nothing.
	keys g R
	see "R asks again $at" 'Type [0-9]+ to confirm'
	read -rt 0.4 <> <(:) || :
	keys 9 9 Enter
	see "a wrong number leaves the box $at" 'to confirm, Esc to cancel: 99'
	keys Escape
	see "Esc closes it $at" 'nothing was changed'
	is "nothing is held $at" 0 "$(held)"
done

# The other group has its own rows: those of its provider.
keys Tab j
see "the second group" '^> +3 bad_request +p2'
see "has its own messages" 'archive .*breaks 73'
gone "and no others" 'luna .*breaks'
keys Tab; see "its messages have the cursor" '^> .*breaks 7'
keys Space Tab
see "marked" '1 marked'
keys r
see "a mark is meant whichever pane has the cursor" 'retried (1|[0-9]+)'
is "that one" 1 "$(held)"
keys u; soon "taken back" 0 held

# The command line: a slug is a value.
"$BIN/signalbox" retry --failed --agent archive --dry-run 2>"$T/out"
is "retry --failed --agent counts the agent's" 1 "$(grep -c '^3 failed messages match' "$T/out")"
"$BIN/signalbox" retry --failed --agent archive --filter 'text:"breaks 71"' --since 1h --dry-run 2>"$T/out"
is "with a filter and a time" 1 "$(grep -c '^1 failed messages match' "$T/out")"
is "an agent that is not there is no empty list" 4 "$("$BIN/signalbox" retry --failed --agent 'archive|luna' --dry-run 2>/dev/null; echo $?)"
is "nor is a time that is none" 2 "$("$BIN/signalbox" retry --failed --since soon --dry-run 2>/dev/null; echo $?)"
"$BIN/signalbox" retry --failed --agent archive --yes >"$T/out" 2>/dev/null
is "and retries them" 3 "$(grep -c ' queued$' "$T/out")"
