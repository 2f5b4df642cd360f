-- What a call cost, in pico-USD (1e-12 USD), exactly: input includes cached and cache_write, cache_write includes cache_write_1h, output includes
-- reasoning. A price that a model does not list apart is that of plain input, or of output. Null where a price or a count is unknown. Who says that
-- more was cached than was asked gets no credit for it. At most nine million dollars, which fit: an absurd price must not stop the settling of others.
create or replace function signalbox.price(p signalbox.model_prices, input int, cached int, cache_write int, cache_write_1h int, output int) returns bigint
language sql immutable as $$
	select case when z.pico > 9e18 then 9e18 else z.pico end::bigint
	from (select greatest(input - coalesce(cached, 0)::bigint - coalesce(cache_write, 0), case when input is not null then 0 end)::numeric * r.p_in
	             + coalesce(cached, 0)::numeric * coalesce(case when r.is_long then (p).long_cache_read_pico end, (p).cache_read_pico, r.p_in)
	             + (coalesce(cache_write, 0) - coalesce(cache_write_1h, 0))::numeric * coalesce((p).cache_write_pico, r.p_in)
	             + coalesce(cache_write_1h, 0)::numeric * coalesce((p).cache_write_1h_pico, (p).cache_write_pico, r.p_in)
	             + output::numeric * r.p_out as pico
	      from (select x.is_long, case when x.is_long then coalesce((p).long_input_pico, (p).input_pico) else (p).input_pico end as p_in,
	                   case when x.is_long then coalesce((p).long_output_pico, (p).output_pico) else (p).output_pico end as p_out
	            from (select coalesce(input >= (p).long_tokens, false) as is_long) x) r) z;
$$;
