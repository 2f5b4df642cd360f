#!/bin/bash
# Why: whoever asks for code to be run must get what it really wrote, and how it really ended, whatever happens to the worker meanwhile; each run is a row that proves it; and where code cannot
# be run, that is said, and nothing is run in another way.
. "$(dirname "$0")/../lib/code.sh"
plan 50
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || { not_ok database; exit; }
export SIGNALBOX_DATABASE_URL SECRET_TOKEN=hunter2
"$SB" migrate >/dev/null || not_ok migrate
run() { "$SB" exec "$@" >"$T/out" 2>"$T/err"; CODE=$?; }
code() { printf '%s\n' "$1" >"$T/code.${2:-py}"; run "${@:3}" "$T/code.${2:-py}"; }
# the processes of bubblewrap below our workers, whatever else runs on this machine
own_boxes() { ps -eo pid=,ppid=,stat=,args= | awk -v roots="$PIDS" 'BEGIN { split(roots, r, " "); for (i in r) own[r[i]] = 1 }
	{ pid[NR] = $1; up[NR] = $2; box[NR] = /[b]wrap --unshare-user/ && $3 !~ /^Z/ }
	END { do { more = 0; for (i = 1; i <= NR; i++) if (!(pid[i] in own) && (up[i] in own)) more = own[pid[i]] = 1 } while (more)
	      for (i = 1; i <= NR; i++) if (box[i] && (pid[i] in own)) print pid[i] }'; }
boxes() { own_boxes | wc -l; }
alive() { local n=0 p; for p; do [ -d "/proc/$p" ] && ! grep -q '^State:.Z' "/proc/$p/status" 2>/dev/null && n=$((n + 1)); done; echo $n; }
last() { q "select $1 from signalbox.runs order by id desc limit 1"; }

code 'print(1)'; is "without a worker" "1 no worker is alive" "$CODE $(grep -o 'no worker is alive' "$T/err")"
net_worker "$T/w0.log" --code-slots 0; W0=$!
ready "$T/w0.log"
code 'print(1)'; is "where no worker runs code" "1 code_slots is 0" "$CODE $(grep -o 'code_slots is 0' "$T/err")"
is "nothing was asked of it" 0 "$(q 'select count(*) from signalbox.runs')"
is "doctor says so, and that it is meant" 1 "$("$SB" doctor | grep -c '^ok    code .*0 of 1 workers run code.*code_slots is 0')"
kill "$W0"; wait "$W0" 2>/dev/null
net_worker "$T/w1.log" --lease 3s --code-slots 2; W1=$!
ready "$T/w1.log"
if grep -q 'this worker runs no code' "$T/w1.log"; then
	echo "# $(grep -o 'why=.*' "$T/w1.log" | head -1)"
	code 'print(1)'; is "it is said why not" 1 "$CODE"
	skip_all "code: this machine's kernel does not allow it"
fi
is "doctor" 1 "$("$SB" doctor | grep -c '^ok    code .*1 of 1 workers run code')"

A=$RANDOM B=$RANDOM
code "print($A + $B)"; is "python: $A + $B" "0 $((A + B))" "$CODE $(cat "$T/out")"
code "console.log($A * $B)" js; is "javascript" "0 $((A * B))" "$CODE $(cat "$T/out")"
code "echo \$(($A - $B))" sh; is "bash" "0 $((A - B))" "$CODE $(cat "$T/out")"
is "the run is a row" "bash ended ok 0" "$(last "language || ' ' || state || ' ' || verdict || ' ' || exit_code")"
is "with the hash of its code" "$(sha256sum <"$T/code.sh" | cut -d' ' -f1)" "$(last "encode(code_hash, 'hex')")"
is "its limits and interpreter" t "$(last "limits like '%nproc=32%time=10000ms' and interpreter ~ '^/usr/bin/bash [0-9]+\.[0-9]'")"
is "its time" t "$(last 'duration_ms between 1 and 10000')"
echo "print('from a pipe')" | "$SB" exec >"$T/out" 2>&1; is "from standard input" "from a pipe" "$(cat "$T/out")"
code 'import sys; print("out", flush=True); print("err", file=sys.stderr, flush=True); sys.exit(3)'
is "a program's own error" "1 out err status 3" "$CODE $(tr '\n' ' ' <"$T/out")$(grep -o 'status 3' "$T/err")"
code 'print(1 / 0)'; is "an exception is shown" "1 1" "$CODE $(grep -c ZeroDivisionError "$T/out")"
code 'while True: pass' py --time-limit 300ms; is "a time-out is a verdict" "1 timeout" "$CODE $(last verdict)"
is "and is said" 1 "$(grep -c 'timeout: its time was over' "$T/err")"
code 'while True: print("x" * 1000)'; is "too much output" "1 output_limit" "$CODE $(last verdict)"
is "64 kB of it are kept" "65536 true" "$(last "octet_length(output) || ' ' || (output_bytes > 262144)")"
code 'import sys; sys.stdout.buffer.write(b"a\xffb\x00c\n")'; is "bytes that are no text" "a�b�c" "$(cat "$T/out")"
code 'print("\x1b]0;owned\x07")'; is "as they are, into a file" $'\033]0;owned\007' "$(cat "$T/out")"
code 'import os; print(sorted(os.environ), open("/proc/1/environ").read())'
is "its environment is its own" 0 "$(grep -c 'hunter2\|SIGNALBOX' "$T/out")"
run --language cobol "$T/code.py"; is "an unknown language" 2 "$CODE"
: >"$T/empty.py"; run "$T/empty.py"; is "no code" 2 "$CODE"
head -c 1100000 /dev/zero | tr '\0' '#' >"$T/big.py"; run "$T/big.py"; is "over a megabyte" 2 "$CODE"
run "$T/nothing.py"; is "no such file" 2 "$CODE"
code 'print(42)' py --json; is "as JSON" "ok 42" "$(q "select d ->> 'verdict' || ' ' || btrim(d ->> 'output', E'\n') from (select \$j\$$(cat "$T/out")\$j\$::jsonb d) x")"
is "each of them is in the operators' log" t "$(q "select count(*) = (select count(*) from signalbox.runs) from signalbox.operator_log where action = 'work_add'")"

# Over HTTP: only with a token that may, and with the source's form of the answer.
net_worker "$T/w5.log" --lease 3s --code-slots 1 --listen 127.0.0.1:0; W5=$!
ready "$T/w5.log"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w5.log" | head -1)
http() { CODE=$(curl -s -m 30 -o "$T/body" -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$2" "http://$AT/api/execute-code"); }
field() { q "select d ->> '$1' from (select \$j\$$(cat "$T/body")\$j\$::jsonb d) x"; }
is "without a token never, not even before the first one" 401 "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{"code":"print(1)"}' "http://$AT/api/execute-code")"
RUNS=$("$SB" token create --scope execute --name runner 2>/dev/null) READS=$("$SB" token create --scope read,dispatch 2>/dev/null)
within 5 "it runs code, too" 2 q "select count(*) from signalbox.workers where ended_at is null and no_code is null and lease_until > now() and started_at > now() - interval '20 s'"
http "$READS" '{"code":"print(1)"}'; is "not with another scope" 403 "$CODE"
http "$RUNS" "{\"code\":\"print($A * 7)\",\"language\":\"python\"}"
is "really run" "200 true python $((A * 7))" "$CODE $(field success) $(field language) $(field output)"
is "in the source's form" t "$(q "select d ->> 'code' = 'print($A * 7)' and (d ->> 'executionTime')::int between 1 and 10000 from (select \$j\$$(cat "$T/body")\$j\$::jsonb d) x")"
http "$RUNS" '{"code":"while True: pass","timeout_ms":300}'; is "a time-out is a verdict" "200 false timeout" "$CODE $(field success) $(field verdict)"
http "$RUNS" '{"code":"exit 3","language":"bash"}'; is "so is an error" "200 false 3" "$CODE $(field success) $(field exit_code)"
http "$RUNS" '{"code":"print(1)","language":"cobol"}'; is "an unknown language" 400 "$CODE"
http "$RUNS" '{"code":" "}'; is "no code" 400 "$CODE"
is "who asked" "token 1 runner" "$(q "select actor from signalbox.operator_log where action = 'work_add' order by id desc limit 1")"
kill "$W5"; wait "$W5" 2>/dev/null

# Twenty at once: no more than the worker's slots at a time, and messages do not wait for them.
for i in $(seq 20); do "$SB" exec --language bash - <<<"sleep 0.3; echo $i" >>"$T/twenty" 2>&1 & TWENTY="${TWENTY:-} $!"; done
MOST=0
while [ "$(q "select count(*) from signalbox.runs where state <> 'ended'")" != 0 ] || [ "$MOST" = 0 ]; do N=$(boxes); [ "$N" -gt "$MOST" ] && MOST=$N; nap 0.05; done
wait $TWENTY
is "twenty at once: all are run" 20 "$(sort -u "$T/twenty" | wc -l)"
is "two at a time" yes "$([ "$MOST" -ge 1 ] && [ "$MOST" -le 6 ] && echo yes)"    # bubblewrap is up to three processes

# Nobody waits for it any more; its worker is lost; it is asked to end.
"$SB" exec --language bash --time-limit 60s - <<<"sleep 50" >"$T/out" 2>&1 & ASKS=$!
until_true 10 eval '[ "$(last state)" = running ]'
kill -INT "$ASKS"; wait "$ASKS"
within 5 "cancelled" cancelled last verdict
within 5 "nothing of it is left" 0 boxes
"$SB" exec --language bash --time-limit 60s - <<<"sleep 3; echo done" >"$T/out" 2>&1 & ASKS=$!
until_true 10 eval '[ "$(last state)" = running ]'
BOXES=$(own_boxes)
kill -9 "$W1"; wait "$W1" 2>/dev/null
within 3 "with its worker it ends" "0 yes" eval 'echo "$(alive $BOXES) $([ -n "$BOXES" ] && echo yes)"'
net_worker "$T/w2.log" --lease 3s --code-slots 1; W2=$!
ready "$T/w2.log"
wait "$ASKS"; is "another one runs it" "0 done" "$? $(cat "$T/out")"
is "once more, and that is counted" 2 "$(q "select runs from signalbox.work order by id desc limit 1")"
"$SB" exec --language bash --time-limit 60s - <<<"sleep 2; echo done" >"$T/out" 2>&1 & ASKS=$!
until_true 10 eval '[ "$(last state)" = running ]'
kill -TERM "$W2"; wait "$W2"; is "a worker that ends gives it back" 0 "$?"
net_worker "$T/w3.log" --lease 3s; W3=$!
ready "$T/w3.log"
wait "$ASKS"; is "and another one runs it" "0 done" "$? $(cat "$T/out")"
kill "$W3"; wait "$W3" 2>/dev/null

# The interpreter is not there.
if can_hide; then
	IN=$(hide) net_worker "$T/w4.log" --lease 3s; W4=$!
	ready "$T/w4.log"
	code 'print(1)'; is "without python" "1 sandbox_error python is not installed" "$CODE $(last verdict) $(grep -o 'python is not installed' "$T/err")"
	code 'echo 1' sh; is "the others run" 0 "$CODE"
	kill "$W4"; wait "$W4" 2>/dev/null
else
	skip "a worker that does not see python: only root can make one" 2
fi
is "nothing is left running" 0 "$(boxes)"
finish
