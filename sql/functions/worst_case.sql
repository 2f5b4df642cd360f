-- What one call for a message may cost at most, by whichever route of its agent is dearest: each byte of the prompt a token at the dearest input price,
-- and all the tokens that the call allows; and before it the call that classifies the question. Null where a price is unknown, or there is no route; nothing
-- by the provider that calls no model. At most nine million dollars, which fit: limits and prices
-- that are mistaken by many zeros must not stop the claims of others.
create or replace function signalbox.worst_case(message bigint, agent int) returns bigint
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$
	select case when count(*) = count(*) filter (where p.model is not null or r.protocol = 'null') then max(case when r.protocol = 'null' then 0 else least(9e18,
		b.bytes::numeric * greatest(p.input_pico, p.cache_write_pico, p.cache_write_1h_pico, p.long_input_pico)
		+ call_tokens(a)::numeric * greatest(p.output_pico, p.long_output_pico)) end)::bigint + intent_worst_case(agent) end
	from agents a cross join lateral (select prompt_bytes(message) as bytes offset 0) b
	join routes r on r.agent_id = a.id left join lateral tariff(r.provider, r.model, r.model, clock_timestamp()) p on true
	where a.id = agent;
$$;
