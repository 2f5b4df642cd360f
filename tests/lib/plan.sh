# What scripts of tests say, and how many of it there must be: `plan N` first of all, with a long form `plan N ${LONG:+M}`. A script that dies half-way,
# on an unbound variable, a syntax error or a stray exit, has said "ok" and nothing else, and its EXIT trap hides what it died of; but it has
# made fewer checks than N. tests/lib/check.sh adds up the lines; `planned` is for the exit code of a script that runs alone.
PLANNED= MADE=0 FAILED=0
plan() { local n; for n; do echo "plan $n"; PLANNED=$((PLANNED + n)); done; }
ok() { echo "ok $1"; MADE=$((MADE + 1)); }
not_ok() { echo "not ok $1"; MADE=$((MADE + 1)) FAILED=1; }
# skip NAME N: that many of the checks cannot be made here
skip() { echo "skip $1"; plan "-$2"; }
# skip_all NAME: none of the rest can; ends the script
skip_all() { echo "skip $1"; plan $((MADE - PLANNED)); exit; }
# is NAME EXPECTED ACTUAL
is() { [ "$2" = "$3" ] && ok "$1" || not_ok "$1: expected '$2', got '$3'"; }
planned() {
	[ -n "$PLANNED" ] && [ $MADE -ge "$PLANNED" ] && return
	echo "  ended after $MADE of ${PLANNED:-unknown} checks"
	FAILED=1
}
