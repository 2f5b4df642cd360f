-- Computes the cost of calls since a moment again, with the prices known now: only of calls with unknown cost, or
-- (everything) of all. One batch, after message number `after`; call again with after = `upto` until `upto` is null.
-- The sums of days and minutes are corrected too, also minutes that are already added to their day, because views by
-- hour read them.
-- Wasted means the same as in settle_batch() and charge(): every answer call except the last one of an attempt that
-- completed. Where the attempt is deleted (prune()), this is not known: the wasted sum stays.
create or replace function signalbox.reprice(since timestamptz, everything boolean, after bigint, really boolean, actor text)
returns table (n bigint, change_usd numeric, upto bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
#variable_conflict use_column
declare
	rolled timestamptz := (select r.minute from rolled_upto r for share);
begin
	upto := (select max(x.message_id) from (select c.message_id from ai_costs c where c.message_id > after order by c.message_id limit 5000) x);
	with anew as (
		select c.message_id, c.job_id, c.call, c.kind, c.agent_id, c.provider, c.model, c.created_at, c.cost_pico as was,
			(select price(p, c.tokens_input, c.tokens_cached, c.tokens_cache_write, c.tokens_cache_write_1h, c.tokens_output, c.tokens_reasoning,
				c.tokens_audio_in, c.tokens_audio_out, c.service_tier)
			 from tariff(c.provider, c.model, c.model, c.created_at) p) as pico
		from ai_costs c where c.message_id > after and c.message_id <= upto and c.created_at >= since and (everything or c.cost_pico is null)
	), changed as (
		select * from anew a where a.pico is not null and a.pico is distinct from a.was
	), written as (
		update ai_costs c set cost_pico = x.pico from changed x
		where really and c.message_id = x.message_id and c.job_id = x.job_id and c.call = x.call and c.cost_pico is not distinct from x.was
		returning x.*
	), tried as (
		update attempts a set cost_pico = w.pico from written w where a.message_id = w.message_id and a.job_id = w.job_id and a.cost_pico is not distinct from w.was
	), moved as materialized (
		select date_trunc('minute', w.created_at) as minute, w.agent_id, sum(w.pico - coalesce(w.was, 0)) as pico, count(*) filter (where w.was is null) as n_unknown,
			coalesce(sum(w.pico - coalesce(w.was, 0)) filter (where w.kind = 'answer' and exists (
				select from attempts a where a.message_id = w.message_id and a.job_id = w.job_id and (a.outcome <> 'completed'
					or exists (select from ai_costs o where o.message_id = w.message_id and o.job_id = w.job_id and o.call > w.call)))), 0) as wasted
		from written w group by 1, 2
	), minutes as materialized (
		select add_stats(x.minute, x.agent_id, '00000000-0000-0000-0000-000000000000', cost_pico => x.pico, cost_unknown => -x.n_unknown, cost_wasted_pico => x.wasted)
			from (select m.minute, m.agent_id, m.pico, m.n_unknown, m.wasted from moved m
				where m.minute >= rolled or exists (   -- not pruned
					select from stats_minute s where s.agent_id = m.agent_id and s.minute between date_trunc('hour', m.minute, 'UTC') and m.minute)
				order by 1, 2) x
	), days as (
		update stats_day d set cost_pico = d.cost_pico + z.pico, cost_unknown = d.cost_unknown - z.n_unknown, cost_wasted_pico = d.cost_wasted_pico + z.wasted
		from (select date_trunc('day', m.minute, 'UTC') as day, m.agent_id, sum(m.pico) as pico, sum(m.n_unknown) as n_unknown, sum(m.wasted) as wasted
		      from moved m where m.minute < rolled group by 1, 2) z
		where d.day = z.day and d.agent_id = z.agent_id
	), models as (
		update costs_day d set cost_pico = d.cost_pico + z.pico, cost_unknown = d.cost_unknown - z.n_unknown
		from (select date_trunc('day', w.created_at, 'UTC') as day, w.agent_id, w.provider, w.model, sum(w.pico - coalesce(w.was, 0)) as pico,
		             count(*) filter (where w.was is null) as n_unknown
		      from written w where w.created_at < rolled group by 1, 2, 3, 4) z
		where d.day = z.day and d.agent_id = z.agent_id and d.provider = coalesce(z.provider, '') and d.model = coalesce(z.model, '')
	)
	select count(*), usd(coalesce(sum(c.pico - coalesce(c.was, 0)), 0)) into n, change_usd from changed c cross join (select count(*) from minutes) m;
	if really and n > 0 then
		perform log_action(actor, 'reprice', null, null, null, null, jsonb_build_object('n', n, 'change_usd', change_usd, 'since', since));
	end if;
	return next;
end $$;
grant execute on function signalbox.reprice to signalbox_admin;
