-- What was spent since a moment, by agent, type, model, day (UTC), kind of call or session. unknown: calls whose price
-- is not known; their cost is not in cost_usd.
create or replace function signalbox.costs_page(since timestamptz, by text)
returns table (key text, calls bigint, tokens_input bigint, tokens_cached bigint, tokens_output bigint, tokens_reasoning bigint, cost_usd numeric,
	unknown bigint, estimated bigint)
language plpgsql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
begin
	if by not in ('agent', 'type', 'model', 'day', 'kind', 'session') then
		raise exception 'by agent, type, model, day, kind or session, not %', quote_literal(left(by, 40)) using errcode = 'SB004';
	end if;
	return query
	select case by when 'agent' then (select a.slug from agents a where a.id = x.agent_id) when 'session' then (select s.uuid::text from ai_sessions s where s.id = x.session_id)
	       else x.word end, x.n, x.t_in, x.t_cached, x.t_out, x.t_reason, usd(x.pico), x.n_unknown, x.n_estimated
	from (
		select case by when 'agent' then c.agent_id end as agent_id, case by when 'session' then c.session_id end as session_id,
			case by when 'model' then coalesce(c.provider, '?') || ' ' || coalesce(c.model, '?') when 'day' then to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD')
			when 'kind' then c.kind when 'type' then coalesce(c.agent_type, '-') end as word,
			count(*) as n, sum(c.tokens_input)::bigint as t_in, sum(c.tokens_cached)::bigint as t_cached, sum(c.tokens_output)::bigint as t_out,
			sum(c.tokens_reasoning)::bigint as t_reason, sum(c.cost_pico) as pico, count(*) filter (where c.cost_pico is null) as n_unknown,
			count(*) filter (where c.is_estimated) as n_estimated
		from ai_costs c where c.created_at >= since group by 1, 2, 3) x
	order by case when by = 'day' then x.word end, x.pico desc nulls last, 1 limit 1000;
end $$;
grant execute on function signalbox.costs_page to signalbox_viewer;
