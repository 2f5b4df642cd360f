#!/bin/bash
# An answer as it leaves the command line: byte for byte into a file or a pipe, also while it streams and when an attempt is lost on the
# way; at a terminal as the words it consists of, joiners and vowel signs included, and with every control visible.
. "$(dirname "$0")/../lib/term.sh"
! command -v plan >/dev/null || plan 23
stack_up
worker_up --tries 3 --retries 0

FARSI=$(printf '\331\205\333\214\342\200\214\330\256\331\210\330\247\331\207\331\205')
HINDI=$(printf '\340\244\271\340\244\277\340\244\250\340\245\215\340\244\246\340\245\200')
EVIL=$(printf 'x\033]0;owned\007\342\200\256gpj\342\200\214')
SAY="$FARSI $HINDI $EVIL end"
ASK="[[say=${SAY// /_} rate=20]]"
printf '%s\n' "$SAY" >"$T/want"

# bytes NAME FILE: it is the answer and a newline, nothing else.
bytes() { cmp -s "$2" "$T/want" && ok "$1" || not_ok "$1: $(od -c "$2" | head -n 6)"; }

send luna "$ASK" --wait >"$T/file"
bytes 'send --wait into a file' "$T/file"
send luna "$ASK" --wait --stream >"$T/file"
bytes 'send --wait --stream into a file' "$T/file"
send luna "$ASK" --wait --stream | cat >"$T/file"
bytes 'send --wait --stream into a pipe' "$T/file"
"$BIN/signalbox" watch "$(send luna "$ASK")" >"$T/file" 2>/dev/null
bytes 'watch into a file' "$T/file"
ID=$(send luna "$ASK")
"$BIN/signalbox" watch "$ID" 2>/dev/null | cat >"$T/file"
bytes 'watch into a pipe' "$T/file"
"$BIN/signalbox" show "$ID" | sed -n '/^answer$/,$p' | tail -n +2 >"$T/file"
bytes 'show into a file' "$T/file"
is 'what is not an answer stays visible' 1 "$("$BIN/signalbox" show "$ID" | sed '/^answer$/,$d' | grep -cF 'x^[]0;owned^G<U+202E>gpj<U+200C>')"

# An attempt that is lost half-way: its words are there while it runs; then a file has them no more, and at a pipe they have a line of their own.
script() { curl -s -o "$T/out" -d "$1" "http://127.0.0.1:$(cat "$T/port")/practice/script"; }
alive() { q "select count(*) from signalbox.workers where ended_at is null and lease_until > clock_timestamp()"; }
said() { q "select count(*) from signalbox.message_stream"; }
for to in file pipe; do
	[ $to = file ] && echo before >"$T/file"
	script 'stall=2'
	if [ $to = file ]; then
		"$BIN/signalbox" send luna "$ASK" --wait --stream >>"$T/$to" 2>"$T/$to.err" &
	else
		"$BIN/signalbox" send luna "$ASK" --wait --stream 2>"$T/$to.err" | cat >"$T/$to" &
	fi
	SEND=$!
	soon "the words of the first attempt are there ($to)" yes eval '[ "$(said)" != 0 ] && echo yes'
	soon "a $to has them at once" 1 grep -c "$HINDI" "$T/$to"
	script ''
	OLD=$WORKER
	worker_up --tries 3 --retries 0    # before the other one dies: without a worker nobody waits
	soon "another worker is there ($to)" 2 alive
	kill -9 $OLD
	wait $OLD 2>/dev/null
	q "update signalbox.workers set lease_until = clock_timestamp() - interval '1 minute' where name like '%:$OLD'" >/dev/null
	wait $SEND
	[ $to = pipe ] && tail -n 1 "$T/pipe" >"$T/pipe.last" || tail -n +2 "$T/file" >"$T/file.last"
	bytes "the answer of the second attempt ($to)" "$T/$to.last"
done
is 'a pipe has the words of the first on a line before' "$FARSI $HINDI" "$(head -n 1 "$T/pipe" | sed 's/ *$//')"
is 'and its loss is told beside it' 1 "$(grep -c 'the attempt failed' "$T/pipe.err")"
is 'what was in a file before stays' before "$(head -n 1 "$T/file")"

# At a terminal.
tm new-session -d -s c -x 100 -y 24 "$BIN/signalbox send luna '$ASK' --stream; echo ended \$?; read x"
see 'a stream at a terminal ends' 'ended 0'
see 'words with a joiner are words' "$FARSI $HINDI x\^\[\]0;owned\^G<U\+202E>gpj<U\+200C> end"
is 'no title from an answer' '' "$(tm display-message -p -t c '#{pane_title}' | grep owned)"
"$BIN/signalbox" pause aria why >/dev/null
send aria "$HINDI $FARSI waits" >/dev/null
LONG=$(printf '%s' x "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI" "$HINDI")
send aria "$LONG$LONG$LONG" >/dev/null
"$BIN/signalbox" queue >"$T/queue"
is 'a list cuts no character in two' yes "$(iconv -f UTF-8 -t UTF-8 "$T/queue" >"$T/out" 2>&1 && grep -q "$LONG" "$T/queue" && echo yes)"
console 80 24
see 'the console draws vowel signs and joiners' "$HINDI $FARSI waits"
