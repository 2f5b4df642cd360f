#!/bin/bash
# What tools are told of a user, and long processes: the source's payload, field for field; a message that waits for an answer as a row; the answer, signed, once.
. "$(dirname "$0")/../lib/tools.sh"
plan 42
tool pay_a set kind=http "url=$TOOL/ok/a"
refused() { local name=$1 want=$2; shift 2; "$SB" "$@" >"$T/out" 2>&1; is "$name" "$want" $?; }
send() { "$SB" send "$@" 2>/dev/null; }
# ---- the captured context: the source's payload, field for field, for its four cases
cat >"$T/profiles.json" <<'P'
{"clients": [
	{"user_id": "user_whole", "client_uuid": "client_abc12345", "client_name": "Jean Dupont", "mandates": [
		{"contact_space_id": "company_other", "erps": [{"dms_system": "wrong"}]},
		{"contact_space_id": "company_xyz789", "contact_space_name": "Dupont SA", "drive_space_parent_id": "1A2B3C4D5E", "bank_erp": "qonto",
		 "erps": [{"dms_system": "odoo", "communication_mode": "pubsub", "log_communication_mode": "rabbit"}, {"dms_system": "second"}]}]},
	{"user_id": "user_no_erp", "client_uuid": "client_b", "client_name": "B", "mandates": [{"contact_space_id": "company_xyz789", "contact_space_name": "B SA"}]},
	{"user_id": "user_no_mandate", "client_uuid": "client_c", "client_name": "C"}]}
P
is "profiles are taken over" "3 clients, 3 mandates, 3 ERPs" "$("$SB" profile import "$T/profiles.json")"
is "and again, in place of those" "3 clients, 3 mandates, 3 ERPs" "$("$SB" profile import "$T/profiles.json")"
tool LPT_APBookkeeper set kind=http "url=$TOOL/ok/lpt" payload='uid=user_id collection_name thread_key client_uuid mandates_path=mandate_path communication_mode log_communication_mode dms_system' \
	'schema={"type":"object","properties":{"invoice_ids":{"type":"array","items":{"type":"string"}},"instructions":{"type":["string","null"],"default":null}},"required":["invoice_ids"]}'
"$SB" agent luna set tools=LPT_APBookkeeper >/dev/null
net_worker "$T/w4.log" --lease 3s; W4=$!; ready "$T/w4.log"
: >"$T/tools"
for u in user_whole user_no_erp user_no_mandate stranger_of_all; do
	ask '[[ask=LPT_APBookkeeper{"invoice_ids":["inv_001","inv_002"]}]] '$u --user $u --collection company_xyz789 --thread chat_xyz789
done
payload() { sed -n "s/^POST \/ok\/lpt [^ ]* //p" "$T/tools" | sed -n "$1p"; }
sent() { echo "{\"uid\":\"$1\",\"collection_name\":\"company_xyz789\",\"thread_key\":\"chat_xyz789\",\"client_uuid\":\"$2\",\"mandates_path\":\"company_xyz789\",\"communication_mode\":\"$3\",\"log_communication_mode\":\"$4\",\"dms_system\":\"$5\",\"invoice_ids\":[\"inv_001\",\"inv_002\"],\"instructions\":null}"; }
is "the whole profile" "$(sent user_whole client_abc12345 pubsub rabbit odoo)" "$(payload 1)"
is "no ERP" "$(sent user_no_erp client_b webhook firebase google_drive)" "$(payload 2)"
is "no mandate" "$(sent user_no_mandate client_c webhook firebase google_drive)" "$(payload 3)"
is "nobody" "$(sent stranger_of_all fallback_stranger webhook firebase google_drive)" "$(payload 4)"
is "each rebuild says whether it found somebody" "3 1" "$(grep -c 'profile=found' "$T/w4.log") $(grep -c 'profile=fallback' "$T/w4.log")"
is "a profile, field by field" "mandate_path company_xyz789 mandates
drive_space_parent_id 1A2B3C4D5E mandates
bank_erp qonto mandates" "$("$SB" profile user_whole company_xyz789 | grep '^mandate_path\|^drive\|^bank' | tr -s ' ' | sed 's/ $//')"
is "and of nobody, with its origins" "client_uuid fallback_stranger fallback" "$("$SB" profile stranger_of_all c | grep '^client_uuid' | tr -s ' ')"
refused "a file that is none" 2 profile import "$T/schema"

