-- The highest possible cost of one call of an agent with a prompt of `bytes` bytes, in pico-USD, by the dearest of its
-- routes: each byte counts as one token at the dearest input price, plus all the tokens that the call allows, plus the
-- call that classifies the question. Null where a price is unknown, or there is no route; 0 for a route of the protocol
-- 'null', which calls no model. At most 9e18 (nine million dollars), which fits a bigint: limits and prices that are
-- wrong by many zeros must not stop the claims of others.
create or replace function signalbox.worst_case(agent int, bytes bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: generic
declare
	intent numeric := (select case when a.intent_model is null then 0 else intent_worst_case(agent) end from agents a where a.id = agent);
begin
	return (
		select case when intent is not null and count(*) = count(*) filter (where d.output is not null or r.protocol = 'null') then least(9e18,
			max(case when r.protocol = 'null' then 0 else least(9e18, bytes::numeric * d.input + call_tokens(a)::numeric * d.output) end) + intent)::bigint end
		from agents a join routes r on r.agent_id = a.id left join lateral tariff(r.provider, r.model, r.model, clock_timestamp()) p on true
		left join lateral dearest(p) d on true
		where a.id = agent group by a.id);
end $$;
