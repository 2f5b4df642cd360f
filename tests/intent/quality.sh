#!/bin/bash
# Why: that questions are sorted well can be claimed of a real model only. Here a real sentence-embedding model (the Universal Sentence Encoder, with
# its weights out of npm, serve.mjs) sorts 162 questions to a shop's support desk that nothing was tuned with, through the whole path: agent,
# work, worker, HTTP, vectors, table. More than nine in ten must be right.
#   labels.json    the agent's labels: description (each sentence is a vector of its own) and six examples
#   heldout.jsonl  27 questions to each of six labels, by hand. Written before the first measurement, and not touched since.
#   tuning.jsonl   ten more of each: with these the descriptions and the two numbers in worker/llm/scores.c were chosen
. "$(dirname "$0")/../lib/net.sh"
plan 5
HERE=tests/intent
npm_peers "intent quality" $HERE
stack_up
node "$HERE/serve.mjs" "$T/model-port" >"$T/model.log" 2>&1 &
PIDS="$PIDS $!"
until_true 60 test -s "$T/model-port" || not_ok "the model starts: $(tail -3 "$T/model.log")"
"$BIN/signalbox" provider use set protocol=openai "base_url=http://127.0.0.1:$(cat "$T/model-port")/v1" >/dev/null
"$BIN/signalbox" agent luna set "intents=$(cat "$HERE/labels.json")" intent_model=embed:use:universal-sentence-encoder >/dev/null || not_ok "the labels"
net_worker "$T/w.log" --intent-timeout 60s
ready "$T/w.log"
"$BIN/signalbox" intent eval "$HERE/heldout.jsonl" >"$T/table" || not_ok "eval: $(cat "$T/table" "$T/w.log")"
cat "$T/table"
is "it fits in 80 columns" 0 "$(awk 'length > 80' "$T/table" | wc -l)"
"$BIN/signalbox" intent eval "$HERE/heldout.jsonl" --agent luna --json >"$T/json" 2>/dev/null
read -r n all sure failed <<<"$(q "select d ->> 'texts', d ->> 'accuracy_without_threshold', round((d ->> 'right')::numeric / ((d ->> 'right')::int + (d ->> 'wrong')::int), 4),
	d ->> 'failed' from (select '$(cat "$T/json")'::jsonb) x(d)" | tr '|' ' ')"
is "all were classified" "162 0" "$n $failed"
is "over nine in ten are right ($all)" t "$(q "select $all > 0.9")"
is "and of those it is sure of ($sure)" t "$(q "select $sure > 0.9")"
"$BIN/signalbox" intent eval "$HERE/tuning.jsonl" | sed -n 1,3p
say 1 "where is the parcel that I ordered last week"
within 15 "a message knows it too" "delivery" q "select intent from signalbox.ai_messages where role = 'assistant' and processing_status = 'completed'"
finish
