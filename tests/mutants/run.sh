#!/bin/bash
# Why: a test that is green says little until it was seen red. Plants each bug of tests/mutants/list in a copy of the tree (build/mutants-1, where
# builds stay warm; MUTANTS_JOBS of them at once, as most of the time is waiting), and fails where a test that must see it stays green. Also where the list is wrong: the text is not there exactly once, the
# mutant does not compile, a test does not exist or is red without it.
#   run.sh [PATTERN]   all, or those whose line matches (extended)
#   run.sh --check     only that files, texts and tests are there; make lint does it
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES SAN TEST_HOOKS SIGNALBOX_BIN_DIR FAKE_LLM
LIST=$PWD/tests/mutants/list LIMIT=${TEST_LIMIT:-200}    # seconds: a mutant that hangs is seen too
passed=0 failed=0 skipped=0
say_failed() { echo "FAILED    $1" && failed=$((failed + 1)); }

# FILE @@ TEXT @@ REPLACEMENT @@ TESTS, into variables of these names, and `name`: what is told of it
read_line() {
	local rest=$1 field
	for field in file find replace; do
		[[ $rest == *" @@ "* ]] || return 1
		printf -v $field %s "${rest%% @@ *}"
		rest=${rest#* @@ }
	done
	find=${find//'\n'/$'\n'} find=${find//'\t'/$'\t'}
	replace=${replace//'\n'/$'\n'} replace=${replace//'\t'/$'\t'}
	tests=$rest name=${1% @@ *}
	[ -n "$find" ] && [ "$find" != "$replace" ] && [ -n "$tests" ]
}
# What is wrong with it in this tree; nothing: all is there. Leaves the file around the text in `before` and `after`.
look() {
	local whole t program test
	why=
	[ -f "$file" ] || { why="there is no such file"; return 1; }
	whole=$(cat "$file"; echo .)
	whole=${whole%.}
	before=${whole%%"$find"*} after=${whole#*"$find"}
	[ "$before" != "$whole" ] || { why="the text is not there"; return 1; }
	[[ $after != *"$find"* ]] || { why="the text is there more than once"; return 1; }
	for t in $tests; do
		program=${t%%:*} test=${t#"$program"}
		case $program in
		*.sh) [ -x "tests/$program" ] && [ -z "$test" ] ;;
		*) [ -f "tests/$program.c" ] && grep -qw -- "${test#:}" "tests/$program.c" ;;
		esac || { why="there is no test $t"; return 1; }
	done
}
# Those whose line matches; of them, in a job of several, every n-th.
SHARD=${MUTANTS_SHARD:-1/1}
lines() { grep -v '^#\|^$' "$LIST" | grep -E -- "$1" | awk -v k="${SHARD%/*}" -v n="${SHARD#*/}" 'NR % n == k % n'; }
finish() {
	[ $skipped = 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ] && [ $passed != 0 ]
	exit
}

if [ "${1:-}" = --check ]; then
	while IFS= read -r line; do
		read_line "$line" || { echo "tests/mutants/list: not four fields: $line"; failed=1; continue; }
		look || { echo "tests/mutants/list: $why: $name"; failed=1; }
	done < <(lines .)
	exit $failed
fi

# ---- several at once
JOBS=${MUTANTS_JOBS:-$(($(nproc) + 1))}
JOBS=$((JOBS < $(lines "${1:-.}" | wc -l) ? JOBS : 1))
if [ "$SHARD" = 1/1 ] && [ "$JOBS" -gt 1 ]; then
	mkdir -p build
	for k in $(seq "$JOBS"); do
		MUTANTS_SHARD=$k/$JOBS "$0" "${1:-.}" >"build/mutants-$k.log" 2>&1 &
	done
	wait
	for k in $(seq "$JOBS"); do
		sed '$d' "build/mutants-$k.log"
		read -r p _ f _ s _ < <(tail -n 1 "build/mutants-$k.log" | tr -d ,)
		[[ $p =~ ^[0-9]+$ ]] || { say_failed "a job of several ended: build/mutants-$k.log"; continue; }
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
	done
	finish
fi

# ---- the copy: only what differs is written, so that make builds only that
TREE=build/mutants-${SHARD%/*}
mkdir -p $TREE
git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' f; do
	[ -f "$f" ] && printf '%s\n' "$f"
done >$TREE.files
(cd $TREE && find . -path ./build -prune -o -type f -print | sed 's,^\./,,') | sort | comm -23 - <(sort $TREE.files) |
	while IFS= read -r f; do rm -f "$TREE/$f"; done
while IFS= read -r f; do
	cmp -s "$f" "$TREE/$f" || { mkdir -p "$TREE/$(dirname "$f")" && cp --preserve=mode "$f" "$TREE/$f"; }
done <$TREE.files
cd $TREE || exit 2
LOG=$PWD/build/log OUT=$PWD/build/make
mkdir -p build
[ ! -d ../tools ] || ln -sfn ../../tools build/tools

targets=(all build/plain/tests/fake_llm)
while IFS= read -r line; do
	read_line "$line" || continue
	for t in $tests; do
		[[ $t == *.sh ]] || targets+=("build/plain/tests/${t%%:*}")
	done
done < <(lines "${1:-.}")
build() { make -s -j2 "${targets[@]}" >"$OUT" 2>&1; }

# run TEST: green, red, skipped, or nothing where it has no such test
run() {
	local program=${1%%:*} test=${1#*:} code
	if [[ $1 == *.sh ]]; then
		TEST_LIMIT=$LIMIT tests/lib/check.sh "tests/$1" >"$LOG" 2>&1 || { echo red; return; }
		grep -q '^0 passed' "$LOG" && echo skipped || echo green
		return
	fi
	[ "$test" != "$1" ] || test='*'
	# SIGALRM: the harness stops its database then
	TEST_ONLY=$test timeout -s ALRM -k 30 "$LIMIT" "build/plain/tests/$program" >"$LOG" 2>&1
	code=$?
	[ "$test" != '*' ] || test='.*'
	if [ $code != 0 ]; then echo red
	elif [ "$test" = '.*' ] && grep -aq '^\[  PASSED  \] [1-9]' "$LOG"; then echo green    # also of a program that names no tests (a fuzz replay)
	elif grep -aq "^\[       OK \] $test\$" "$LOG"; then echo green
	elif grep -aq "^\[  SKIPPED \] $test\$" "$LOG"; then echo skipped
	else echo nothing; fi
}

build || { tail -n 20 "$OUT"; say_failed "the tree does not build"; finish; }
declare -A first
while IFS= read -r line; do
	read_line "$line" || { say_failed "not four fields: $line"; continue; }
	look || { say_failed "$name: $why"; continue; }
	for t in $tests; do
		# What is built may still have the bug of the line before.
		[ -n "${first[$t]:-}" ] || first[$t]=$(build && run "$t")
		[ "${first[$t]}" != red ] || cp "$LOG" build/red
	done
	for t in $tests; do
		case ${first[$t]} in
		red) sed 's/^/    /' build/red | tail -n 20; say_failed "$name: $t is red without it"; continue 2 ;;
		nothing) say_failed "$name: there is no test $t"; continue 2 ;;
		skipped) echo "skipped   $name: $t"; skipped=$((skipped + 1)); continue 2 ;;
		esac
	done
	start=$SECONDS survived='' said=''
	cp "$file" build/original
	printf %s%s%s "$before" "$replace" "$after" >"$file"
	if build; then
		for t in $tests; do
			[ "$(run "$t")" = red ] || survived="$survived $t"
			said=${said:-$(sed -n '/--- \[   LINE/d; s/^ERROR: //p; s/^\[  ERROR   \] --- //p; s/^ *not ok /not ok /p' "$LOG" | cut -c 1-140)}
			sed -n 's,.*kept: \(/tmp/[A-Za-z0-9._-]*\)$,\1,p' "$LOG" | xargs -r rm -rf
		done
	else
		why="does not compile: $(grep -am1 'error:' "$OUT")" survived=-
	fi
	cp build/original "$file"
	case $survived in
	"") printf 'killed    %s  by %s, %d s\n          %s\n' "$name" "$tests" $((SECONDS - start)) "${said%%$'\n'*}"; passed=$((passed + 1)) ;;
	-) say_failed "$name: $why" ;;
	*) echo "SURVIVED  $name  not seen by$survived, $((SECONDS - start)) s"; failed=$((failed + 1)) ;;
	esac
done < <(lines "${1:-.}")
build || say_failed "the tree does not build any more"
finish
