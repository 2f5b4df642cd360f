-- What a call cost, in pico-USD: by the model that answered, else by the one asked for; the newest price valid that day.
-- Null where a price or a count is unknown. cost = (input - cached) * p_in + cached * p_cache_read + output * p_out
create or replace function signalbox.price(provider text, answered text, asked text, input int, cached int, output int, at timestamptz)
returns bigint language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select (price.input - coalesce(price.cached, 0))::bigint * p.input_pico + coalesce(price.cached, 0)::bigint * coalesce(p.cache_read_pico, p.input_pico)
	       + price.output::bigint * p.output_pico
	from model_prices p
	where p.model in (answered, asked) and p.provider in ('', coalesce(price.provider, '')) and p.valid_from <= (price.at at time zone 'UTC')::date
	order by p.model = answered desc, p.provider desc, p.valid_from desc limit 1;
$$;
