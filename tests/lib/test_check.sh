#!/bin/bash
# Why: a script that dies after its first "ok" was green, and nobody saw that the rest was not tested. Broken scripts, which say "ok" once of twice
# and then end in all the ways there are, go through check.sh and through the EXIT traps of the helpers: each must be red.
. "$(dirname "$0")/plan.sh"
plan 39
CHECK=$PWD/tests/lib/check.sh LIB=$PWD/tests/lib
export TEST_JOBS=1    # whatever this one is run with
T=$(mktemp -d "${TMPDIR:-/tmp}/signalbox-check.XXXXXX")
trap 'rm -rf "$T"; planned; exit $FAILED' EXIT
mkdir -p "$T/tests/x"
# judged FILE: the last line, and check.sh's exit code
judged() { TEST_LIMIT=${LIMIT:-20} "$CHECK" "$1" >"$T/out" 2>&1; echo "$? $(tail -1 "$T/out")"; tidy; }
# Red scripts keep their directory.
tidy() { sed -n 's,.*kept: \(/tmp/sbterm[.][A-Za-z0-9]*\)$,\1,p' "$T/out" | xargs -r rm -rf; }
# script HELPER: the script that stdin has, after a helper
script() { { echo '#!/bin/bash'; echo ". '$LIB/$1'"; cat; } >"$T/tests/x/s.sh"; chmod +x "$T/tests/x/s.sh"; }
alone() { "$T/tests/x/s.sh" >"$T/out" 2>&1 && echo green || echo red; tidy; }

declare -A WAYS=(
	["an unbound variable"]='set -u; ok one; is "$nothing" a a; ok two'
	["a syntax error"]=$'ok one\nif true; then; fi\nok two'
	["an open quote"]=$'ok one\nok "two'
	["a stray exit"]='ok one; exit 0; ok two'
	["a check that is not reached"]='ok one; false && ok two'
	["a check in another shell that is red"]='ok one; (is two a b)'
)
for helper in term.sh net.sh; do
	script $helper <<<'plan 2; ok one; ok two'
	is "$helper: a whole script" "0 2 passed, 0 failed green" "$(judged "$T/tests/x/s.sh") $(alone)"
	script $helper <<<'plan 2; ok one; is two a b'
	is "$helper: a red check" "1 1 passed, 1 failed red" "$(judged "$T/tests/x/s.sh") $(alone)"
	script $helper <<<'ok one; ok two'
	is "$helper: no plan" "1 2 passed, 1 failed red" "$(judged "$T/tests/x/s.sh") $(alone)"
	script $helper <<<'plan 3; ok one; skip two 2; finish'
	is "$helper: what cannot be tested here" "0 1 passed, 0 failed, 1 skipped green" "$(judged "$T/tests/x/s.sh") $(alone)"
	script $helper <<<'plan 3; ok one; skip_all two; ok three'
	is "$helper: and the rest" "0 1 passed, 0 failed, 1 skipped green" "$(judged "$T/tests/x/s.sh") $(alone)"
	script $helper <<<'plan 3; skip one 1; ok two'
	is "$helper: half of the rest is not there" "1 1 passed, 1 failed, 1 skipped red" "$(judged "$T/tests/x/s.sh") $(alone)"
	for way in "${!WAYS[@]}"; do
		script $helper <<<"plan 2; ${WAYS[$way]}"
		is "$helper: $way" "1 1 passed, 1 failed red" "$(judged "$T/tests/x/s.sh") $(alone)"
	done
	script $helper <<<'plan 1; ok one; ok two'
	is "$helper: more than it says" "1 2 passed, 1 failed" "$(judged "$T/tests/x/s.sh")"
	script $helper <<<'plan 2; ok one; rm -rf "$T"; kill -9 $$'
	is "$helper: killed" "1 1 passed, 1 failed" "$(judged "$T/tests/x/s.sh")"
done
script plan.sh <<<'plan 2; ok one; exec sleep 60'
is "no end in time" "1 1 passed, 1 failed" "$(LIMIT=1 judged "$T/tests/x/s.sh")"
script plan.sh <<<'trap "exit 0" EXIT; plan 2; ok one; exit; ok two'
is "an EXIT trap that says nothing of it" "1 1 passed, 1 failed" "$(judged "$T/tests/x/s.sh")"
script plan.sh <<<'exit 0'
is "nothing at all" "1 0 passed, 1 failed" "$(judged "$T/tests/x/s.sh")"

printf '#!/bin/sh\necho "[  PASSED  ] 3 test(s)." >&2\nexit $1\n' >"$T/program"
chmod +x "$T/program"
is "a program" "0 3 passed, 0 failed" "$(judged "$T/program")"
printf '#!/bin/sh\necho "[  PASSED  ] 3 test(s)." >&2\nkill -9 $$\n' >"$T/program"
is "a program that dies at its end" "1 3 passed, 1 failed" "$(judged "$T/program")"
named() { judged "$1" >/dev/null; tail -2 "$T/out" | head -1; }
is "what died is named once more, beside the sum" "failed: $T/program: exit code 137" "$(named "$T/program")"
script plan.sh <<<'plan 2; ok one; is two 1 2'
is "and what is red" "failed: $T/tests/x/s.sh: not ok two: expected '1', got '2'" "$(named "$T/tests/x/s.sh")"

# Red at first, green when it is run again.
printf '#!/bin/sh\necho "[  PASSED  ] 1 test(s)." >&2\n[ -e "%s" ] && exit 0\ntouch "%s"\nexit 1\n' "$T/second" "$T/second" >"$T/program"
is "a program that is red beside others, and not by itself" "0 1 passed, 0 failed" "$(TEST_JOBS=2 judged "$T/program")"
is "it is named" "unsteady: $T/program: red beside another program, green by itself" "$(tail -2 "$T/out" | head -1)"
rm "$T/second"
is "without others" "1 1 passed, 1 failed" "$(judged "$T/program")"
printf '#!/bin/sh\necho "[  PASSED  ] 1 test(s)." >&2\nexit 1\n' >"$T/program"
is "red by itself, too" "1 1 passed, 1 failed" "$(TEST_JOBS=2 judged "$T/program")"
