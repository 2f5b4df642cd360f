#!/bin/bash
# Why: the code that runs here was written by a model, or by whoever spoke to it. Each attack of tests/sandbox/corpus must end as it stands there, touch nothing outside, leave nothing running, and
# learn nothing of where it runs. A tenth of them in every check, all with TEST_LONG=1. Where the kernel lets nobody make namespaces, code must be refused, and that is what is tested.
set -u
. "$(dirname "$0")/../lib/plan.sh"
cd "$(dirname "$0")/../.." || exit 2
BOX=${SANDBOX_BOX:-build/plain/tests/sandbox/box}
T=$(mktemp -d /tmp/sandbox.XXXXXX)
chmod 755 "$T"
export SECRET_TOKEN=hunter2
not_ok() { echo "not ok $1"; MADE=$((MADE + 1)) FAILED=1; }
echo "a canary" >"$T/canary"; chmod 644 "$T/canary"
sleep 3600 & OUTSIDE=$!
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die; open(F, ">$ARGV[0]"); print F $s->sockport; close F; while ($c = $s->accept) { open(F, ">$ARGV[0].reached"); close F }' "$T/port" &
LISTENER=$!
until [ -s "$T/port" ]; do read -rt 0.05 <> <(:) || :; done

# What must be as it was.
outside() { cat "$T/canary"; cat /proc/sys/kernel/core_pattern; stat -c '%s %Y' /usr/bin/python3 /etc/passwd; hostname; kill -0 $OUTSIDE && echo alive; ls "$T"; }
# What runs of it: bubblewrap, and whatever its users own.
left() { ps -eo uid=,pid=,stat=,args= | awk '$3 !~ /^Z/ && ($1 + 0 >= 2000000000 || /[b]wrap --unshare-user/)' | head -3; }
# within a second nothing of it is left: the kernel takes a moment
all_gone() { local i; for i in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(left)" ] && return 0; read -rt 0.1 <> <(:) || :; done; return 1; }

# attack NAME LANGUAGE VERDICTS PATTERN, the code in $T/code
attack() {
	local name=$1 language=$2 verdicts=$3 pattern=$4 verdict rest found=1
	sed -i "s|@CANARY@|$T/canary|g; s|@PORT@|$(cat "$T/port")|g; s|@PID@|$OUTSIDE|g" "$T/code"
	# The time limit is for endless ones. What should end by itself gets more time where the machine is busy.
	for ms in 2000 15000; do
		timeout 60 "$BOX" "$language" "$T/code" $ms >"$T/came" 2>"$T/err"
		read -r verdict rest <"$T/came"
		[[ $verdict = timeout && "|$verdicts|" != *"|timeout|"* ]] || break
	done
	sed 1d "$T/came" >"$T/output"
	case $pattern in
	-) ;;
	!*) grep -qE -- "${pattern#!}" "$T/output" && found= ;;
	*) grep -qE -- "$pattern" "$T/output" || [ "$pattern" = '^$' ] && [ ! -s "$T/output" ] || { grep -qE -- "$pattern" "$T/output" || found=; } ;;
	esac
	if [[ "|$verdicts|" != *"|$verdict|"* ]]; then
		not_ok "$name: $verdict $rest: $(head -c 300 "$T/output")"
	elif [ -z "$found" ]; then
		not_ok "$name: $verdict, but said: $(head -c 300 "$T/output")"
	elif grep -q hunter2 "$T/came"; then
		not_ok "$name: it knows a secret of the worker's"
	elif ! all_gone; then
		not_ok "$name: left running: $(left)"
	else
		ok "$name: $verdict"
	fi
	rm -f "$T/code" "$T/came" "$T/err" "$T/output"
}

echo 'print(6 * 7)' >"$T/code"
# What a worker that was killed has left is ended by the next: something named bwrap, of one of its users, that nobody is the parent of.
printf '#!/usr/bin/perl\nsleep 60;\n' >"$T/bwrap"; chmod 755 "$T/bwrap"
AS=; [ "$(id -u)" = 0 ] && AS='setpriv --reuid=2000000001 --regid=2000000001 --clear-groups'
orphan() { ps -eo pid=,ppid=,args= | awk '$2 == 1 && /[b]wrap --hostname sandbox/ { print $1 }'; }
( $AS "$T/bwrap" --hostname sandbox & )
for i in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(orphan)" ] && break; read -rt 0.1 <> <(:) || :; done
WAS=$(orphan)
timeout 60 "$BOX" python "$T/code" >"$T/came"
if read -r first why <"$T/came"; [ "$first" = none ]; then
	plan 1
	echo "# $why"
	is "code is refused, and it is said why" yes "$(grep -q 'no code can be run here: ..*' "$T/came" && echo yes)"
else
	N=$(grep -c '^## ' tests/sandbox/corpus)
	STEP=$([ -n "${TEST_LONG:-}" ] && echo 1 || echo 10)
	plan $(((N + STEP - 1) / STEP + 3))
	[ -n "$WAS" ] && [ -z "$(orphan)" ] && ok "what a killed worker has left is ended" || not_ok "what a killed worker has left is ended: '$WAS' '$(orphan)'"
	BEFORE=$(rm -f "$T/code" "$T/came"; outside)
	i=0 name=
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'## '*)
			[ -n "$name" ] && [ $((i % STEP)) = 0 ] && attack "$name" "$language" "$verdicts" "$pattern"
			[ -n "$name" ] && i=$((i + 1))
			IFS='|' read -r name language verdicts pattern <<<"$(sed 's/^## //; s/ *|| */|/g; s/|/\x01/g; s/ *:: */|/g' <<<"$line")"
			verdicts=${verdicts//$'\x01'/|} pattern=${pattern//$'\x01'/|}
			: >"$T/code"
			;;
		'# '*) ;;
		*) printf '%s\n' "$line" >>"$T/code" ;;
		esac
	done < <(cat tests/sandbox/corpus; echo '## end :: - :: - :: -')
	rm -f "$T/code"
	is "nothing outside was touched" "$BEFORE" "$(outside)"
	is "nobody was reached" "" "$(ls "$T" | grep reached)"
fi
kill $OUTSIDE $LISTENER; wait $OUTSIDE $LISTENER 2>/dev/null
rm -rf "$T"
planned
exit $FAILED
