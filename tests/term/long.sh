#!/bin/bash
# A message longer than the screen, and than what is read at once: it opens at its beginning, is read on as it is scrolled, says where it is cut,
# and what is copied, saved or shown is all of it.
. "$(dirname "$0")/../lib/term.sh"
plan 69
stack_up
worker_up
LINES_N=60000
A=$(send luna "what is long?")
B=$(send luna "another question")
done_() { q "select count(*) from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'"; }
soon "answered" 2 done_
q "set session_replication_role = replica; update signalbox.ai_messages set content = (select string_agg('answer line ' || i || E' \u2026 wide 日本', E'\n' order by i) from generate_series(1, $LINES_N) i) where uuid = '$A'" >/dev/null
printf %s "$(q "select content from signalbox.ai_messages where uuid = '$A'")" >"$T/want"
CHARS=$(q "select length(content) from signalbox.ai_messages where uuid = '$A'")
ID=$(q "select id from signalbox.ai_messages where uuid = '$A'")
copies() { ls "$T"/state/signalbox/"$1"-*.txt 2>/dev/null | wc -l; }
newest() { ls -t "$T"/state/signalbox/"$1"-*.txt | head -n 1; }
same() { cmp -s "$(newest "$1")" "$2" && echo yes; }
scrolled() { local i; for i in 1 2 3 4 5 6 7 8 9; do keys G; screen | grep -q "answer line $LINES_N " && echo yes && return; read -rt 0.2 <> <(:) || :; done; }

for size in "80 24" "120 36"; do
	set -- $size
	at="at $1x$2"
	rm -rf "$T/state"
	console "$1" "$2" --clipboard file
	see "queue $at" 'the queue is empty'
	keys :; see "the prompt $at" '^ *: *$'
	keys "msg $ID" Enter
	see "it opens at its beginning $at" '^ status completed'
	see "its first line $at" 'answer line 1 '
	keys f; see "frozen $at" 'FROZEN'
	keys G
	see "it says where it is cut $at" "\\(65536 of $CHARS characters"
	keys f; gone "live $at" 'FROZEN'
	soon "and is read on to its end $at" yes scrolled
	gone "where nothing is missing $at" " of $CHARS characters"
	keys g
	see "back at its beginning $at" '^ status completed'
	read -rt 3 <> <(:) || :    # a refresh of it
	see "where it stays $at" '^ status completed'
	keys q; gone "back $at" 'Message [0-9]+ '
	keys :; keys "msg $B" Enter; see "another $at" 'what was said|practice'
	keys :; keys "msg $ID" Enter; see "and again $at" 'answer line 1 '

	# What is copied and saved is all of it, though this console has not read it yet.
	console "$1" "$2" --clipboard file
	see "queue again $at" 'the queue is empty'
	keys :; see "the prompt again $at" '^ *: *$'
	keys "msg $ID" Enter; see "its first line again $at" 'answer line 1 '
	keys y; see "copy what $at" 't text'; keys t
	soon "y t makes a file $at" 1 copies copy
	soon "that is the answer, byte for byte $at" yes same copy "$T/want"
	keys S
	soon "S makes one $at" 1 copies text
	is "that holds all of it $at" "$LINES_N" "$(grep -c '^answer line' "$(newest text)")"
	is "and the rest of the screen's text $at" 1 "$(grep -c '^status completed   agent luna' "$(newest text)")"
	keys y; keys i
	soon "y i is the id $at" "$A" sh -c "cat \$(ls -t '$T'/state/signalbox/copy-*.txt | head -n 1)"
done
# One that is being written: it is read from its beginning too, until G follows its end.
said() { q "select coalesce(sum(length(text)), 0) > $1 from signalbox.message_stream"; }
console 80 24
see "queue again" 'the queue is empty'
C=$(send luna "[[words=6000 rate=400]]")
keys :; see "the prompt again" '^ *: *$'
keys "msg $C" Enter
see "it streams" 'answer so far'
soon "more than a screen is said" t said 4000
is "it stays at its beginning" 1 "$(screen | grep -c '^ status processing')"
keys G
gone "G goes to its end" 'status processing'
soon "more is said" t said 8000
is "and follows it" 0 "$(screen | grep -c 'status processing\|^ question')"
keys k k k
stands() { local line; line=$(screen | sed -n 20p); read -rt 0.5 <> <(:) || :; [ "$line" = "$(screen | sed -n 20p)" ] && echo yes; }
soon "k is heard" yes stands
last=$(screen | sed -n 20p)
soon "more yet" t said 12000
is "k stops that" "$last" "$(screen | sed -n 20p)"
"$BIN/signalbox" cancel "$C" >/dev/null

"$BIN/signalbox" show "$ID" >"$T/shown"
is "show prints all of it" "$LINES_N" "$(grep -c '^answer line' "$T/shown")"

# A list has the beginning of a text, and says so rather than copy it.
"$BIN/signalbox" pause aria why >/dev/null
send aria "$(printf 'w%.0s' $(seq 1 300))" >/dev/null
console 80 24 --clipboard file
see "it waits" 'wwww'
rm -f "$T"/state/signalbox/copy-*
keys y; see "copy" 't text'; keys t
see "a part is not copied as the whole" 'the list has its first 200 characters only'
is "nothing was" 0 "$(copies copy)"
keys Enter; see "in the message" 'status queued'
keys y; see "copy it" 't text'; keys t
soon "it is copied" 300 sh -c "cat '$T'/state/signalbox/copy-*.txt | wc -c"
keys G; gone "the list is away" 'sort pos'
