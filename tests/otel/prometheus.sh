#!/bin/bash
# Why: that the dashboard and the alerts show something can be said by Prometheus only. A real one scrapes a worker to which has happened what there
# are panels for; then each query must be understood, find series, and find in them the labels that its legend names.
. "$(dirname "$0")/../lib/net.sh"
plan 11
PROMETHEUS=$(command -v prometheus || command -v build/tools/prometheus)
if [ -z "$PROMETHEUS" ]; then
	skip_all "prometheus: it is not installed (Debian: prometheus)"
fi
stack_up >/dev/null
URL=http://127.0.0.1:$(cat "$T/port")
set_up() { "$BIN/signalbox" "$@" >/dev/null || not_ok "$*"; }
set_up provider down set protocol=openai breaker=closed "base_url=$URL/p/down/v1"
set_up agent chain set provider=down model=big chain=p:practice
set_up agent free set provider=p model=unpriced
curl -s "$URL/practice/script?name=down" -d status=503 >/dev/null
echo '{"practice":{"litellm_provider":"x","input_cost_per_token":0.000001,"output_cost_per_token":0.000002}}' >"$T/prices.json"
set_up prices import "$T/prices.json" --from 2026-01-01
set_up agent luna set budget_day=5 budget_month=50
RETRIES="--retries 1"
net_worker "$T/w.log" --listen 127.0.0.1:0 --otlp-endpoint "http://127.0.0.1:9"
ready "$T/w.log"
AT=$(sed -n 's/.*msg="http" address=\([0-9.:]*\).*/\1/p' "$T/w.log" | head -1)
cat >"$T/prometheus.yml" <<Y
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["$PWD/docs/alerts.yml"]
scrape_configs:
  - job_name: signalbox
    static_configs: [{targets: ["$AT"]}]
Y
for try in 1 2 3; do # its port cannot be 0
	P=127.0.0.1:$((20000 + RANDOM % 10000))
	"$PROMETHEUS" --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --web.listen-address="$P" >"$T/prometheus.log" 2>&1 &
	PIDS="$PIDS $!"
	until_true 10 grep -q 'Server is ready' "$T/prometheus.log" && break
done
grep -q 'Server is ready' "$T/prometheus.log" || { not_ok "prometheus starts: $(tail -3 "$T/prometheus.log")"; finish; }
# value PROMQL: its first; found PROMQL LABELS: how many series have all of them
api() { curl -sG "http://$P/api/v1/query" --data-urlencode "query=$1"; }
value() { api "$1" | sed -n 's/.*"value":\[[^,]*,"\([^"]*\)".*/\1/p'; }
found() { q "select count(*) from jsonb_array_elements(\$j\$$(api "$1")\$j\$::jsonb #> '{data,result}') r where (r -> 'metric') ?& '{$2}'::text[]"; }

happens() { # twice, a scrape apart: what comes to be with its first event has not increased
	local text
	for text in "plain." "again. [[fail=1]]" "cut. [[end=3]]" "uncounted. [[nousage]]"; do
		q "select signalbox.dispatch('luna', '$1 $text')" >/dev/null
	done
	q "select signalbox.dispatch('chain', '$1 next.'), signalbox.dispatch('free', '$1 free.')" >/dev/null
}
settled() { q "select count(*) >= $1 from signalbox.attempts where ended_at is not null"; }
seen() { q "select $(value 'sum(signalbox_attempts_settled_total)') >= 6"; }
counted() { q "select $(value 'sum(increase(signalbox_attempts_settled_total[1m]))') >= 6"; }
priced() { q "select $(value 'sum(increase(agent_cost_total[1m]))') > 0 and $(value 'sum(increase(signalbox_cost_unknown_tokens_total[1m]))') > 0"; }
happens one
within 15 "it scrapes" 1 value up
within 20 "some" t settled 6
within 10 "were seen" t seen
happens two
within 20 "and more" t settled 12
within 15 "were counted" t counted
within 15 "and priced" t priced # once in 5 s

PROMTOOL=$(command -v promtool || command -v build/tools/promtool)
[ -n "$PROMTOOL" ] && is "promtool has nothing to say" "" "$(curl -s "http://$AT/metrics" | "$PROMTOOL" check metrics 2>&1)" || skip "promtool: it is not installed (Debian: prometheus)" 1

q "select p ->> 'title', t ->> 'expr', regexp_replace(coalesce(t ->> 'legendFormat', ''), '[^{}]*({{(\w+)}})?', '\2 ', 'g')
	from (select \$j\$$(cat docs/grafana.json)\$j\$::jsonb d) x, jsonb_array_elements(d -> 'panels') p,
		jsonb_array_elements(p -> 'targets') t" >"$T/queries"
plan "$(wc -l <"$T/queries")"
while IFS='|' read -r title expr; do
	labels=$(echo "${expr##*|}" | xargs | tr ' ' ,) expr=${expr%|*}
	expr=${expr//'$agent'/luna|chain|free}
	got=$(found "${expr//'$__rate_interval'/1m}" "$labels" 2>/dev/null)
	[ "${got:-0}" -gt 0 ] && ok "$title ($got)" ||
		not_ok "$title: $expr finds nothing${labels:+ with $labels}: $(api "${expr//'$__rate_interval'/1m}" | head -c 300)"
done <"$T/queries"
is "all panels were read" t "$(q "select $(wc -l <"$T/queries") > 30")"
is "the variable's values" '"chain","free","luna"' "$(curl -sG "http://$P/api/v1/label/agent/values" \
	--data-urlencode 'match[]=agent_request_duration_seconds_count' | sed 's/.*\[\(.*\)\].*/\1/')"

# What an alert looks at, without the limit over which it is one, is there all the time.
curl -s "http://$P/api/v1/rules" >"$T/rules"
q "select r ->> 'name', r ->> 'health', r ->> 'query'
	from (select \$j\$$(cat "$T/rules")\$j\$::jsonb d) x, jsonb_array_elements(d #> '{data,groups,0,rules}') r" >"$T/alerts"
plan "$(wc -l <"$T/alerts")"
while IFS='|' read -r name health expr; do
	got=$(found "$(echo "$expr" | sed 's/ [=<>]\{1,2\} [0-9.]*[0-9]//g')" "" 2>/dev/null)
	[ "$health" = ok ] && [ "${got:-0}" -gt 0 ] && ok "$name" || not_ok "$name: $health: $expr looks at nothing"
done <"$T/alerts"
is "all alerts were read" "$(grep -c 'alert:' docs/alerts.yml)" "$(wc -l <"$T/alerts")"
firing() { curl -s "http://$P/api/v1/rules" | grep -o '"state":"firing","name":"[A-Za-z]*"' | cut -d'"' -f8; }
within 10 "one fires" SignalboxCostUnknown firing
finish
