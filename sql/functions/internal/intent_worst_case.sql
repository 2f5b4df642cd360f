-- The highest possible cost of classifying a question, in pico-USD: each byte that is sent counts as one token (with
-- the labels' own texts, where embeddings are made of them), plus all the tokens that the answer may have; embeddings
-- have none. 0 where nothing is classified, null where the price is unknown. At most 9e18 (nine million dollars), which
-- fits a bigint.
create or replace function signalbox.intent_worst_case(agent int) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when a.intent_model is null then 0 else (
		select case when s.spec is null then 0 else (
			select case when x.pico > 9e18 then 9e18 else x.pico end::bigint
			from tariff(s.spec #>> '{route,provider}', s.spec #>> '{route,model}', s.spec #>> '{route,model}', clock_timestamp()) p cross join lateral dearest(p) d
			cross join lateral (select (octet_length(s.spec::text) + 17000)::numeric * d.input
				+ case when s.spec ->> 'way' = 'embed' then 0 else (s.spec ->> 'max_tokens')::numeric * d.output end as pico) x) end
		from (select intent_spec(a.id) as spec) s) end
	from agents a where a.id = agent;
$$;
