#!/bin/bash
# Why: an assistant that was asked to calculate pretended to, and gave invented results. Here a calculation is really run, the model is not called, and the
# answer says what was run, how long it took, and that it is real. What cannot be run is an error that says why, never an answer.
. "$(dirname "$0")/../lib/code.sh"
plan 59
code_up
net_worker "$T/w1.log" --lease 3s --code-slots 2 --listen 127.0.0.1:0; W1=$!
ready "$T/w1.log"
AT=$(at "$T/w1.log")
run_of() { of_runs "$1" "order by r.id desc limit 1"; }

ask "Calcule 5 + 3"; is "an agent that does not calculate asks its model" "1 0" "$(calls) $(q 'select count(*) from signalbox.runs')"
"$SB" agent luna set calculations=on calculation_timeout=2s >/dev/null; is "the agent says that it does" "on, at most 2s" "$("$SB" agent luna | sed -n 's/^calculations *//p')"
"$SB" agent luna set calculations=perhaps >/dev/null 2>&1; is "a value that is none" 2 "$?"

A=$((RANDOM * 7919 + RANDOM)) B=$((RANDOM * 104729 + RANDOM))
ask "Calcule $A + $B"
is "it is answered" completed "$(of processing_status)"
is "in the source's words" "**Code Python généré et exécuté:**
\`\`\`python
print($A + $B)
\`\`\`

✅ **Résultat RÉEL de l'exécution (ms):**
\`\`\`
$((A + B))
\`\`\`" "$(sed 's/([0-9]*ms)/(ms)/' "$T/answer")"
is "the provider was not called" 1 "$(calls)"
is "the run is a row" "calculation python ended ok 0 $((A + B))" "$(run_of "kind || ' ' || language || ' ' || state || ' ' || verdict || ' ' || exit_code || ' ' || trim(output, E'\n')")"
is "of the attempt, with its agent" t "$(run_of "r.job_id = (select a.job_id from signalbox.attempts a where a.message_id = m.id) and r.agent_id = (select id from signalbox.agents where slug = 'luna')")"
is "it cost nothing" 0 "$(q "select count(*) from signalbox.ai_costs c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M'")"
is "nothing was sent to a model" "" "$(of rag_context)"
is "show has it" "1 1" "$("$SB" show "$M" | grep -c 'calculation  python  ok  exit 0') $("$SB" show "$M" | grep -c "print($A + $B)" | sed 's/[2-9]/1/')"
ask "Calcule $A + $B"
is "again: from the cache, which says so" "1 1" "$(grep -c "^Du cache: le même calcul a déjà été exécuté (run $(q "select uuid from signalbox.runs where kind = 'calculation' order by id limit 1"))" "$T/answer") $(q "select count(*) from signalbox.runs")"
ask "What is 17% of 2,340?"
is "in English" "397.8 1" "$(sed -n '/REAL result of the execution/,$p' "$T/answer" | sed -n 3p) $(grep -c 'Python code generated and run' "$T/answer")"
ask "calcule 1 / 0"
is "an error is shown as one" "1 1 completed" "$(grep -c "Erreur RÉELLE de l'exécution" "$T/answer") $(grep -c ZeroDivisionError "$T/answer") $(of processing_status)"
ask "calcule 9^9^9^9"
is "what takes too long is ended, and says so" "1 timeout" "$(grep -c 'arrêtée après 2[0-9]*ms: timeout' "$T/answer") $(run_of verdict)"
ask "what is 5 + 3 really, philosophically"
is "what is not surely a calculation goes to the model" 2 "$(calls)"
post "?wait=10" '{"content":"combien font 12 × (7 − 2) ?"}'
is "over HTTP" "completed 60" "$(field status) $(q "select content from signalbox.ai_messages where uuid = '$(field message_id)'" | sed -n 8p)"
M=$(field message_id)
is "a stream of it is the whole answer" "$(of 'md5(content)')" "$(curl -sN -m 10 "http://$AT/api/messages/$M/stream" | grep -A2 '^event: delta' | sed -n 's/^data: //p' | node -e 'let t="";require("readline").createInterface({input:process.stdin}).on("line",l=>{const d=JSON.parse(l);t=t.slice(0,d.offset)+d.text}).on("close",()=>console.log(require("crypto").createHash("md5").update(t).digest("hex")))')"
is "metrics" "1 1" "$(curl -s "http://$AT/metrics" | grep -c '^signalbox_runs_total{agent="luna",language="python",kind="calculation",verdict="timeout"} 1') $(curl -s "http://$AT/metrics" | grep -c '^signalbox_calculations_total{agent="luna",source="cache"} 1')"

echo 'print(1)' | "$SB" exec >/dev/null 2>&1
is "runs of commands are counted, too" 1 "$(curl -s "http://$AT/metrics" | grep -c '^signalbox_runs_total{agent="none",language="python",kind="exec",verdict="ok"} 1')"

# ---- the console: a run is a line, its code and output on demand
for size in "80 24" "120 36"; do
	console $size
	see "the console at $size" 'Queue'
	keys ":test luna" Enter
	see "the test console" 'Test  agent luna'
	keys "combien font 7 × 6 ?"
	see "the question is typed" 'luna > combien font 7 × 6'
	nap 0.3
	keys Enter
	see "a run is a line under its answer" 'calculation: python  ok  exit 0  [0-9]+ ms'
	see "no model was called" 'done, no model was called'
	keys Escape
	see "out of the field" 'e code'
	keys e
	see "its code and output, on demand" '^ +print\(7 \* 6\)'
	"$SB" agent luna set calculation_timeout=3s >/dev/null
	"$SB" send luna "calcule 9^9^9^$SECONDS" >/dev/null 2>&1
	keys "1"
	see "it runs" 'run +luna'
	keys Enter
	see "Message: it runs, and has no time yet" 'calculation: python  running$'
	see "it has run" 'calculation: python  timeout'
	keys G    # at 24 lines the attempts are below
	see "no model was called for the attempt" '#1 .*completed  no model was called'
	keys c
	see "nor was anything sent" 'none: no model was called'
	tm kill-server
done

# ---- cancel, kill -9, drain
"$SB" agent luna set calculation_timeout=20s >/dev/null
M=$("$SB" send luna "calcule 9^9^9^8" 2>/dev/null)
running_run() { [ "$(run_of state)" = running ]; }
until_true 10 running_run
"$SB" cancel "$M" >/dev/null
within 10 "cancelled while it runs" "ended cancelled" run_of "state || ' ' || verdict"
is "the message is" cancelled "$(of processing_status)"
"$SB" agent luna set calculation_timeout=4s >/dev/null
M=$("$SB" send luna "calcule 9^9^9^7" 2>/dev/null)
until_true 10 running_run
kill -9 "$W1"
net_worker "$T/w2.log" --lease 3s --code-slots 2 --listen 127.0.0.1:0; W2=$!
ready "$T/w2.log"
within 30 "its worker is killed: it is run again by another" completed of processing_status
is "both runs are there" "lost timeout" "$(q "select string_agg(r.verdict, ' ' order by r.id) from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M'")"
"$SB" agent luna set calculation_timeout=20s >/dev/null
M=$("$SB" send luna "calcule 9^9^9^6" 2>/dev/null)
until_true 10 running_run
BEGAN=$SECONDS
kill -TERM "$W2"; nap 0.5; kill -TERM "$W2"; wait "$W2"
is "a worker that ends at once gives it back" "0 queued cancelled yes" "$? $(of processing_status) $(run_of verdict) $([ $((SECONDS - BEGAN)) -lt 10 ] && echo yes)"
"$SB" cancel "$M" >/dev/null

# ---- many at once: bounded, and nobody else waits for them
net_worker "$T/w3.log" --lease 30s --code-slots 2 --concurrency 4 --listen 127.0.0.1:0 --calculation-cache 0; W3=$!
ready "$T/w3.log"
"$SB" agent aria set provider=p model=practice >/dev/null
"$SB" agent luna set calculation_timeout=4s >/dev/null
q "select count(*) from generate_series(1, 12) i, signalbox.dispatch('luna', 'calcule 9^9^9^' || i)" >/dev/null
until_true 5 eval '[ "$(running)" = 12 ]'
M=$("$SB" send aria "hello-2." 2>/dev/null)
within 2 "those that wait for the sandbox hold no place of others" completed of processing_status
is "they wait" "12" "$(running)"
q "select signalbox.cancel(m.uuid, 'test') from signalbox.ai_messages m join signalbox.queue q on q.message_id = m.id" >/dev/null
MANY=${LONG:+1000}
MANY=${MANY:-120}
"$SB" agent luna set calculation_timeout= >/dev/null
BEFORE=$(calls)
q "select count(*) from generate_series(1, $MANY) i, signalbox.dispatch('luna', 'calcule ' || i || ' * 1000 + 1')" >/dev/null
RSS=0 BOXES=0
boxes() { ps -eo ppid=,args= | awk -v w="$W3" '$1 == w && /[b]wrap --unshare-user/' | wc -l; }
M=$("$SB" send aria "hello-1." 2>/dev/null)
until_true 5 eval '[ "$(of processing_status)" = completed ]'
is "another agent's message does not wait for them" "completed yes" "$(of processing_status) $([ "$(q "select count(*) from signalbox.queue")" -gt 20 ] && echo yes)"
while [ "$(q 'select count(*) from signalbox.queue')" != 0 ] && [ $SECONDS -lt $((BEGAN + 300)) ]; do
	b=$(boxes); [ "$b" -le $BOXES ] || BOXES=$b
	r=$(awk '/^VmRSS/ { print $2 }' "/proc/$W3/status"); [ "$r" -le $RSS ] || RSS=$r
	nap 0.2
done
echo "# $MANY calculations: at most $BOXES sandboxes at once, worker at most $RSS kB"
is "each has its own result" "$MANY" "$(q "select count(*) from signalbox.ai_messages m join signalbox.ai_messages u on u.id = m.reply_to where u.content like 'calcule % * 1000 + 1' and m.content like '%' || E'\n' || (split_part(u.content, ' ', 2)::int * 1000 + 1) || E'\n%'")"
is "each was run once" "$MANY $MANY" "$(q "select count(*) || ' ' || count(distinct message_id) from signalbox.runs where code like 'print(% * 1000 + 1)'")"
is "two at once" "2" "$BOXES"
is "in bounded memory" yes "$([ "$RSS" -lt 120000 ] && echo yes)"
is "the model was asked but once" 1 "$(($(calls) - BEFORE))"
kill -TERM "$W3"; wait "$W3" 2>/dev/null

# ---- where it cannot be run
net_worker "$T/w4.log" --code-slots 0; W4=$!
ready "$T/w4.log"
BEFORE=$(calls)
ask "Calcule 5 + 4"; is "a worker that runs no code leaves it to the model" "1 completed" "$(($(calls) - BEFORE)) $(of processing_status)"
kill -TERM "$W4"; wait "$W4" 2>/dev/null
if can_hide; then
	IN=$(hide) net_worker "$T/w5.log"; W5=$!
	ready "$T/w5.log"
	BEFORE=$(calls)
	ask "Calcule 5 + 4"
	is "without python: a clear error, and no invented answer" "failed 1 0" "$(of processing_status) $(of processing_error | grep -c 'python is not installed where this worker runs') $(($(calls) - BEFORE))"
	kill -TERM "$W5"; wait "$W5" 2>/dev/null
else
	skip "a worker that does not see python: only root can make one" 1
fi
finish
