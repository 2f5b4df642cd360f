-- $1 text word -> model text, provider text, valid_from date, input_usd numeric, cached_usd numeric, output_usd numeric, source text, cache_write_usd numeric, context_tokens int4
select model, provider, valid_from, trim_scale(input_pico / 1000000.0) as input_usd, trim_scale(cache_read_pico / 1000000.0) as cached_usd,
	trim_scale(output_pico / 1000000.0) as output_usd, source, trim_scale(cache_write_pico / 1000000.0) as cache_write_usd, context_tokens
from signalbox.model_prices where $1::text is null or strpos(lower(model), lower($1)) > 0
order by model, provider, valid_from desc limit 10000
