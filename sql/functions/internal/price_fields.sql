-- The fields of an entry of a price list (LiteLLM's form) that name a price. col: its column of model_prices, with the
-- service tier ('' is the standard one) and the number of input tokens above which it holds; null: nothing here is
-- billed by the field, and reason says why. Of two fields for the same price the lower rank holds.
-- tiered_pricing: ranges of input tokens that follow one another, each with its prices, for the whole call; where they
-- do not, it is one field without usd.
-- (No search_path setting, so that it is inlined into the calling statement.)
create or replace function signalbox.price_fields(entry jsonb)
returns table (field text, col text, tier text, above int, rank int, usd jsonb, reason text)
language sql immutable as $$
	with ranges as (
		select t.n, t.v, case when jsonb_typeof(t.v #> '{range,0}') = 'number' then (t.v #>> '{range,0}')::numeric end as low,
			case when jsonb_typeof(t.v #> '{range,1}') = 'number' then (t.v #>> '{range,1}')::numeric end as high
		from jsonb_array_elements(case when jsonb_typeof(entry -> 'tiered_pricing') = 'array' then entry -> 'tiered_pricing' end) with ordinality t(v, n)
	), sound as (
		select coalesce(count(*) > 0 and bool_and(x.low >= 0 and x.low < 2147483647 and x.low = floor(x.low) and (x.low < x.high or x.is_last and x.high is null)
			and (x.n = 1 or x.low = x.before)), false) as is_sound
		from (select r.*, lag(r.high) over (order by r.n) as before, r.n = max(r.n) over () as is_last from ranges r) x
	), said as (
		select e.key as field, e.key as name, e.value as usd, 0 as above, 1 as rank
		from jsonb_each(case when jsonb_typeof(entry) = 'object' then entry else '{}' end) e where e.key <> 'tiered_pricing'
		union all
		select 'tiered_pricing.' || (r.n - 1) || '.' || e.key, e.key, e.value, r.low::int, 0
		from ranges r cross join lateral jsonb_each(case when jsonb_typeof(r.v) = 'object' then r.v else '{}' end) e
		where (select s.is_sound from sound s) and e.key <> 'range'
	)
	select s.field, c.col, coalesce(m[4], ''), coalesce(m[3]::int * 1000, s.above), s.rank + case when m[1] like '%cache_hit' then 2 else 0 end, s.usd,
		case when c.col is not null then null
		when s.name ~ '_batch(es|_requests)$' then 'a price of batches, which are not sent'
		when s.name ~ '^cache_.*(audio|image)' then 'what is cached is not counted apart'
		when s.name ~ '(image|pixel|video|second|character|page|query|request|session|call|day|credit)' then 'not a price of tokens of text or audio'
		else 'not a price that is known here' end
	from said s
	cross join lateral regexp_match(s.name, '^((?:in|out)put_cost_per_(?:audio_)?token|output_cost_per_reasoning_token|input_cost_per_token_cache_hit|'
		'cache_(?:read|creation)_input_token_cost)(_above_1hr)?(?:_above_([0-9]{1,6})k_tokens)?(?:_(flex|priority))?$') m
	cross join lateral (select case m[1] || coalesce(m[2], '')
		when 'input_cost_per_token' then 'input_pico' when 'output_cost_per_token' then 'output_pico'
		when 'cache_read_input_token_cost' then 'cache_read_pico' when 'input_cost_per_token_cache_hit' then 'cache_read_pico'
		when 'cache_creation_input_token_cost' then 'cache_write_pico' when 'cache_creation_input_token_cost_above_1hr' then 'cache_write_1h_pico'
		when 'output_cost_per_reasoning_token' then 'reasoning_pico' when 'input_cost_per_audio_token' then 'audio_input_pico'
		when 'output_cost_per_audio_token' then 'audio_output_pico' end as col) c
	where jsonb_typeof(s.usd) <> 'null' and (c.col is not null
		or s.name ~ '(cost|price|pricing|multiplier|uplift|^provider_specific_entry$)' and s.name !~ '^supports_' and s.usd #>> '{}' !~ '^[-+0.]+(e[-+]?[0-9]+)?$')
	union all
	select 'tiered_pricing', 'input_pico', '', 0, 0, null, 'has ranges of input tokens that do not follow one another'
	where entry ? 'tiered_pricing' and jsonb_typeof(entry -> 'tiered_pricing') <> 'null' and not (select s.is_sound from sound s);
$$;
