#!/bin/bash
# Tools: the model asks, the worker calls, the journal knows. A payment is counted where it would be paid: in the log of the tool that is called.
. "$(dirname "$0")/../lib/tools.sh"
plan 113
tool pay set kind=http "url=$TOOL/ok" 'description=pays' 'schema={"type":"object","properties":{"amount":{"type":"integer","minimum":1},"to":{"type":"string"}},"required":["amount"],"additionalProperties":false}'
tool echo set kind=http "url=$TOOL/echo" "$OBJECT" payload='uid=user_id collection_name thread_key' side_effects=no
echo '{"type":"object","description":"from a file"}' >"$T/schema"
tool find set kind=http "url=$TOOL/echo?fixed=1" method=get "schema=@$T/schema" side_effects=no
tool big set kind=http "url=$TOOL/big/40000" result_bytes=1000 side_effects=no
tool broken set kind=http "url=$TOOL/status/500" side_effects=no
tool half set kind=http "url=$TOOL/half"
tool gone set kind=http url=http://127.0.0.1:1/x
tool mirror set kind=http "url=$TOOL/mirror" key_env=PAY_TOKEN side_effects=no
tool once set kind=http "url=$TOOL/once" idempotent=yes
tool slow set kind=http "url=$TOOL/slow/900" timeout=300ms
tool slowsafe set kind=http "url=$TOOL/slow/900" timeout=300ms side_effects=no
tool slowkey set kind=http "url=$TOOL/slow/900" timeout=300ms idempotent=yes
"$SB" agent luna set 'tools=pay echo, find big broken half gone mirror once slow slowsafe slowkey' >/dev/null || not_ok "an agent with tools"

# ---- what is refused when it is set
refused() { local name=$1 want=$2; shift 2; "$SB" "$@" >"$T/out" 2>&1; is "$name" "$want" $?; }
refused "an agent with a tool that is not there" 4 agent luna set tools=nothing
refused "a tool that an agent has is not removed" 5 tool pay remove
refused "a schema that asks the model who the user is" 2 tool x set kind=http url=http://x/ 'schema={"properties":{"User-ID":{}}}'
refused "a payload of a field that is not there" 2 tool x set kind=http url=http://x/ payload=password
refused "an address with a user in it" 2 tool x set kind=http url=http://a:b@x/
refused "a function of ours" 2 tool x set kind=sql function=signalbox.settle_batch
refused "a file that is not there" 2 tool x set kind=code schema=@/nowhere
refused "a kind that is not there" 2 tool x set kind=magic
refused "no name for a model" 2 tool 'a b' set kind=code
is "a text comes from a file" 1 "$("$SB" tool find | grep -c "from a file")"
is "nothing of these was kept" "" "$("$SB" tools --json | grep -o '"name": *"x"')"

net_worker "$T/w1.log" --lease 3s; W1=$!
ready "$T/w1.log"

