#!/bin/bash
# Runs test programs and scripts, and adds up what they say: TEST_JOBS at once (1: one after another), as most of their time is waiting; those of
# tests/sandbox by themselves, because they look at all that runs on the machine. A program that dies counts as one failure.
# A program that was red beside another one is run again by itself, and that is the verdict: time limits of tests are for a machine that has nothing
# else to do. It is named at the end all the same, as unsteady.
# cmocka programs say "[  PASSED  ] N test(s)." on stderr; scripts print "ok NAME" and "not ok NAME", one a line, and "skip NAME" where something
# cannot be tested here. The sum of their "plan N" lines is how many checks there must be (tests/lib/plan.sh).
set -u
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT

# one TEST NUMBER: runs it, prints what became of it, and leaves "passed failed skipped" in NUMBER.sum and what was skipped in NUMBER.names.
one() {
	local t=$1 log=$DIR/$2.log start=$SECONDS code p f n made s=0
	timeout "${TEST_LIMIT:-300}" "$t" >"$log" 2>&1
	code=$?
	case $t in
	*.sh)
		p=$(grep -ac "^ok " "$log")
		made=$(grep -aEc "^(not )?ok " "$log")
		n=$(awk '/^plan -?[0-9]+$/ { n += $2; found = 1 } END { print found ? n : -1 }' "$log")
		if [ "$n" -lt 0 ]; then
			echo "not ok it has no plan: how many checks there are" >>"$log"
		elif [ "$made" -lt "$n" ]; then
			echo "not ok it ended after $made of $n checks, with exit code $code" >>"$log"
		elif [ "$made" -gt "$n" ] && [ "$p" = "$made" ]; then
			echo "not ok it made $made checks, and planned $n" >>"$log"
		fi
		f=$(grep -ac "^not ok " "$log")
		s=$(grep -ac "^skip " "$log") ;;
	*)
		p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1)
		f=$(sed -n 's/^\[  FAILED  \] .*tests\{0,1\}: *\([0-9]*\) test.*/\1/p; s/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1)
		;;
	esac
	p=${p:-0} f=${f:-0}
	[ "$code" = 0 ] || [ "$f" != 0 ] || f=1
	[ $((p + f + s)) != 0 ] || f=1    # a program that tested nothing
	{
		printf '%-44s %3d passed %3d failed  %3ds\n' "${t#build/}" "$p" "$f" $((SECONDS - start))
		if [ "$f" != 0 ] || [ "$code" != 0 ]; then
			grep -a -A6 '^not ok ' "$log" | sed 's/^/    /' | head -n 60    # a script's failures may be far up
			sed 's/^/    /' "$log" | tail -n 60
			grep -aE '^not ok |^\[   LINE   \]|^\[  FAILED  \] [^0-9]' "$log" | awk '!seen[$0]++' | head -n 5 | sed "s|^|failed: ${t#build/}: |" >"$DIR/$2.red"
			[ -s "$DIR/$2.red" ] || echo "failed: ${t#build/}: exit code $code" >"$DIR/$2.red"
		fi
	} >"$DIR/$2.said"
	cat "$DIR/$2.said"    # at once, so that the lines of two tests do not mix
	[ "$s" = 0 ] || sed -n "s|^skip |skipped: ${t#build/}: |p" "$log" >"$DIR/$2.names"
	echo "$p $f $s" >"$DIR/$2.sum"
	[ "$f" = 0 ] || [ "${TEST_JOBS:-1}" = 1 ] || echo "$t" >"$DIR/$2.again"
}

i=1000000
for t in "$@"; do
	i=$((i + 1))
	case $t in
	*tests/sandbox/*) wait; one "$t" $i ;;
	*)
		[ "$(jobs -rp | wc -l)" -lt "${TEST_JOBS:-1}" ] || wait -n
		one "$t" $i & ;;
	esac
done
wait
for again in "$DIR"/*.again; do
	[ -e "$again" ] || continue
	t=$(cat "$again") i=$(basename "$again" .again)
	rm "$DIR/$i.red"
	one "$t" "$i"
	[ -e "$DIR/$i.red" ] || echo "unsteady: ${t#build/}: red beside another program, green by itself" >>"$DIR/$i.names"
done
cat "$DIR"/*.names "$DIR"/*.red 2>/dev/null    # what is red once more, in short: a log may be cut to its end
[ "$(ls "$DIR"/*.sum | wc -l)" = $# ] || { echo "a test has left no result"; exit 1; }
read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$DIR"/*.sum)
[ "$skipped" = 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
