#!/bin/bash
# Why: our own list of prices has the shapes that we thought of. Here a public one (LiteLLM's, out of an npm package) is imported whole; what was left out is told by
# name; and 200 calls of its models, booked as a worker books them, cost what that list says: call by call and in sum, by by_hand.mjs, which knows the list's
# fields and nothing of ours. PRICE_LIST=FILE: by another list, a newer one.
. "$(dirname "$0")/../lib/net.sh"
plan 7
HERE=tests/prices
npm_peers "public prices" $HERE
LIST=${PRICE_LIST:-$HERE/node_modules/@themaximalist/llm.js/dist/data/model_prices_and_context_window.json}
stack_up >/dev/null 2>&1
WORKER_ID=11111111-1111-1111-1111-111111111111
for vendor in gemini xai deepseek perplexity mistral groq; do
	"$BIN/signalbox" provider $vendor set protocol=openai base_url=http://127.0.0.1:1 >/dev/null || not_ok "provider $vendor"
done
q "delete from signalbox.model_prices"
"$BIN/signalbox" prices import $LIST --from 2026-01-01 --json >"$T/report" || not_ok "import: $(cat "$T/report")"
"$BIN/signalbox" prices import $LIST --from 2026-01-01 | sed -n 1,12p | cut -c1-120
told() { node -e 'const [report, list] = process.argv.slice(1, 3).map((p) => JSON.parse(require("fs").readFileSync(p)));
	const whole = new Set(report.left_out.filter((x) => x.what === "entry").map((x) => x.model)), entries = Object.keys(list);
	console.log('"$1"')' "$T/report" $LIST; }
is "every entry is imported, or told" true "$(told 'report.imported + whole.size === entries.length && report.passed_over === whole.size')"
is "of plain names only what has no price of input tokens is left out" "" \
	"$(told 'entries.filter((k) => k !== "sample_spec" && !k.includes("/") && whole.has(k) && list[k].input_cost_per_token !== undefined).join()')"
is "each price that is not billed by is told" "" "$(told 'entries.filter((k) => !whole.has(k)).flatMap((k) => Object.keys(list[k]).filter((f) => /cost/.test(f) &&
	!/^((in|out)put_cost_per_(audio_)?token|output_cost_per_reasoning_token|input_cost_per_token_cache_hit|cache_(read|creation)_input_token_cost(_above_1hr)?)(_above_\d+k_tokens)?(_flex|_priority)?$/.test(f)
	&& list[k][f] && !report.left_out.some((x) => x.model === k && x.what === f)).map((f) => k + " " + f)).join()')"

psql -qX "$SIGNALBOX_DATABASE_URL" -v ON_ERROR_STOP=1 >"$T/psql.log" 2>&1 <<SQL || not_ok "booking: $(tail -3 "$T/psql.log")"
\set list \`cat $LIST\`
create table public.list as select :'list'::jsonb as doc;
$(cat $HERE/draw.sql);
select signalbox.worker_hello('$WORKER_ID', 'one', '0', 999, null, '60 s');
select count(*) from generate_series(1, 200) i, signalbox.dispatch('luna', 'bill ' || i);
select count(*) from signalbox.claim('$WORKER_ID', 200, '300 s');
create table public.booked as select row_number() over (order by message_id)::int as n, message_id, job_id from signalbox.queue where state = 'running';
select signalbox.cancel(m.uuid, 'test') from public.calls c join public.booked using (n) join signalbox.ai_messages m on m.id = message_id where c.way = 'late';
create table public.records as $(cat $HERE/book.sql);
select count(*) from signalbox.settle('$WORKER_ID', (select records from public.records), 3, '0 s');
SQL
q "select json_agg(to_jsonb(c) || jsonb_build_object('cost_pico', k.cost_pico::text)) from public.calls c join public.booked using (n) join signalbox.ai_costs k using (message_id)" >"$T/calls"
node $HERE/by_hand.mjs $LIST "$T/calls" >"$T/hand" 2>&1
is "each call costs what the list says" "" "$(grep -v ^compared "$T/hand")"
is "and so do all" "$(sed -n 's/^compared //p' "$T/hand")" "200 $(q "select count(*) filter (where cost_pico is null) || ' ' || sum(cost_pico) from signalbox.ai_costs")"
[ -n "${PRICE_LIST:-}" ] || is "something of everything was in it" t "$(q "select count(distinct c.key) > 60 and count(*) filter (where tokens_cached > 0 and v ? 'cache_read_input_token_cost') > 10
	and count(*) filter (where tokens_cache_write > 0 and v ? 'cache_creation_input_token_cost') > 5 and count(*) filter (where tokens_reasoning > 0 and v ? 'output_cost_per_reasoning_token') > 3
	and count(*) filter (where tokens_input > 128000 and v ? 'input_cost_per_token_above_128k_tokens' or tokens_input > 200000 and v ? 'input_cost_per_token_above_200k_tokens') > 20
	and count(*) filter (where tokens_audio_in > 0 and v ? 'input_cost_per_audio_token') > 3 from public.calls c cross join public.list cross join lateral (select doc -> c.key) x(v)")"
is "what is stored of them says it again" 0 "$(q "select n from signalbox.reprice(now() - interval '1 h', true, 0, false, 'test')")"
finish
