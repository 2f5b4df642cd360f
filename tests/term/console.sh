#!/bin/bash
# The console in a real terminal, at 80x24 and 120x36: is every rule of the screen kept - places, identity under the cursor, questions that
# default to no, hostile text made visible, the test console's stream?
. "$(dirname "$0")/../lib/term.sh"
CLIPBOARD=on
plan 108
stack_up

# A frame is written in pieces: what is compared is asked for until it is there.
cursor_line() { screen | grep -n '^>' | sed 's/:.*waiting/:waiting/'; }
rows_shown() { screen | sed -n '6,23p' | grep -cE ' (aria|luna) '; }

# Without a worker everything stays where it is put.
"$BIN/signalbox" pause aria why >/dev/null
for i in $(seq 1 30); do send aria "waiting number $i" >/dev/null; done
send luna "$(printf 'evil \033]0;owned\007\033[2J\033]52;c;aGVsbG8=\007 \342\200\256gpj end')" --priority 5 >/dev/null

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	console "$1" "$2"
	see "queue is shown $at" 'waiting number 1$'
	see "totals $at" 'q(ueued)? 31 '
	see "tabs $at" '\[1 Queue\].*2 Failed.*3 Agents.*6 Test'
	see "no worker is said $at" '! CRIT .*no worker is alive'
	see "reason of waiting $at" 'paused .*paused .*waiting number 1'
	see "hostile text is visible $at" 'evil \^\[\]0;owned\^G'
	is "no title from data $at" "" "$(tm display-message -p -t c '#{pane_title}' | grep owned)"
	is "no clipboard from data $at" "" "$(tm show-buffer 2>/dev/null)"
	tm new-window -d "printf '\\033]52;c;dGFrZW4=\\007'; sleep 1"
	soon "which this terminal would have taken $at" taken tm show-buffer
	tm delete-buffer
	[ "$1" = 80 ] && soon "18 rows $at" 18 rows_shown
	is "no line is too wide $at" yes "$([ "$(screen | wc -L)" -le "$1" ] && echo yes)"

	# The cursor holds a message, not a line.
	keys j j j
	see "cursor moved $at" '^> .*waiting number 3'
	line=$(screen | grep -n '^>' | cut -d: -f1)
	send luna "urgent" --priority 9 >/dev/null
	see "a new row above is counted, not inserted $at" '\+1 new'
	soon "the cursor stayed on its line $at" "$line:waiting number 3" cursor_line
	keys g
	see "g shows it $at" '^> .*urgent'
	q "select signalbox.cancel(m.uuid, 'test') from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content = 'urgent' and m.processing_status = 'queued'" >/dev/null

	# Questions default to no.
	see "what was cancelled stays dim under the cursor $at" '^> .* left '
	keys j; keys g
	see "and goes when the cursor leaves $at" '^> .*evil'
	keys j j
	see "back on a waiting one $at" '^> .*waiting number 2'
	for key in Enter Escape n x; do
		keys x
		see "x asks ($key) $at" 'Cancel message'
		read -rt 0.4 <> <(:) || :    # keys of the first 300 ms are not heard: that is what is tested
		keys $key
		gone "$key closes the question $at" 'y yes '
	done
	is "nothing was cancelled $at" 31 "$(q "select count(*) from signalbox.queue")"

	# The prompt is waited for: keys that arrive in one burst outside of it are taken for a paste, and ignored.
	keys /
	see "/ opens the prompt $at" '^ */ *$'
	keys "number 17" Enter
	see "filter $at" '1-1 of 1'
	see "filter is named $at" 'number 17'
	keys Escape
	see "Esc clears the filter $at" '(1-18|1-23|1-2[0-9]) of 31'
	keys /
	see "/ opens it again $at" '^ */ *$'
	keys "agnt:x" Enter
	see "a wrong filter names the word $at" "no filter 'agnt'; did you mean 'agent'"

	keys '?'
	see "help $at" 'retry: held a moment'
	keys Escape
	gone "Esc closes help $at" 'retry: held a moment'

	tm set-buffer -b p 'rrrDDDxxxq'; tm paste-buffer -p -b p -t c; tm delete-buffer -b p
	see "paste is ignored $at" '10 characters pasted here were ignored'
	keys Enter
	see "Enter opens $at" 'Message [0-9]+ '
	see "the message's facts $at" 'status queued   agent aria'
	keys q
	gone "q goes back $at" 'Message [0-9]+ '
	tm resize-window -t c -x 60 -y 15
	see "60x15" 'POS +ID STATE'
	tm resize-window -t c -x 30 -y 6
	see "30x6" 'wider than'
	tm resize-window -t c -x "$1" -y "$2"
	see "and back $at" '\[1 Queue\]'
	keys 3
	see "agents $at" 'aria +PAUSED'
	keys q; see "q asks first $at" 'q again'; keys q
	see "q q ends with 0 $at" 'ended 0'
done
q "select signalbox.cancel(m.uuid, 'test') from signalbox.ai_messages m where processing_status = 'queued'" >/dev/null
"$BIN/signalbox" resume aria >/dev/null

# With a worker: failures, retries, the test console.
worker_up --concurrency 4
for i in 1 2 3; do send luna "breaks $i [[fail=3]]" >/dev/null; done
soon "three messages failed" 3 q "select count(*) from signalbox.queue where state = 'failed'"
console 120 36
see "alerts are quiet" 'ok    no active alerts'
keys 2
see "failed groups" ' 3 server_error'
keys Tab
see "failed list" '^> .*breaks'
keys r
see "held retry" 'retry in [0-9.]+s \(u undoes\)'
keys u
see "taken back" 'taken back: 1'
is "nothing has changed" 3 "$(q "select count(*) from signalbox.queue where state = 'failed' and retry_at is null")"
keys R
see "R shows what it will do" 'Type 3 to confirm'
read -rt 0.4 <> <(:) || :
keys 3 Enter
see "the group is held" 'retried 3, skipped 0'
soon "and retried by the server" 3 q "select count(*) from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant'"

keys 6
see "test console" 'Test  agent aria'
keys "hello there [[words=40]]" Enter
see "the message is shown at once" '^   hello there' 2
see "the stream is followed" 'streaming'
see "first words" '\[practice\] No model wrote this'
see "done with tokens" 'done [0-9.]+s .* tok'
keys "oops [[status=400]]" Enter
see "failure with its cause" 'failed: bad_request'
keys Escape r
see "retried from the test console" 'retried'
tm kill-server
console 120 36 --start-view test
see "the session is restored" 'hello there'
is "one session" 1 "$(q "select count(distinct session_id) from signalbox.test_sessions")"