# ---- each protocol: two calls at once, then a third; what the model wrote is what the tool gets, to the byte
for p in ollama openai anthropic gemini; do
	"$SB" agent luna set provider=$p >/dev/null
	: >"$T/tools"
	ask '[[ask=pay{"amount":12345678901234567890};echo{"x":[1,2.50,"é"]}/pay{"amount":7,"to":"b"}]] please'
	is "$p: answered after two rounds" "completed 2" "$(of processing_status) $(q "select count(*) from signalbox.tool_rounds r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M'")"
	is "$p: three calls, all done" "ok ok ok" "$(journal c.state)"
	is "$p: the tool has the model's bytes" '{"amount":12345678901234567890} {"amount":7,"to":"b"}' "$(sed -n 's/^POST \/ok [^ ]* //p' "$T/tools" | paste -sd' ')"
	is "$p: and what is bound to the call" '{"uid":null,"collection_name":null,"thread_key":null,"x":[1,2.50,"é"]}' "$(sed -n 's/^POST \/echo [^ ]* //p' "$T/tools")"
	is "$p: each with a key of its own" 3 "$(cut -d' ' -f3 "$T/tools" | sort -u | wc -l)"
	is "$p: the model has the results" 2 "$(tail -2 "$T/calls" | head -1 | grep -o '{\\"done\\": true}' | wc -l)"
	is "$p: all calls of the model are paid" "answer 1 tools 2" "$(q "select string_agg(kind || ' ' || n, ' ') from (select kind, count(*) n from signalbox.ai_costs c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M' group by 1 order by 1) x")"
done
"$SB" agent luna set provider=openai >/dev/null
is "show has the calls" "3" "$("$SB" show "$M" | grep -cE '^  [12]  (pay|echo)  ok  HTTP 200')"
is "and the context has what was sent" 2 "$("$SB" show "$M" --json --context | grep -o '"name": *"pay"' | sort | uniq -c | awk '{ print ($1 >= 2) + 1 }')"

# ---- who the user is does not come from the model
: >"$T/tools"
ask '[[ask=echo{"UserId":"eve","x":1,"collection-name":"c2","thread_KEY":"t","uid":"eve"}]]' --user bob --collection c1 --thread t1
is "what is bound is not the model's" '{"uid":"bob","collection_name":"c1","thread_key":"t1","x":1}' "$(sed -n 's/^POST \/echo [^ ]* //p' "$T/tools")"
is "and that is noted" "dropped: UserId, collection-name, thread_KEY, uid" "$(journal c.note)"

# ---- what is not run is told to the model
: >"$T/tools"
ask '[[ask=nothing{};pay{"amount":1,"Amount":2};pay{"Amount":2};pay{"amount":0};pay{"amount":"1"};pay{};pay{"amount":1,"x":2}]]'
is "seven calls that cannot be run" "refused refused refused refused refused refused refused" "$(journal c.state)"
is "with reasons" "there is no tool of this name|the arguments have Amount twice|the arguments have Amount: its name is amount|amount is too small|amount must be of type integer|the arguments lacks amount|the arguments must not have x" "$(q "select string_agg(c.why, '|' order by c.position) from signalbox.tool_calls c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M'")"
is "are told to the model" 7 "$(tail -2 "$T/calls" | head -1 | grep -o 'not run: ' | wc -l)"
is "and nothing was called" 0 "$(paid)"
ask '[[ask=pay{amount:1}]]'
is "arguments that are no JSON are told to the model" "completed refused" "$(of processing_status) $(journal c.state)"
is "and kept as they came" '{amount:1}' "$(journal c.arguments)"
ask '[[ask=find{"q":"a&b=c","n":5,"l":[1]}]]'
is "GET has the arguments in its query" 'fixed=1&q=a%26b%3Dc&n=5&l=%5B1%5D' "$(journal c.result)"
ask '[[ask=big{}]]'
is "a long result is kept whole" "40000 40000" "$(journal "length(c.result) || ' ' || c.result_bytes")"
is "and told with head and tail" 1 "$(tail -2 "$T/calls" | head -1 | grep -c 'A\{100\}x.*xZ\{100\}')"
is "and a word about what is not" 1 "$(tail -2 "$T/calls" | head -1 | grep -c '39000 bytes of this result are left out')"
ask '[[ask=broken{};gone{}]]'
is "a tool that fails is told" "completed error error" "$(of processing_status) $(journal c.state)"
is "with its status" 1 "$(tail -2 "$T/calls" | head -1 | grep -c 'error: HTTP 500')"
ask '[[ask=half{}]]'
is "a tool that did it and whose answer breaks off has done it" "completed ok" "$(of processing_status) $(journal c.state)"
is "which is told" 1 "$(tail -2 "$T/calls" | head -1 | grep -c 'half a sen.*its answer broke off here')"
ask '[[ask=mirror{}]]'
is "a key is sent, and blotted where it comes back" "1" "$(journal c.result | grep -c '^Bearer \**$')"

# ---- a call of which nobody knows whether it was done
: >"$T/tools"
ask '[[ask=slow{}]]'
is "a time-out of what may not be done twice fails the message" "failed unknown" "$(of processing_status) $(journal c.state)"
is "says which call, with which arguments" 1 "$(of processing_error | grep -c '^unsafe: .*nobody knows whether slow was done (timeout.*{}')"
is "it was called once" 1 "$(paid)"
"$SB" retry "$M" >/dev/null
within 10 "by hand the message goes on" completed of processing_status
is "the call is not made again" "1 unknown" "$(paid) $(journal c.state)"
is "and the model is told that nobody knows" 1 "$(tail -2 "$T/calls" | head -1 | grep -c 'unknown: timeout')"
: >"$T/tools"
ask '[[ask=slowsafe{}]]'
is "what changes nothing is called twice, and then told" "completed error 2 1" "$(of processing_status) $(journal c.state) $(paid) $(cut -d' ' -f3 "$T/tools" | sort -u | wc -l)"
: >"$T/tools"
ask '[[ask=slowkey{}]]'
is "what may be done twice is, until the tries are used up, always with the same key" "failed running 6 1" "$(of processing_status) $(journal c.state) $(paid) $(cut -d' ' -f3 "$T/tools" | sort -u | wc -l)"
tool slowkey set timeout=5s
"$SB" retry "$M" >/dev/null
within 10 "and by hand" "completed ok 7 1" eval 'echo "$(of processing_status) $(journal c.state) $(paid) $(cut -d" " -f3 "$T/tools" | sort -u | wc -l)"'
: >"$T/tools"
ask '[[ask=once{}]]'
is "a connection that breaks without a word: once more" "completed ok 2 1" "$(of processing_status) $(journal c.state) $(paid) $(cut -d' ' -f3 "$T/tools" | sort -u | wc -l)"

# ---- a model that does not end
ask '[[ask=broken{"a":1}/broken{"a":1}/broken{"a":1}/broken{"a":1}/broken{"a":2}]]'
is "the same call is made three times, not four" "completed error error error refused error" "$(of processing_status) $(journal c.state)"
: >"$T/tools"
ask '[[ask=pay{"amount":5};pay{"amount":5};pay{"amount":5};pay{"amount":5};pay{"amount":5}]]'
is "nor is it five times in one reply" "ok ok ok refused refused 3" "$(journal c.state) $(paid)"
ask '[[ask=functions.pay{"amount":1}]] odd'
is "a name that vendors do not take is not sent back to them" "completed functions_pay" "$(of processing_status) $(journal c.name)"
ask '[[ask=nothing{}/nothing{}/nothing{}/nothing{}]]'
is "three rounds of nothing that can be run end the message" "failed 3" "$(of processing_status) $(journal c.id | wc -w)"
is "and say why" 1 "$(of processing_error | grep -c '^tool_limit: .*there is no tool of this name')"
ASKS=$(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do printf 'echo{"a":%s}/' $i; done)
ask "[[ask=$ASKS]]"
is "sixteen rounds, and no more" "failed 16" "$(of processing_status) $(journal c.id | wc -w)"

# ---- a message that fails after its tools ran uses what they answered
: >"$T/tools"
"$SB" agent luna set retries=0 >/dev/null
curl -s -o /dev/null -d '' "http://127.0.0.1:$P/practice/script?name=openai"
tool wait set kind=http "url=$TOOL/slow/700"
"$SB" agent luna set tools='pay wait' >/dev/null
M=$("$SB" send luna '[[ask=wait{}]] later' 2>/dev/null)
until_true 10 eval '[ "$(paid)" = 1 ]'
curl -s -o /dev/null -d 'status=400' "http://127.0.0.1:$P/practice/script?name=openai"
within 10 "the model refuses the second round" failed of processing_status
curl -s -o /dev/null -d '' "http://127.0.0.1:$P/practice/script?name=openai"
"$SB" retry "$M" >/dev/null
within 10 "a retry goes on from there" completed of processing_status
is "the tool was called once" "1 ok" "$(paid) $(journal c.state)"
is "what the model said before is in the answer, once" 1 "$(of content | grep -c 'it asks for tools')"

# ---- a retry from a step: what was done from there on is given up, and asked about
: >"$T/tools"
"$SB" agent luna set tools='pay echo' >/dev/null
ask '[[ask=echo{"r":1}/pay{"amount":2}/nothing{}/nothing{}/nothing{}/nothing{}]] steps'
is "a message that fails after five steps" "failed 5" "$(of processing_status) $(q "select count(*) from signalbox.tool_rounds r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M'")"
"$SB" retry "$M" --from-step 2 >"$T/out" 2>"$T/err"
is "a payment is asked about" "5 1 1" "$? $(grep -c '^  2  pay  ok  {"amount":2}' "$T/err") $(grep -c 'say --yes' "$T/err")"
is "and nothing was done" "failed 1" "$(of processing_status) $(paid /ok)"
refused "a step that it does not have" 2 retry "$M" --from-step 6
"$SB" retry "$M" --from-step 3 >/dev/null
within 10 "from behind it nothing is to be asked" failed of processing_status
is "and the payment is not made again" 1 "$(paid /ok)"
"$SB" retry "$M" --from-step 2 --yes >/dev/null
within 10 "with a yes it is" "failed 2 1" eval 'echo "$(of processing_status) $(paid /ok) $(paid /echo)"'
is "what was given up is still shown" 1 "$("$SB" show "$M" | grep -c '^  2  pay  ok (given up)')"
refused "not of a message that is done" 5 retry "$(q "select uuid from signalbox.ai_messages where processing_status = 'completed' and role = 'assistant' order by id limit 1")" --from-step 1

# ---- the day's tokens end in the third of five rounds: the next provider goes on with the same calls and results
: >"$T/tools"
"$SB" agent luna set tools='pay wait echo' chain='anthropic:practice gemini:practice' >/dev/null
M=$("$SB" send luna '[[ask=echo{"r":1}/echo{"r":2}/wait{}/echo{"r":4}/pay{"amount":5}]] five' 2>/dev/null)
until_true 10 eval '[ "$(paid /slow)" = 1 ]'
curl -s -o /dev/null -d 'quota' "http://127.0.0.1:$P/practice/script?name=openai"
within 15 "the next provider finishes" completed of processing_status
curl -s -o /dev/null -d '' "http://127.0.0.1:$P/practice/script?name=openai"
is "each call was made once" "ok ok ok ok ok 5" "$(journal c.state) $(paid)"
is "by two providers" "anthropic openai" "$(q "select string_agg(distinct c.provider, ' ' order by c.provider) from signalbox.ai_costs c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M'")"
is "and the last had all results" 5 "$(grep '"name":"anthropic"' "$T/calls" | grep results | tail -1 | sed 's/.*results//' | grep -o '\\n' | wc -l)"
"$SB" agent luna set chain= >/dev/null; "$SB" provider openai set breaker=auto >/dev/null; "$SB" provider openai set breaker=closed >/dev/null

# ---- with a budget each round is an attempt of its own, which the budget lets in
: >"$T/tools"
q "insert into signalbox.model_prices values ('practice', '', '2024-01-01', 1000000, 2000000, null, 'practice: invented')"
"$SB" agent luna set budget_day=1000 >/dev/null
ask '[[ask=pay{"amount":1}/pay{"amount":2}]] rounds'
is "a budget: three attempts, no try used" "completed released released completed" "$(of processing_status) $(q "select string_agg(a.outcome, ' ' order by a.number) from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '$M'")"
is "each call was made once" "ok ok 2" "$(journal c.state) $(paid)"
"$SB" agent luna set budget_day= >/dev/null

# ---- functions in the database
q "create schema shop; create table shop.orders (id bigint, who text); grant usage on schema shop to public; grant all on shop.orders to public;
	create function shop.book(arguments jsonb, context jsonb) returns jsonb language plpgsql as \$\$ begin
		insert into shop.orders values ((arguments ->> 'id')::bigint, context ->> 'user_id');
		if arguments ? 'fail' then raise exception 'no such thing: %', arguments ->> 'fail'; end if;
		perform pg_sleep(coalesce((arguments ->> 'sleep')::float, 0));
		return jsonb_build_object('booked', arguments -> 'id', 'key', context ->> 'idempotency_key', 'as', current_user); end \$\$" 2>"$T/err" || not_ok "a function: $(cat "$T/err")"
tool book set kind=sql function=shop.book timeout=500ms 'schema={"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}'
"$SB" agent luna set tools=book >/dev/null
ask '[[ask=book{"id":9007199254740993};book{"id":2,"fail":"x"};book{"id":3,"sleep":2}]]' --user bob --thread t2
is "a function is run, one fails, one takes too long" "completed ok error error" "$(of processing_status) $(journal c.state)"
is "with its arguments, and what is bound" "9007199254740993 bob" "$(q "select string_agg(id || ' ' || who, ',') from shop.orders")"
is "its key is that of its row" "$(journal c.uuid | cut -d' ' -f1)" "$(q "select c.result::jsonb ->> 'key' from signalbox.tool_calls c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M' and c.position = 1")"
is "what the others did is undone, and told" 1 "$(tail -2 "$T/calls" | head -1 | grep -c 'error: no such thing: x.*error: timed out after 500 ms; what it did is undone')"

# a function that is left by its worker, and goes on: the next attempt reads what it did
tool book set timeout=20s
M=$("$SB" send luna '[[ask=book{"id":77,"sleep":4}]] orphan' --user bob --thread t3 2>/dev/null)
until_true 5 eval '[ "$(q "select count(*) from pg_stat_activity where query like '"'%tool_sql%'"' and wait_event = '"'PgSleep'"'")" = 1 ]'
kill -9 "$W1"
net_worker "$T/w1.log" --lease 3s; W1=$!
within 20 "a function that outlives its worker is run once" "completed ok 1" eval 'echo "$(of processing_status) $(journal c.state) $(q "select count(*) from shop.orders where id = 77")"'

# ---- kill -9 at each step: six messages stand at six steps when their worker is killed
for t in a b c d e f; do tool pay_$t set kind=http "url=$TOOL/ok/$t"; done
tool pay_c set "url=$TOOL/hang/c"; tool pay_e set "url=$TOOL/slow/700/e"; tool pay_f set "url=$TOOL/slow/700/f"; tool pay_d set "url=$TOOL/slow/700/d"
python3 -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
held = []
for i in range(8):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname()); held.append(c)
print(s.getsockname()[1], flush=True)
time.sleep(600)' >"$T/blocked" & PIDS="$PIDS $!"
until_true 5 test -s "$T/blocked"
tool pay_b set "url=http://127.0.0.1:$(cat "$T/blocked")/b"
"$SB" agent luna set tools='pay_a pay_b pay_c pay_d pay_f' >/dev/null
"$SB" agent eve set provider=ollama model=practice max_tokens=500 tools=pay_e >/dev/null
: >"$T/tools"
send() { "$SB" send "$@" 2>/dev/null; }
# hold TABLE CONDITION: a stranger's transaction holds these rows
hold() { psql -qXAt "$SIGNALBOX_DATABASE_URL" -c "begin" -c "select from signalbox.$1 where $2 for update" -c "select pg_sleep(60)" >/dev/null 2>&1 & HOLDERS="${HOLDERS:-} $!"; PIDS="$PIDS $!"; }
session_of() { echo "id = (select session_id from signalbox.ai_messages where uuid = '$1')"; }
is_begun() { [ "$(q "select count(*) from signalbox.tool_calls c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$1' and c.state = 'running'")" = 1 ]; }
A=$(send luna '[[slow=500 ask=pay_a{}]] a'); hold ai_sessions "$(session_of "$A")"
B=$(send luna '[[ask=pay_b{}]] b'); C=$(send luna '[[ask=pay_c{}]] c')
F=$(send luna '[[ask=pay_f{}]] f'); until_true 5 is_begun "$F"; hold ai_sessions "$(session_of "$F")"
E=$(send eve '[[ask=pay_e{}]] e'); until_true 5 is_begun "$E"; curl -s -o /dev/null -d 'hang' "http://127.0.0.1:$P/practice/script?name=ollama"
until_true 5 is_begun "$B"; until_true 5 is_begun "$C"
until_true 5 eval 'grep -q "\"name\":\"ollama\".*done" "$T/calls"'
D=$(send luna '[[ask=pay_d{}]] d'); until_true 5 is_begun "$D"; hold tool_calls "message_id = (select id from signalbox.ai_messages where uuid = '$D')"
until_true 5 eval '[ "$(paid /slow/700/d)" = 1 ]'; nap 1
is "six messages run" 6 "$(running)"
kill -9 "$W1"
curl -s -o /dev/null -d '' "http://127.0.0.1:$P/practice/script?name=ollama"
q "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'signalbox-worker%'" >/dev/null    # else the lock's end lets its last statement in
for p in $HOLDERS; do kill "$p" 2>/dev/null; done
q "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep'" >/dev/null
net_worker "$T/w2.log" --lease 3s; W2=$!
ready "$T/w2.log"
how() { M=$1; echo "$(of processing_status) $(journal c.state) $(paid "$2")"; }
within 20 "killed before the journal had the call: it is made once" "completed ok 1" how "$A" /ok/a
within 20 "killed before the request could leave: nobody knows, it is not made" "failed unknown 0" how "$B" /b
within 20 "killed while it ran: nobody knows, it is not made again" "failed unknown 1" how "$C" /hang/c
within 20 "killed when its result had come, and was not written: the same" "failed unknown 1" how "$D" /slow/700/d
within 20 "killed while the model was called with the result: it goes on" "completed ok 1" how "$E" /slow/700/e
within 20 "killed when the answer was there, and not written: it goes on" "completed ok 1" how "$F" /slow/700/f
M=$D
is "the operator is told which call" 1 "$(of processing_error | grep -c 'nobody knows whether pay_d was done')"

# ---- cancel, and a worker that ends
: >"$T/tools"
tool pay_c set "url=$TOOL/hang/g"
M=$(send luna '[[ask=pay_c{}]] cancelled'); until_true 5 eval '[ "$(paid)" = 1 ]'
"$SB" cancel "$M" >/dev/null
within 5 "a call is left when its message is cancelled" "cancelled 0" eval 'echo "$(of processing_status) $(running)"'
M=$(send luna '[[ask=pay_f{}]] drained'); until_true 5 eval '[ "$(paid /slow/700/f)" = 1 ]'
kill "$W2"; wait "$W2" 2>/dev/null
is "a worker that ends waits for its tools" "completed ok" "$(of processing_status) $(journal c.state)"

# ---- by default nothing is sent to private addresses
SIGNALBOX_TOOL_PRIVATE=0 net_worker "$T/w3.log" --lease 3s --listen 127.0.0.1:0; W3=$!
ready "$T/w3.log"; AT=$(at "$T/w3.log")
: >"$T/tools"
ask '[[ask=pay_a{}]] private'
is "a private address is refused, and told" "completed error 0" "$(of processing_status) $(journal c.state) $(paid)"
is "with the reason" 1 "$(journal c.why | grep -c 'the address is private')"
is "calls are counted" 1 "$(curl -s "http://$AT/metrics" | grep -c '^signalbox_tool_calls_total{agent="luna",tool="pay_a",outcome="error"} 1')"
if "$SB" doctor 2>/dev/null | grep -q 'code.*runs none\|runs no code'; then
	skip "code that the model calls for" 2
else
	tool run_code set kind=code timeout=10s 'schema={"type":"object","properties":{"code":{"type":"string"},"language":{"enum":["python","javascript","bash"]}},"required":["code"]}'
	"$SB" agent luna set tools=run_code >/dev/null
	ask '[[ask=run_code{"code":"print(6*7)"};run_code{"code":"exit(3)"}]]'
	is "code that the model calls for is run" "completed ok error 42" "$(of processing_status) $(journal c.state) $(q "select trim(both E'\n' from c.result) from signalbox.tool_calls c join signalbox.ai_messages m on m.id = c.message_id where m.uuid = '$M' and c.position = 1")"
	is "as runs of their own" "tool ok tool error" "$(q "select string_agg(r.kind || ' ' || r.verdict, ' ' order by r.id) from signalbox.runs r join signalbox.ai_messages m on m.id = r.message_id where m.uuid = '$M'")"
fi
