#!/bin/bash
# What the console asks the database for: a message by the number that every list shows, one that is not there, a read that the server
# refuses. None of it is the link's fault, and no view wears the title of another message.
. "$(dirname "$0")/../lib/term.sh"
plan 42
stack_up
"$BIN/signalbox" pause aria why >/dev/null
A=$(send aria "first question")
B=$(send aria "second question")
ID=$(q "select id from signalbox.ai_messages where uuid = '$A'")
OTHER=$(q "select id from signalbox.ai_messages where uuid = '$B'")

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	console "$1" "$2"
	see "queue $at" 'first question'
	keys :; see "the prompt $at" '^ *: *$'
	keys "msg $ID" Enter
	see "a number opens the message $at" "Message $ID +aria +queued +$A"
	see "and shows it $at" 'first question'
	keys :; keys "msg $B" Enter
	see "a uuid opens it $at" "Message $OTHER +aria +queued +$B"
	keys :; keys "msg 999999" Enter
	see "one that is not there is said so $at" 'there is no message 999999'
	see "under its own title $at" '^ Message 999999 *$'
	keys :; keys "msg nonsense" Enter
	see "nor is one of no sense $at" 'there is no message nonsense'
	see "the link is live $at" ' live '
	keys Escape
	see "one step back $at" 'sort pos'

	# A read that the server refuses: said in the message line, the rest is read, the link stays.
	q "alter function signalbox.failed_page rename to failed_page_away" >/dev/null
	keys 2
	see "a refused read is said $at" 'not read: .*failed_page'
	see "and the link lives $at" ' live '
	q "alter function signalbox.failed_page_away rename to failed_page" >/dev/null
	gone "it is said no more $at" 'not read' 12
done

# The command line takes what the lists show.
"$BIN/signalbox" show "$ID" >"$T/out"
is "show takes a number" 1 "$(grep -c "$A" "$T/out")"
is "cancel takes a number" "$A cancelled" "$("$BIN/signalbox" cancel "$ID")"
is "retry takes a number, and a uuid" "$A queued" "$("$BIN/signalbox" retry "$ID")"
is "cancel takes both" "$A cancelled $B cancelled" "$("$BIN/signalbox" cancel "$A" "$OTHER" | tr '\n' ' ' | sed 's/ $//')"
is "watch takes a number" 1 "$("$BIN/signalbox" watch "$ID" >/dev/null 2>&1; echo $?)"
is "a number that is none" 4 "$("$BIN/signalbox" retry 999999 >/dev/null 2>&1; echo $?)"
is "a word that is none" 2 "$("$BIN/signalbox" cancel nonsense 2>"$T/err"; echo $?)"
is "and its reason" 1 "$(grep -c "'nonsense' is neither an ID of the lists nor a UUID" "$T/err")"
is "a number that is none, watched" 4 "$("$BIN/signalbox" watch 999999 2>"$T/err"; echo $?)"
is "the first that was not done gives the code" 4 "$("$BIN/signalbox" retry 999999 "$ID" >"$T/out" 2>/dev/null; echo $?)"
is "and the others are tried" "$A queued" "$(cat "$T/out")"
is "a session that is none" 2 "$("$BIN/signalbox" send aria hello --session abc 2>/dev/null; echo $?)"

# A way down asks at a terminal, and takes nothing but the number of messages for a yes.
N_MESSAGES=$(q "select count(*) from signalbox.ai_messages")
VERSION=$(q "select version from signalbox.schema_info")
tm kill-server 2>/dev/null
N=$((N + 1)) SOCK=sb$$.$N
tm start-server \; new-session -d -s c -x 120 -y 24 "$BIN/signalbox migrate --down 1; echo ended \$?; read x"
see "migrate --down asks" "the number of messages, $N_MESSAGES, to confirm"
keys y Enter
see "y is no yes" 'nothing was changed'
see "and its code" 'ended 5'
is "the schema is as it was" "$VERSION" "$(q "select version from signalbox.schema_info")"
