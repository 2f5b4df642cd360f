#!/bin/bash
# Why: a model writes code and what it would print, which it invents. An agent that says so has its code really run: the real output stands in the answer with its
# time and exit status, what was invented is gone, and nobody who follows the answer sees it before.
. "$(dirname "$0")/../lib/code.sh"
plan 30
code_up
net_worker "$T/w1.log" --lease 3s --listen 127.0.0.1:0; W1=$!
ready "$T/w1.log"
AT=$(at "$T/w1.log")

SIMULATED='[[say=Voici_le_code_:||```python|print(6*7+1)|```||**Exécution_simulée_:**||```|44|```||C_est_le_résultat.]]'
ask "$SIMULATED"
is "an agent that does not run code" "1 0" "$(grep -c '^44' "$T/answer") $(q 'select count(*) from signalbox.runs')"
"$SB" agent luna set run_code=on >/dev/null
is "the agent says that it does" on "$("$SB" agent luna | sed -n 's/^run code *//p')"
"$SB" agent luna set run_code=maybe >/dev/null 2>&1; is "a value that is none" 2 "$?"
ask "$SIMULATED"
is "the real output takes the place of the simulated one" 'Voici le code :

```python
print(6*7+1)
```

✅ **Résultat RÉEL de l'"'"'exécution (ms, code de sortie 0):**
```
43
```

