#!/bin/sh
# The rules of the house that a compiler does not know: who includes whom, what is banned, how big things may be.
# Prints file:line: why. Exits 1 when there is anything to say.
set -u
export LC_ALL=C
here=$(dirname "$0")
root=$(cd "$here/../.." && pwd)
cd "$root" || exit 2
files=$(find tui worker shared tests -name node_modules -prune -o -name '*.[ch]' -type f -print | sort)
[ -n "$files" ] || { echo "lint: no sources" >&2; exit 2; }
status=0
awk -f tests/lint/layers.awk tests/lint/law.txt $files || status=1
awk -f tests/lint/banned.awk $files || status=1
# A name in a backtrace, or in a search, is one function: a plain verb that repeats has its file's noun before it.
for name in $(printf '%s\n' $files | grep -v '^tests/' | grep '\.c$' | xargs sed -n 's/^static [a-z][A-Za-z0-9_ *]*[ *]\([a-z0-9_]*\)(.*[^;]$/\1/p' | sort | uniq -d); do
	echo "static $name() is in several files: $(grep -l "^static .*[ *]$name(" $files | grep -v '^tests/' | tr '\n' ' ')"
	status=1
done
# The room of a function says who may call it, and its file's foot names the roles.
for f in sql/functions/*/*.sql; do
	name=$(basename "$f" .sql)
	grep -q "^create or replace function signalbox\.$name(" "$f" || { echo "$f:1: does not make signalbox.$name()"; status=1; }
	case $f in
	sql/functions/internal/*) ! grep -q '^grant' "$f" || { echo "$f:1: is internal, and grants something"; status=1; } ;;
	*) tail -n 1 "$f" | grep -q "^grant execute on function signalbox\.$name to " || { echo "$f:1: does not say at its foot who may call it"; status=1; } ;;
	esac
done
exit $status
