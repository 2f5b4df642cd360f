-- What a call cost, in pico-USD: (input - cached) * p_in + cached * p_cache_read + output * p_out. Null where a price or a count is unknown.
create or replace function signalbox.price(p signalbox.model_prices, input int, cached int, output int) returns bigint
language sql immutable as $$
	select (input - coalesce(cached, 0))::bigint * (p).input_pico + coalesce(cached, 0)::bigint * coalesce((p).cache_read_pico, (p).input_pico)
	       + output::bigint * (p).output_pico;
$$;