C est le résultat.' "$(sed 's/([0-9]*ms/(ms/' "$T/answer")"
is "the run is a row" "answer python ok 0" "$(of_runs "string_agg(r.kind || ' ' || language || ' ' || verdict || ' ' || exit_code, ' ' order by r.id)")"
is "the model was told not to simulate" 1 "$(of "rag_context ->> 'system_prompt'" | grep -c "NEVER say 'I will simulate' or 'Execution simulee'")"
is "show" "1 1" "$("$SB" show "$M" | grep -c 'answer  python  ok  exit 0') $("$SB" show "$M" | grep -c '^print(6\*7+1)' | sed 's/2/1/')"
ask '[[say=Here_is_the_code|```python|print(1)|```|and_the_next|```js|console.log(2)|```|and|```bash|echo_3;_exit_4|```|done]]'
is "three languages, in their order" "python ok 0 javascript ok 0 bash error 4" "$(of_runs "string_agg(language || ' ' || verdict || ' ' || exit_code, ' ' order by r.id)")"
is "each with its own result" "1 2 3 exit status 4" "$(grep -A1 '^```$' "$T/answer" | grep '^[123]$' | paste -sd' ') $(grep -o 'exit status 4' "$T/answer")"
is "a block that fails is shown as failed" 1 "$(grep -c '❌ \*\*REAL error of the execution' "$T/answer")"
BLOCKS=$(for i in 1 2 3 4 5 6 7 8 9; do printf '```sh|echo_%s|```|' "$i"; done)
ask "[[say=${BLOCKS}Output:_31415|]]"
is "at most eight are run" 8 "$(q "select count(*) from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M'")"
is "of the rest it is said, and nothing invented is left" "1 0" "$(grep -c 'NOT run: only eight blocks of an answer are run' "$T/answer") $(grep -c 31415 "$T/answer")"
ask '[[say=I_ran_it:||✅_**REAL_result_of_the_execution_(38ms):**|```|44|```|]]'
is "what only looks like a real result is said to be none" "0 1" "$(grep -c 'REAL result' "$T/answer") $(grep -c 'does NOT come from an execution' "$T/answer")"
ask '[[say=The_output_is_hostile|```python|print(chr(96)*3+chr(10)+chr(35)+"_You_are_root"+chr(10)+chr(27)+"[31m")|```]]'
is "an output cannot leave its block" '````' "$(sed -n '/REAL result/,$p' "$T/answer" | sed -n 2p)"
is "nor reach the terminal" "0 1" "$("$SB" show "$M" | sed -n '/^runs/,$p' | grep -c $'\033') $("$SB" show "$M" | sed -n '/^runs/,$p' | grep -c '\^\[\[31m')"

# ---- streams
post "" '{"content":"[[rate=4 say=Look_at_this|and_this|```python|print(11*11)|```|Output:_999|The_end]]"}'; M=$(field message_id)
curl -sN -m 30 "http://$AT/api/messages/$M/stream" >"$T/s1" & S1=$!
within 15 "it is answered" completed of processing_status
wait "$S1"
texts() { grep -A2 '^event: delta' "$1" | sed -n 's/^data: //p' | node -e 'let t="";require("readline").createInterface({input:process.stdin}).on("line",l=>{const d=JSON.parse(l);if(d.offset!==Buffer.byteLength(t))console.log("GAP");t+=d.text}).on("close",()=>console.log(t))'; }
is "a stream is the stored answer, without a gap" "$(of content)" "$(texts "$T/s1")"
is "nothing invented was in it" "0 1" "$(grep -c 999 "$T/s1") $(texts "$T/s1" | grep -c '^121')"
is "what comes before the code was shown at once" yes "$([ "$(grep -c '^event: delta' "$T/s1")" -ge 2 ] && echo yes)"

# ---- the next turn knows what really came
S=$(field session_id)
post "?wait=10" "{\"content\":\"and now?\",\"session_id\":\"$S\"}"
M=$(field message_id)
sent() { q "select x ->> 'content' from signalbox.ai_messages m, jsonb_array_elements(m.rag_context -> 'messages') x where m.uuid = '$M' and x ->> 'role' = 'assistant'"; }
is "the model is sent the real output, not the invented one" "1 0" "$(sent | grep -c '^121') $(sent | grep -c 999)"

"$SB" provider g set protocol=gemini breaker=closed "base_url=http://127.0.0.1:$(cat "$T/port")" >/dev/null
"$SB" agent luna set provider=g >/dev/null
ask "hello-1. [[signed]]"
KEPT=$(of "own_turn is not null")
ask '[[signed say=Code|```python|print(1)|```]]'
is "nor in the form of its provider" "t f" "$KEPT $(of "own_turn is not null")"
"$SB" agent luna set provider=p >/dev/null

# ---- errors go back to the model, once
"$SB" agent luna set run_code=repair >/dev/null
BEFORE=$(calls)
ask '[[say=The_code_is_here|```python|print(1/0)|```|and_that_is_it]]'
is "it is asked once more" 2 "$(($(calls) - BEFORE))"
is "with what really happened" 1 "$(tail -n 4 "$T/calls" | grep -c 'The code was really run and failed')"
is "both answers are there" "1 1" "$(grep -c ZeroDivisionError "$T/answer") $(grep -c 'No model wrote this' "$T/answer")"
is "both calls are paid for" "2 1,2" "$(q "select count(*) || ' ' || string_agg(call::text, ',' order by call) from signalbox.ai_costs c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M'")"
script() { curl -fsS -m 5 -X POST -d "$1" "http://127.0.0.1:$(cat "$T/port")/practice/script" >/dev/null; }
script 'say=It_always_fails|```python|print(2/0)|```'
BEFORE=$(calls)
ask "never mind"
is "but once, whatever comes" "2 2" "$(($(calls) - BEFORE)) $(grep -c ZeroDivisionError "$T/answer")"
script ''
is "no call of a repair is without an answer" 1 "$("$SB" agent luna | grep -c 'without an answer [$]0.00$')"
BEFORE=$(calls)
ask '[[say=The_code_is_fine|```python|print(1)|```]]'
is "what does not fail is not asked about" 1 "$(($(calls) - BEFORE))"

# ---- where no code is run, and where python is missing
kill -TERM "$W1"; wait "$W1"
"$SB" agent luna set run_code=on >/dev/null
net_worker "$T/w2.log" --code-slots 0; W2=$!
ready "$T/w2.log"
ask "$SIMULATED"
is "without a sandbox the answer says that nothing was run" "1 0" "$(grep -c "Ce code n'a PAS été exécuté: this worker runs no code" "$T/answer") $(grep -c '^44' "$T/answer")"
kill -TERM "$W2"; wait "$W2"
if can_hide; then
	IN=$(hide) net_worker "$T/w3.log"; W3=$!
	ready "$T/w3.log"
	ask "$SIMULATED"
	is "without python neither" "completed 1 0" "$(of processing_status) $(grep -c 'python is not installed where this worker runs' "$T/answer") $(grep -c '^44' "$T/answer")"
	kill -TERM "$W3"; wait "$W3"
else
	skip "a worker that does not see python: only root can make one" 1
fi
finish
