#!/bin/bash
# Why: all other tests believe what the scripted provider says. Here it is asked in its four protocols: the same question costs the same
# whoever is asked, each refuses in its own words, one of several can be brought down alone, and its log is enough to make the bill from.
set -u
. "$(dirname "$0")/../lib/plan.sh"
plan 17
FAKE=${FAKE_LLM:-build/plain/tests/fake_llm}
T=$(mktemp -d "${TMPDIR:-/tmp}/signalbox-provider.XXXXXX")
trap 'kill $PID 2>/dev/null; rm -rf "$T"; planned; exit $FAILED' EXIT
"$FAKE" --rate 0 --port-file "$T/port" --log "$T/log" >/dev/null 2>&1 &
PID=$!
for _ in $(seq 100); do [ -s "$T/port" ] && break; sleep 0.1; done
URL=http://127.0.0.1:$(cat "$T/port")
CHAT='{"model":"m","messages":[{"role":"user","content":"WORDS hi"}]}'
GEMINI='{"contents":[{"role":"user","parts":[{"text":"WORDS hi"}]}],"_":"as long as the others"}'
# ask PROTOCOL WORDS [PREFIX]: the body, and the headers in $T/head
ask() {
	local path body=$CHAT
	case $1 in
	openai) path=/v1/chat/completions ;;
	ollama) path=/api/chat ;;
	anthropic) path=/v1/messages ;;
	gemini) path='/v1beta/models/m:streamGenerateContent?alt=sse' body=$GEMINI ;;
	esac
	curl -s -D "$T/head" "$URL${3:-}$path" -d "${body/WORDS/${2:+[[$2]]}}"
}
status() { ask "$@" >/dev/null; sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$T/head"; }
script() { curl -s "$URL/practice/script?name=$1" -d "$2" >/dev/null; }

is "each streams to its own end" "1 1 1 1" "$(ask openai | grep -c '^data: \[DONE\]') $(ask ollama | grep -c '"done":true') \
$(ask anthropic | grep -c '^event: message_stop') $(ask gemini | grep -c '"finishReason":"STOP"')"
is "and says whose words these are" 4 "$(for p in openai ollama anthropic gemini; do ask $p whole | grep -c 'No model wrote this'; done | grep -c 1)"
is "an empty account" "429 429 400 429" "$(for p in openai ollama anthropic gemini; do status $p quota; done | xargs)"
is "too many others" "503 503 529 503" "$(for p in openai ollama anthropic gemini; do status $p overloaded; done | xargs)"
is "a wrong key" "401 401 401 400" "$(for p in openai ollama anthropic gemini; do status $p authfail; done | xargs)"
is "a prompt too long" "400 400 400 400" "$(for p in openai ollama anthropic gemini; do status $p toolong; done | xargs)"
is "a tool is asked for once" "1 0" "$(ask openai tools | grep -c '"finish_reason":"tool_calls"') $(CHAT='{"messages":[{"role":"user","content":"WORDS"},{"role":"tool","content":"21 C"}]}' ask openai tools | grep -c '"finish_reason":"tool_calls"')"
ask openai remaining=0 >/dev/null
is "nothing is left of the rate" 1 "$(grep -ci '^x-ratelimit-remaining-requests: 0' "$T/head")"

script a overloaded
is "one provider of several is down" "529 200 200" "$(status anthropic "" /p/a) $(status anthropic "" /p/b) $(status anthropic "")"
script a ''
is "and up again" 200 "$(status anthropic "" /p/a)"
script a down=1
before=$(status openai "" /p/a)
sleep 1.2
is "or for a second" "503 200" "$before $(status openai "" /p/a)"

embed() { curl -s "$URL$1" -d "$2"; }
is "vectors are the same each time" "$(embed /v1/embeddings '{"model":"e","input":["a b"]}')" "$(embed /v1/embeddings '{"model":"e","input":["a b"]}')"
is "one for each text, as long as asked" "2 4" "$(embed /v1/embeddings '{"input":["a b","c"],"dimensions":4}' | grep -o '"embedding":\[[^]]*\]' | awk -F, '{ n++; k = NF } END { print n, k }')"
is "in each protocol" "1 1" "$(embed /api/embed '{"input":"a"}' | grep -c '"embeddings":\[\[') $(embed /v1beta/models/g:batchEmbedContents '{"requests":[{"content":{"parts":[{"text":"a"}]}}]}' | grep -c '"values":\[')"

# The bill: what the answers said, against what the log says.
: >"$T/log"
said=$(ask openai "words=5 cached=7" | sed -n 's/.*"prompt_tokens":\([0-9]*\),"completion_tokens":\([0-9]*\).*"cached_tokens":\([0-9]*\).*/\1 \2 \3/p')
ask openai "words=9 cut=4" >/dev/null
ask openai status=500 >/dev/null
is "the log knows what was said to cost" "$said" "$(sed -n '/"answered"/s/.*"prompt_tokens":\([0-9]*\),"completion_tokens":\([0-9]*\),"cached_tokens":\([0-9]*\).*/\1 \2 \3/p' "$T/log" | sed -n 1p)"
is "what was cut costs what had come" '4 "cut"' "$(sed -n '/"answered"/s/.*"completion_tokens":\([0-9]*\).*"end":\(.*\)}/\1 \2/p' "$T/log" | sed -n 2p)"
is "and an error nothing" "500 0 0" "$(sed -n '/"answered"/s/.*"status":\([0-9]*\),"prompt_tokens":\([0-9]*\),"completion_tokens":\([0-9]*\).*/\1 \2 \3/p' "$T/log" | sed -n 3p)"
