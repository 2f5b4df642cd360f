-- $1 text word -> model text, provider text, valid_from date, input_usd numeric, cached_usd numeric, output_usd numeric, source text, cache_write_usd numeric, context_tokens int4, tier text, above int4, cache_write_1h_usd numeric, reasoning_usd numeric, audio_in_usd numeric, audio_out_usd numeric
-- One row for each set of prices: the plain prices of a model, and those for each tier and above each number of tokens
-- where they differ. output_usd is null: unknown.
select p.model, p.provider, p.valid_from, trim_scale(r.input_pico / 1000000.0) as input_usd, trim_scale(r.cache_read_pico / 1000000.0) as cached_usd,
	trim_scale(r.output_pico / 1000000.0) as output_usd, p.source, trim_scale(r.cache_write_pico / 1000000.0) as cache_write_usd, p.context_tokens,
	v ->> 'tier' as tier, (v ->> 'above')::int4 as above, trim_scale(r.cache_write_1h_pico / 1000000.0) as cache_write_1h_usd,
	trim_scale(r.reasoning_pico / 1000000.0) as reasoning_usd, trim_scale(r.audio_input_pico / 1000000.0) as audio_in_usd,
	trim_scale(r.audio_output_pico / 1000000.0) as audio_out_usd
from signalbox.model_prices p cross join lateral (select null::jsonb as v union all select jsonb_array_elements(p.variants)) x
cross join lateral jsonb_populate_record(p, coalesce(x.v, '{}')) r
where $1::text is null or strpos(lower(p.model), lower($1)) > 0
order by p.model, p.provider, p.valid_from desc, tier nulls first, above nulls first limit 10000
