-- What classifying a question may cost at most, in pico-USD: each byte sent a token (with the labels' own texts, where vectors are made of
-- them), and all the tokens that the answer may have. 0 where nothing is classified, null where the price is unknown.
create or replace function signalbox.intent_worst_case(agent int) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when a.intent_model is null then 0 else (
		select case when s.spec is null then 0 else (
			select (octet_length(s.spec::text) + 17000)::bigint * greatest(p.input_pico, p.cache_write_pico, p.cache_write_1h_pico, p.long_input_pico)
				+ (s.spec ->> 'max_tokens')::bigint * greatest(p.output_pico, p.long_output_pico)
			from tariff(s.spec #>> '{route,provider}', s.spec #>> '{route,model}', s.spec #>> '{route,model}', clock_timestamp()) p) end
		from (select intent_spec(a.id) as spec) s) end
	from agents a where a.id = agent;
$$;
