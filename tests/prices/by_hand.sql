-- What the calls of public.calls must cost by the list in public.list, in pico-USD: looked up in the list's own fields, by their names. Nothing of sql/functions is
-- used. A threshold is passed by more tokens than it names, and holds for the whole call; then the tier's field is looked for, then the one without tier, then
-- below the threshold. Ranges: the last one that begins below the call's input, over those before it. Audio is never text; what is not listed is unknown.
create table public.bill as
with call as (
	select c.*, (l.doc -> c.key) || coalesce((
			select jsonb_object_agg(f.key, f.value order by r.n) from jsonb_array_elements(l.doc -> c.key -> 'tiered_pricing') with ordinality r(v, n)
			cross join lateral jsonb_each(r.v) f where (r.v #>> '{range,0}')::numeric < c.tokens_input or r.n = 1), '{}') as entry
	from public.calls c cross join public.list l
), suffix as (
	select c.n, array_agg(t.above || s.tier order by t.tokens desc, s.tier desc) as names from call c
	cross join lateral (select 0 as tokens, '' as above union select x::int, '_above_' || x || 'k_tokens' from (
		select distinct substring(k from '_above_([0-9]+)k_tokens') as x from jsonb_object_keys(c.entry) k) y where x::int * 1000 < c.tokens_input) t
	cross join lateral (select '' as tier union select '_' || lower(c.service_tier) where lower(c.service_tier) in ('flex', 'priority')) s
	group by c.n
), priced as (
	select c.*, p.* from call c join suffix s using (n) cross join lateral (
		select max(pico) filter (where kind = 'in') as p_in, max(pico) filter (where kind = 'out') as p_out, max(pico) filter (where kind = 'read') as p_read,
			max(pico) filter (where kind = 'write') as p_write, max(pico) filter (where kind = 'hour') as p_hour, max(pico) filter (where kind = 'think') as p_think,
			max(pico) filter (where kind = 'heard') as p_heard, max(pico) filter (where kind = 'said') as p_said
		from (select distinct on (f.kind) f.kind, ceil(round((c.entry ->> (f.name || x.suffix))::numeric * 1000000000000, 6)) as pico
		      from unnest(s.names) with ordinality x(suffix, ord) cross join (values
		      	('in', 1, 'input_cost_per_token'), ('out', 1, 'output_cost_per_token'), ('read', 1, 'cache_read_input_token_cost'), ('read', 2, 'input_cost_per_token_cache_hit'),
		      	('write', 1, 'cache_creation_input_token_cost'), ('hour', 1, 'cache_creation_input_token_cost_above_1hr'), ('hour', 2, 'cache_creation_input_token_cost'),
		      	('think', 1, 'output_cost_per_reasoning_token'), ('think', 2, 'output_cost_per_token'),
		      	('heard', 1, 'input_cost_per_audio_token'), ('said', 1, 'output_cost_per_audio_token')) f(kind, second, name)
		      where c.entry ->> (f.name || x.suffix) is not null order by f.kind, x.ord, f.second) y) p
)
select n, key, greatest(0, tokens_input - coalesce(tokens_cached, 0) - coalesce(tokens_cache_write, 0) - coalesce(tokens_audio_in, 0)) * p_in
	+ coalesce(tokens_cached, 0) * coalesce(p_read, p_in)
	+ (coalesce(tokens_cache_write, 0) - coalesce(tokens_cache_write_1h, 0)) * coalesce(p_write, p_in) + coalesce(tokens_cache_write_1h, 0) * coalesce(p_hour, p_in)
	+ case when tokens_audio_in > 0 then tokens_audio_in * p_heard else 0 end
	+ case when tokens_output > coalesce(tokens_reasoning, 0) + coalesce(tokens_audio_out, 0)
	       then (tokens_output - coalesce(tokens_reasoning, 0) - coalesce(tokens_audio_out, 0)) * p_out else 0 end
	+ case when tokens_reasoning > 0 then tokens_reasoning * p_think else 0 end
	+ case when tokens_audio_out > 0 then tokens_audio_out * p_said else 0 end as pico
from priced
