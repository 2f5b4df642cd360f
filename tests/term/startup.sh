#!/bin/bash
# What both programs say before there is a console or a log: settings that hold what a terminal would obey, and files that are none.
# No database is needed. Everything printed is looked at byte by byte: an ESC or a bidi character that gets through is red.
. "$(dirname "$0")/../lib/term.sh"
! command -v plan >/dev/null || plan 35
export SIGNALBOX_DATABASE_URL=host=/nonexistent
EVIL=$(printf 'a\033]0;owned\007\302\233\342\200\256gpj')

# said NAME WORDS CODE COMMAND...: what it prints, on both streams, has the words and nothing else than printable ASCII; it ends with CODE.
said() {
	local name=$1 words=$2 want=$3 code
	shift 3
	timeout 10 "$@" >"$T/said" 2>&1 </dev/null
	code=$?
	[ -s "$T/said" ] || { not_ok "$name: nothing was said"; return; }
	if LC_ALL=C grep -qP '[^\x20-\x7e\n]' "$T/said"; then
		not_ok "$name: raw bytes: $(tail -n 1 "$T/said" | od -c | head -n 8)"
	elif ! grep -qF -- "$words" "$T/said"; then
		not_ok "$name: '$words' is not in: $(head -n 3 "$T/said")"
	elif [ "$code" != "$want" ]; then
		not_ok "$name: ended with $code"
	else
		ok "$name"
	fi
}

mkfifo "$T/fifo"
printf 'log_level = de\0bug\n' >"$T/nul.conf"
printf '\357\273\277poll = 7s\n' >"$T/bom.conf"
printf '%s = 1\n' "$EVIL" >"$T/evil.conf"
printf 'tries = %s\nretry_hold = %s\n' "$EVIL" "$EVIL" >"$T/number.conf"
# One file for both programs: each takes its own settings and knows the names of the other's.
for p in signalbox-worker signalbox; do "$BIN/$p" --config /dev/null --print-settings; done |
	sed -n 's/^\([a-z_]*\) *= \([^ ]*\) .*/\1 = \2/p' | sort -u -k1,1 >"$T/both.conf"
for p in signalbox signalbox-worker; do
	said "$p takes a file of all settings of both" 'database_url' 0 "$BIN/$p" --config "$T/both.conf" --print-settings
	for path in /dev/full /dev/zero / "$T/fifo"; do
		said "$p refuses ${path#"$T/"} as its settings" "cannot read $path: not a file" 2 \
			env SIGNALBOX_CONFIG="$path" "$BIN/$p" --print-settings
	done
	said "$p names a NUL byte" 'nul.conf:1: holds a NUL byte' 2 "$BIN/$p" --config "$T/nul.conf" --print-settings
	said "$p passes over a byte order mark" 'database_url' 0 "$BIN/$p" --config "$T/bom.conf" --print-settings
	said "$p shows a wrong name" 'a^[]0;owned^G<U+009B><U+202E>gpj' 2 "$BIN/$p" --config "$T/evil.conf" --print-settings
	said "$p shows a wrong number" 'a^[]0;owned^G<U+009B><U+202E>gpj' 2 "$BIN/$p" --config "$T/number.conf" --print-settings
	said "$p shows a path" 'a^[]0;owned^G<U+009B><U+202E>gpj' 2 "$BIN/$p" --config "/nonexistent/$EVIL"
	said "$p shows an argument" 'a^[]0;owned^G<U+009B><U+202E>gpj' 2 "$BIN/$p" "--$EVIL"
	said "$p shows a word" 'a^[]0;owned^G<U+009B><U+202E>gpj' 2 "$BIN/$p" "$EVIL"
	said "$p shows the environment's names" '^[' 2 env "SIGNALBOX_$EVIL=1" "$BIN/$p" --print-settings
	said "$p prints its settings" 'a^[]0;owned^G<U+009B><U+202E>gpj' 0 \
		env SIGNALBOX_LOG_LEVEL="$EVIL" SIGNALBOX_THEME="$EVIL" "$BIN/$p" --print-settings
	said "$p shows a host" '^[' 3 env SIGNALBOX_DATABASE_URL="host=/nonexistent/$EVIL" "$BIN/$p" \
		$([ $p = signalbox ] && echo status)
done
said 'the worker prints them in its help' 'a^[]0;owned^G<U+009B><U+202E>gpj' 0 env SIGNALBOX_AGENTS="$EVIL" "$BIN/signalbox-worker" --help
said 'the console shows a view' 'no view' 2 "$BIN/signalbox" --once --view "$EVIL"
said 'the console shows a filter' '^[' 2 "$BIN/signalbox" queue --filter "$EVIL:x"
tm new-session -d -s c -x 80 -y 24 "env TERM='$(printf 'x\033]0;owned\007')' $BIN/signalbox; echo ended \$?; read x"
see 'a terminal of a strange name is refused' 'ended 2'
see 'and its name is shown' 'TERM=x\^\[\]0;owned\^G'
