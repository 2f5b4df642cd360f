#!/bin/bash
# Keys that arrive in one read, as over a slow link or in a paste without brackets: what begins with / or : is typed into the field it opens; of
# all else nothing is heard, nor of what follows it before a pause. Nothing is done that nobody meant.
. "$(dirname "$0")/../lib/term.sh"
plan 36
stack_up
worker_up --concurrency 4 --tries 1
for i in 1 2 3; do send luna "breaks $i [[status=400]]" >/dev/null; done
failed() { q "select count(*) from signalbox.queue where state = 'failed'"; }
held() { q "select count(*) from signalbox.queue where retry_at is not null"; }
acted() { q "select count(*) from signalbox.operator_log where actor = 'tester'"; }
burst() { keys -l -- "$1"; }    # one write of tmux, and so one read here
pause() { read -rt 0.6 <> <(:) || :; }
soon "three failed" 3 failed

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	console "$1" "$2" --retry-hold 60s --start-view failed
	see "failed $at" ' 3 bad_request'
	keys Tab
	see "the cursor is on a message $at" '^> .*breaks 3'
	burst '/agent:'
	see "a burst opens its field $at" '^ */agent: *$'
	burst 'aria'
	see "and its rest is typed there $at" '^ */agent:aria *$'
	keys Enter
	see "as a filter $at" 'by cause \(v flat\) +agent:aria'
	see "that holds $at" 'no failed message matches'
	keys Escape
	gone "and away again $at" 'agent:aria'
	see "with its rows $at" '^> .*breaks 3'

	burst $'/agent:luna\rrrrr'
	see "a burst with its Enter $at" 'by cause \(v flat\) +agent:luna'
	see "and what comes after it is not heard $at" '4 characters pasted here were ignored'
	pause
	keys Escape
	gone "the filter went $at" 'agent:luna'

	burst 'archive'
	burst 'rx'
	see "a burst without a field is not heard, nor its rest $at" '9 characters pasted here were ignored'
	pause
	tm set-buffer -b p 'rrrDDDxxxq'; tm paste-buffer -b p -t c; tm delete-buffer -b p
	see "a paste without brackets is not heard $at" '10 characters pasted here were ignored'
	pause
	keys 3
	see "agents $at" '^[> ] *aria'
	burst '/agent:luna'
	see "/ opens no field here, and nothing is heard $at" 'characters pasted here were ignored'
	pause
	is "nothing was done $at" 0 "$(acted)"
	is "none is held $at" 0 "$(held)"
done
keys 2
see "back at Failed" '^[> ].*breaks 3'
