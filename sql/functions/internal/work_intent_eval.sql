-- Checks work of the kind intent_eval, {"agent", "texts"}. Returns the arguments to keep, the agent that pays, the
-- highest possible cost (pico-USD), the number of parts, and the entry for the operators' log. SB002 to SB004: it is
-- refused.
create or replace function signalbox.work_intent_eval(asked jsonb, out args jsonb, out agent int, out worst_case numeric, out total int, out said jsonb)
language plpgsql stable set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	if jsonb_typeof(asked -> 'texts') is distinct from 'array' or jsonb_array_length(asked -> 'texts') not between 1 and 10000
		or exists (select from jsonb_array_elements(asked -> 'texts') x where jsonb_typeof(x) <> 'string') then
		raise exception 'texts are 1 to 10000' using errcode = 'SB004';
	end if;
	-- Of each text only the part that would be classified in a message.
	args := jsonb_build_object('agent', asked ->> 'agent', 'texts', (select jsonb_agg(intent_text(x.t) order by x.ord) from jsonb_array_elements_text(asked -> 'texts') with ordinality x(t, ord)));
	if octet_length(args::text) > 20000000 then
		raise exception 'texts are at most 20 MB' using errcode = 'SB004';
	end if;
	select a.id into agent from agents a where a.slug = args ->> 'agent';
	if not found then
		raise exception 'no agent is called %', quote_literal(left(coalesce(args ->> 'agent', ''), 80)) using errcode = 'SB002';
	elsif intent_spec(agent) is null then
		raise exception 'agent % has no intents: signalbox agent % set intents=... intent_model=PROVIDER:MODEL', args ->> 'agent', args ->> 'agent' using errcode = 'SB003';
	end if;
	total := jsonb_array_length(args -> 'texts');
	worst_case := intent_worst_case(agent)::numeric * total;
	said := jsonb_build_object('texts', total);
end $$;
