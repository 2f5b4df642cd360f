-- What an agent spent today (UTC day), by model and by hour (what: 'model', 'hour'; all 24 hours are listed), and why
-- its messages failed in the last 24 h (what: 'cause'; calls: the number of messages).
create or replace function signalbox.agent_spending(slug text) returns table (what text, key text, cost_usd numeric, calls bigint, unknown bigint)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
	with today as materialized (
		select a.id, date_trunc('day', clock_timestamp(), 'UTC') as day, (select minute from rolled_upto) as rolled from agents a where a.slug = agent_spending.slug
	), model as (
		select x.key, sum(x.pico) as pico, sum(x.calls)::bigint as calls, sum(x.unknown)::bigint as unknown from (
			select d.provider || ' ' || d.model as key, d.cost_pico as pico, d.calls, d.cost_unknown as unknown from costs_day d, today t where d.agent_id = t.id and d.day = t.day
			union all
			select coalesce(c.provider, '') || ' ' || coalesce(c.model, ''), coalesce(c.cost_pico, 0), 1, (c.cost_pico is null)::int
			from ai_costs c, today t where c.agent_id = t.id and c.created_at >= greatest(t.rolled, t.day)) x
		group by 1
	), hour as (
		select g.h, coalesce(sum(s.cost_pico), 0) as pico, coalesce(sum(s.completed), 0)::bigint as calls, coalesce(sum(s.cost_unknown), 0)::bigint as unknown
		from today t cross join generate_series(0, 23) g(h) left join stats_minute s
			on s.agent_id = t.id and s.minute >= t.day + g.h * interval '1 h' and s.minute < t.day + (g.h + 1) * interval '1 h' group by 1
	)
	(select 'model', m.key, usd(m.pico), m.calls, m.unknown from model m order by m.pico desc, m.calls desc limit 20)
	union all
	(select 'hour', h.h::text, usd(h.pico), h.calls, h.unknown from hour h order by h.h)
	union all
	(select 'cause', g.cause, null, g.n, 0 from failed_groups(jsonb_build_array(jsonb_build_object('field', 'agent', 'op', '=', 'not', false, 'values', jsonb_build_array(agent_spending.slug)))) g order by g.n desc limit 10);
$$;
grant execute on function signalbox.agent_spending to signalbox_viewer;
