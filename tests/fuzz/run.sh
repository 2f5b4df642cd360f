#!/bin/bash
# A fuzzer on each of FUZZERS for FUZZ_SECONDS. What it found worth keeping stays in build/fuzz/corpus, what broke a rule in build/fuzz/found.
. tests/lib/plan.sh
set -u
# shellcheck disable=SC2086
set -- $FUZZERS
plan $#
CORPUS=build/fuzz/corpus FOUND=build/fuzz/found
mkdir -p $FOUND
# The recordings, as fuzz_reply reads them: the protocol comes first.
seeds() { # NAME DIR
	local p n=0 f
	mkdir -p "$2"
	for p in $(sed -n 's/^PROTOCOL(\(.*\))$/\1/p' shared/protocols.def); do
		for f in tests/golden/$p/*; do
			[ -f "$f" ] || continue
			[ "$1" = fuzz_reply ] && { printf "\\$(printf %03o $n)\\004"; cat "$f"; } >"$2/$p-${f##*/}" || cp "$f" "$2/$p-${f##*/}"
		done
		n=$((n + 1))
	done
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >"$2/get"
	printf 'Retry-After: 5\nx-ratelimit-reset-tokens: 6m0s\nx-ratelimit-remaining-tokens: 0\nRateLimit: "d";r=0;t=3' >"$2/limits"
	printf 'uhello\nahi\ncx\nt21\nuagain' >"$2/turns"
}
for h; do
	name=${h##*/}
	seeds "$name" "$CORPUS/seeds-$name"
	mkdir -p "$CORPUS/$name"
	dict=tests/fuzz/text.dict
	log=$FOUND/$name.log
	if "$h" -max_total_time="$FUZZ_SECONDS" -timeout=25 -rss_limit_mb=3000 -max_len=20000 -dict=$dict -artifact_prefix=$FOUND/$name- \
		"$CORPUS/$name" "$CORPUS/seeds-$name" >"$log" 2>&1; then
		ok "$name: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\).*/\1 runs in \2 s/p' "$log")"
	else
		not_ok "$name: $(grep -a -m1 -E '^rule: |^fuzz_|ERROR: |runtime error' "$log")"
		tail -n 25 "$log" | sed 's/^/  /'
	fi
done
exit $FAILED
