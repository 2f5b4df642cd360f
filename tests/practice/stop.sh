#!/bin/sh
# `make stop`: ends what `make run` started, by its process ids; the data stays in .run/.
cd "$(dirname "$0")/../.."
for name in worker provider; do
	f=.run/$name.pid
	[ -s "$f" ] || continue
	pid=$(cat "$f")
	if kill "$pid" 2>/dev/null; then
		n=0
		while kill -0 "$pid" 2>/dev/null && [ $n -lt 700 ]; do sleep 0.1; n=$((n + 1)); done
	fi
	rm -f "$f"
done
[ ! -d .run/db ] || tests/lib/pg.sh stop "$PWD/.run/db"