# ---- long processes: the message waits as a row, and the answer comes signed, once
export PROC_TOKEN=secret-of-the-process
net_worker "$T/w5.log" --lease 3s --listen 127.0.0.1:0 --public-url http://sb.example; W5=$!
ready "$T/w5.log"; AT=$(at "$T/w5.log")
tool long set kind=process "url=$TOOL/later" key_env=PROC_TOKEN payload='uid=user_id' timeout=1h
tool now set kind=process "url=$TOOL/ok/now" key_env=PROC_TOKEN
tool fails set kind=process "url=$TOOL/failed" key_env=PROC_TOKEN
tool bg set kind=process "url=$TOOL/later" key_env=PROC_TOKEN waits=no
tool brief set kind=process "url=$TOOL/later" key_env=PROC_TOKEN timeout=2s
tool twice set kind=process "url=$TOOL/later" key_env=PROC_TOKEN timeout=2s idempotent=yes
"$SB" agent luna set tools=long >/dev/null
M=$("$SB" send luna 'which worker' 2>/dev/null)
within 90 "a worker without the key leaves it to one that has it" completed of processing_status
kill "$W4"; wait "$W4" 2>/dev/null
"$SB" agent luna set tools='long now fails bg brief twice pay_a' >/dev/null
# answers TASK BODY [seconds of another time] [secret]: the process answers
answers() {
	local at=$(($(date +%s) + ${3:-0}))
	local sign=$(printf 'msg_1.%s.%s' $at "$2" | openssl dgst -sha256 -hmac "${4:-$PROC_TOKEN}" -binary | base64)
	call POST "/api/tasks/$1/callback" "$2" -H "webhook-id: msg_1" -H "webhook-timestamp: $at" -H "webhook-signature: v1,b3RoZXI= v1,$sign"
}
task() { q "select $1 from signalbox.tasks k join signalbox.ai_messages m on m.id = k.message_id where m.uuid = '$M'"; }
waits() { "$SB" show "$M" --json | grep -o '"waits_for": *"[a-z]*"' | head -1; }
: >"$T/tools"
M=$(send luna '[[ask=long{"ids":["inv_001"]};pay_a{}]] tasks' --user user_whole --collection company_xyz789 --thread t9)
within 10 "the message waits for a task" '"waits_for": "task"' waits
is "the other call has ended" "running ok" "$(journal c.state)"
is "nothing runs, no try is used, and there is no retry" "0 released 0" "$(running) $(q "select string_agg(a.outcome, ' ') from signalbox.attempts a join signalbox.ai_messages m on m.id = a.message_id where m.uuid = '$M'") $(of retry_count)"
is "the task has what a person looks for" 'long running user_whole Dupont SA t9 {"ids":["inv_001"]}' "$(task "concat_ws(' ', k.tool_name, k.status, k.user_id, k.company_name, k.thread_key, k.arguments)")"
is "the process knows where to answer" "callback http://sb.example/api/tasks/$(task k.id)/callback" "$(grep '^callback' "$T/tools")"
TASK=$(task k.id)
answers "$TASK" '{"status":"success","message":"15 factures"}' 0 other-secret
got "another's signature" 401 unauthorized
answers "$TASK" '{"status":"success","message":"15 factures"}' -400
got "an old one" 401 unauthorized
call POST "/api/tasks/$TASK/callback" '{"status":"success"}'
got "none" 401 unauthorized
answers 00000000-0000-4000-8000-000000000000 '{}'
got "no such task" 404 not_found
answers "$TASK" '{"status":"running","message":"7 of 15"}'
is "that it goes on ends nothing" "200 running running" "$CODE $(field status) $(task k.status)"
answers "$TASK" '{"status":"success","message":"15 factures"}'
is "the process answers" "200 ended" "$CODE $(field status)"
within 10 "the message goes on" completed of processing_status
is "with its answer" 1 "$(tail -2 "$T/calls" | head -1 | grep -c '15 factures')"
is "the task and the call have ended" "success ok ok" "$(task k.status) $(journal c.state)"
answers "$TASK" '{"status":"success","message":"again"}'
got "a second answer" 409 refused
is "each was called once" "1 1" "$(paid /later) $(paid /ok/a)"
ask '[[ask=now{};fails{}]]'
is "a process that answers at once" "completed ok error" "$(of processing_status) $(journal c.state)"
is "and one that fails" "success failed" "$(q "select string_agg(k.status, ' ' order by k.tool_name desc) from signalbox.tasks k join signalbox.ai_messages m on m.id = k.message_id where m.uuid = '$M'" | awk '{ print $2, $1 }' | sed 's/^success failed$/success failed/;s/^failed success$/success failed/')"
ask '[[ask=bg{}]] background' --user u2 --thread t2
is "one that the message does not wait for" "completed ok running" "$(of processing_status) $(journal c.state) $(task k.status)"
answers "$(task k.id)" '{"status":"success","message":"later"}'
is "its answer is a message of the conversation" 'tool bg: {"status":"success","message":"later"}' "$(q "select role || ' ' || content from signalbox.ai_messages where session_id = (select session_id from signalbox.ai_messages where uuid = '$M') order by id desc limit 1")"
M=$(send luna '[[ask=long{}]] failing'); within 10 "another waits" '"waits_for": "task"' waits
answers "$(task k.id)" '{"status":"failed","message":"no invoices"}'
within 10 "a failure is told to the model" "completed error" eval 'echo "$(of processing_status) $(journal c.state)"'
post '' '{"content":"[[ask=long{};pay_a{}]] streamed"}'; M=$(field message_id)
curl -s -N -m 20 "http://$AT/api/messages/$M/stream" >"$T/stream" & PIDS="$PIDS $!"
within 10 "a stream is told of the calls" 1 eval 'grep -A1 "^event: tool" "$T/stream" | grep -c "\"step\" *: *1, *\"name\" *: *\"long\", *\"state\" *: *\"running\".*\"name\" *: *\"pay_a\", *\"state\" *: *\"ok\""'
answers "$(task k.id)" '{"status":"success","message":"secret"}'
within 10 "and of how they end, before its own end" 1 eval 'grep -c "^event: done" "$T/stream"'
is "in order, without arguments and results" "tool done 0" "$(sed -n 's/^event: \(tool\|done\)$/\1/p' "$T/stream" | tail -2 | paste -sd' ') $(grep -A1 '^event: tool' "$T/stream" | grep -c secret)"
M=$(send luna '[[ask=brief{}]] late')
within 15 "no answer in time, and not to be begun twice: unsafe" "failed unknown unknown" eval 'echo "$(of processing_status) $(journal c.state) $(task k.status)"'
M=$(send luna '[[ask=twice{}]] late'); 
within 15 "no answer in time, of one that may be: told" "completed error" eval 'echo "$(of processing_status) $(journal c.state)"'
: >"$T/tools"
M=$(send luna '[[ask=long{}]] cancelled'); within 10 "one more waits" '"waits_for": "task"' waits
"$SB" cancel "$M" >/dev/null
answers "$(task k.id)" '{"status":"success"}'
is "an answer after a cancel ends the task alone" "200 cancelled success" "$CODE $(of processing_status) $(task k.status)"
say 200 '[[ask=long{}]] many'
many() { q "select count(*) from signalbox.queue where state = 'delayed'"; }
within 30 "two hundred wait" "200 0" eval 'echo "$(many) $(running)"'
kill -9 $W5; net_worker "$T/w6.log" --lease 3s --listen 127.0.0.1:0; ready "$T/w6.log"; AT=$(at "$T/w6.log")
for t in $(q "select id from signalbox.tasks where status = 'running'"); do answers $t '{"status":"done"}'; done
within 60 "and all are answered, each begun once" "0 200 0" eval 'echo "$(q "select count(*) from signalbox.queue where state <> '"'failed'"'") $(paid /later | awk "{ print \$1 - 1 }") $(q "select count(*) from signalbox.tasks where status = '"'running'"'")"'
