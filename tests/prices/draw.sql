-- 200 calls of models of the list in public.list that were imported: always the same ones, most of models with something special. Each way of being booked has its
-- share: as an answer, as a call before it (settle_chain), late (settle_late).
create table public.calls as
with model as (
	select e.key, e.value as v, p.provider, p.model,
		e.value::text ~ '(above_|tiered_pricing|reasoning_token|_flex|_priority|audio_token|creation|": "[0-9]|cache_hit)' as is_special
	from public.list l cross join lateral jsonb_each(l.doc) e
	join signalbox.model_prices p on p.model = e.key and p.provider = '' or p.provider || '/' || p.model = e.key
	where jsonb_typeof(e.value) = 'object'
), pool as (
	select array_agg(key order by key) as every, array_agg(key order by key) filter (where is_special) as special from model
), drawn as (
	select n, case when die[1] < 0.8 then special[1 + floor(die[2] * cardinality(special))] else every[1 + floor(die[2] * cardinality(every))] end as key, die
	from pool cross join generate_series(1, 200) n
	cross join lateral (select array_agg(('x' || substr(md5(n || ' ' || i), 1, 8))::bit(32)::bigint / 4294967296.0 order by i) as die from generate_series(1, 14) i) d
), sized as (
	select d.n, d.key, m.provider, m.model, d.die, case
		when d.die[4] < 0.15 then t.tokens when d.die[4] < 0.35 then t.tokens + 1 when d.die[4] < 0.55 then t.tokens + floor(d.die[5] * 300000)
		when d.die[4] < 0.95 then floor(d.die[5] ^ 3 * 250000) else 0 end::int as tokens_input
	from drawn d join model m using (key)
	cross join lateral (select coalesce((array_agg(x.tokens order by x.tokens))[1 + floor(d.die[3] * count(*))::int], 200000) as tokens from (
		select substring(k from '_above_([0-9]+)k_tokens')::int * 1000 as tokens from jsonb_object_keys(m.v) k where k ~ '_above_[0-9]+k_tokens'
		union select (r #>> '{range,0}')::numeric::int from jsonb_array_elements(coalesce(m.v -> 'tiered_pricing', '[]')) r) x) t
), split as (
	select s.*, case when die[6] < 0.5 then floor(die[6] * 2 * tokens_input)::int end as tokens_cached,
		case when die[7] < 0.4 then floor(die[7] * tokens_input / 2)::int end as tokens_cache_write,
		case when die[8] < 0.3 then floor(die[8] * tokens_input / 2)::int end as tokens_audio_in,
		case when die[9] < 0.9 then floor(die[9] * 9000) else 0 end::int as tokens_output
	from sized s
)
select n, key, provider, model, tokens_input, tokens_cached, tokens_cache_write, case when die[10] < 0.5 then floor(die[10] * 2 * tokens_cache_write)::int end as tokens_cache_write_1h,
	tokens_output, case when die[11] < 0.6 then floor(die[11] * tokens_output)::int end as tokens_reasoning,
	nullif(tokens_audio_in, 0) as tokens_audio_in, case when die[12] < 0.15 then floor(die[12] * tokens_output)::int end as tokens_audio_out,
	(array['default', 'flex', 'priority', 'priority', 'Flex', 'standard'])[1 + floor(die[13] * 12)] as service_tier,
	(array['answer', 'answer', 'before', 'late'])[1 + floor(die[14] * 4)] as way
from split
