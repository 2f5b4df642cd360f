#!/bin/bash
# Runs test programs and scripts, one after another, and adds up what they say. A program that dies counts as one failure.
# cmocka programs say "[  PASSED  ] N test(s)." on stderr; scripts print "ok NAME" and "not ok NAME", one a line, and "skip NAME" where something
# cannot be tested here. The sum of their "plan N" lines is how many checks there must be (tests/lib/plan.sh).
set -u
passed=0 failed=0 skipped=0 names=
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for t in "$@"; do
	start=$SECONDS
	timeout "${TEST_LIMIT:-300}" "$t" >"$log" 2>&1
	code=$?
	s=0
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
		f=$(sed -n 's/^\[  FAILED  \] .*tests\{0,1\}: *\([0-9]*\) test.*/\1/p; s/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1) ;;
	esac
	p=${p:-0} f=${f:-0}
	[ "$code" = 0 ] || [ "$f" != 0 ] || f=1
	[ $((p + f + s)) != 0 ] || f=1    # a program that tested nothing
	printf '%-44s %3d passed %3d failed  %3ds\n' "${t#build/}" "$p" "$f" $((SECONDS - start))
	if [ "$f" != 0 ] || [ "$code" != 0 ]; then
		grep -a -A6 '^not ok ' "$log" | sed 's/^/    /' | head -n 60    # a script's failures may be far up
		sed 's/^/    /' "$log" | tail -n 60
	fi
	[ "$s" = 0 ] || names+=$(sed -n "s|^skip |skipped: ${t#build/}: |p" "$log")$'\n'
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
printf %s "$names"
[ $skipped = 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
