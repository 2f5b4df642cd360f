#!/bin/bash
# Marks, wide characters, and rows that leave: what stands on the screen is what a key is for, whatever its width and wherever it went.
. "$(dirname "$0")/../lib/term.sh"
plan 64
stack_up
"$BIN/signalbox" pause aria why >/dev/null
WIDE='日本語のメッセージ 받아쓰기 👍'
id_of() { q "select max(m.id) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like 'number $1 %'"; }
# The rows that are marked on the screen, by their number. The cursor's row shows its mark in place of the cursor.
marks() { screen | sed -n 's/^\*.*number \([0-9]\) .*/\1/p' | tr -d '\n'; }
under() { screen | grep -c "^[>*] .* $(id_of "$1") .*number $1 "; }

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	q "select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where processing_status = 'queued'" >/dev/null
	for i in 1 2 3 4 5 6; do send aria "number $i $WIDE$WIDE$WIDE$WIDE$WIDE$WIDE$WIDE" >/dev/null; done
	console "$1" "$2"
	see "wide text $at" 'number 1 日本語'
	is "no line is too wide $at" yes "$([ "$(screen | wc -L)" -le "$1" ] && echo yes)"
	is "it is cut with an ellipsis, in the last cells $at" 6 "$(screen | sed -n '6,11p' | grep -c '…$')"
	is "and its column is the same in each $at" 1 "$(screen | sed -n '6,11p' | awk '{ print index($0, "number") }' | sort -u | wc -l)"

	keys Space
	see "Space marks, and goes down $at" '1 marked'
	keys j Space
	see "two marks $at" '2 marked'
	is "on their rows $at" 13 "$(marks)"
	keys g Space
	see "Space takes it back $at" '1 marked'
	soon "and no other's $at" 3 marks
	keys Space
	see "the next $at" '2 marked'
	soon "has its own $at" 23 marks
	first=$(send aria "first of all" --priority 9)
	see "a new one above $at" '\+1 new'
	soon "moves no mark $at" 23 marks
	keys g
	see "shown $at" '^[>*] .*first of all'
	soon "nor does the top $at" 23 marks
	keys U
	soon "U drops them $at" "" marks
	q "select signalbox.cancel('$first', 'test')" >/dev/null
	see "it left $at" '^> .* left .*first of all'

	# A row that left, and the one that comes after it.
	keys j j; see "on number 2 $at" '^> .*number 2 '
	soon "that is its row $at" 1 under 2
	q "select signalbox.cancel(uuid, 'test') from signalbox.ai_messages where id = $(id_of 2)" >/dev/null
	see "it leaves under the cursor $at" '^> .* left .*number 2 '
	keys j
	see "the cursor goes to the next $at" '^> .*number 3 '
	gone "and the row goes $at" 'number 2 '
	keys x
	see "x is for that one $at" "Cancel message $(id_of 3)"
	keys q
done

# Retried is what is marked, and a cancel is of the attempt that was seen.
worker_up --concurrency 4 --tries 1
for i in 7 8 9; do send luna "number $i [[status=400]]" >/dev/null; done
soon "three failed" 3 q "select count(*) from signalbox.queue where state = 'failed'"
console 120 36 --start-view failed --retry-hold 60s
see "failed" ' 3 bad_request'
keys Tab; see "its messages" '^> .*number 9'
keys j Space Space
see "two marked" '2 marked'
keys g; see "at the top" '^> .*number 9'
keys r
see "retried are two" 'retried 2, skipped 0'
soon "those that were marked" "$(id_of 7) $(id_of 8)" q "select string_agg(message_id::text, ' ' order by message_id) from signalbox.queue where retry_at is not null"

RUNS=$(send luna "number 0 [[hang]]")
soon "one runs" processing q "select processing_status from signalbox.ai_messages where uuid = '$RUNS'"
keys 1; see "the queue" '^[> ].* run .*number 0'
keys g; see "the cursor on it" '^> .* run .*number 0'
keys x; see "x asks" 'It is being answered'
read -rt 0.4 <> <(:) || :
q "set session_replication_role = replica; update signalbox.ai_messages set job_id = gen_random_uuid() where uuid = '$RUNS'" >/dev/null
keys y
see "another attempt than was seen is not cancelled" 'skipped .*: it was tried again meanwhile'
is "it goes on" processing "$(q "select processing_status from signalbox.ai_messages where uuid = '$RUNS'")"

# A mark is of the attempt that was seen: a message that failed again since is not retried by it.
q "select signalbox.cancel('$RUNS', 'test')" >/dev/null
q "select signalbox.retry_undo_many(array(select uuid from signalbox.ai_messages), 'tester')" >/dev/null
console 120 36 --start-view failed --retry-hold 60s
see "failed again" 'bad_request'
keys v; see "flat" '^> .*number 9'
keys g Space
see "one marked" '1 marked'
SEEN=$(id_of 9)
q "set session_replication_role = replica; update signalbox.ai_messages set job_id = gen_random_uuid() where id = $SEEN" >/dev/null
read -rt 3 <> <(:) || :    # a refresh shows the other attempt
keys r
see "it is skipped" 'retried 0, skipped 1'
is "and stays failed" failed "$(q "select processing_status from signalbox.ai_messages where id = $SEEN")"
