#!/bin/bash
# Why: an application is written by copying from docs/HTTP.md. So what stands there is run, as it stands there, only with another address.
. "$(dirname "$0")/../lib/net.sh"
plan 6
stack_up
net_worker "$T/w1.log" --listen 127.0.0.1:0
ready "$T/w1.log"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w1.log" | head -1)
# block LANGUAGE: the text of the block of that language
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" docs/HTTP.md | sed '1d;$d'; }
# command N WORD: the Nth indented command that begins so, with the lines that go on with it
command_of() { awk -v word="$2" -v n="$1" 'index($0, "    " word) == 1 { found++ } found == n && (index($0, "    " word) == 1 || on) { print; on = /\\$/; if (!on) exit }' docs/HTTP.md | sed "s/127.0.0.1:8787/$AT/"; }
PATH=$(cd "$BIN" && pwd):$PATH
export BASE="http://$AT" TOKEN
TOKEN=$(eval "$(command_of 1 'signalbox token create')" 2>/dev/null)
is "a token" "sbx_" "${TOKEN:0:4}"
eval "$(command_of 1 'curl -s http')" >"$T/sent"
is "curl: accepted" yes "$(grep -q '"status": "queued"' "$T/sent" && echo yes)"
export MESSAGE=$(sed -n 's/.*"message_id": "\([^"]*\)".*/\1/p' "$T/sent")
eval "$(command_of 1 'curl -s "http')" >"$T/waited"
is "curl: waited for" yes "$(grep -q '"status": "completed"' "$T/waited" && echo yes)"
answer() { q "select content from signalbox.ai_messages where uuid = '$MESSAGE'"; }
if command -v python3 >/dev/null; then
	block python >"$T/example.py"
	timeout 30 python3 "$T/example.py" >"$T/said" 2>&1
	is "Python" yes "$(grep -q 'practice' "$T/said" && echo yes || cat "$T/said")"
else
	skip "Python is not installed" 1
fi
if command -v node >/dev/null; then
	block javascript >"$T/example.mjs"
	timeout 30 node "$T/example.mjs" >"$T/said" 2>&1
	is "JavaScript" "$(answer)" "$(cat "$T/said")"
else
	skip "Node is not installed" 1
fi
is "each example was found" "1 1" "$(block python | grep -c urlopen) $(block javascript | grep -c TextDecoderStream)"
finish
