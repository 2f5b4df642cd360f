-- -> agent text, day_pico int8, month_pico int8, day_spent int8, month_spent int8
with spent as (
	select x.agent_id, sum(x.cost_pico) as month, sum(x.cost_pico) filter (where x.at >= date_trunc('day', now(), 'UTC')) as day
	from (select d.agent_id, d.cost_pico, d.day as at from signalbox.stats_day d where d.day >= date_trunc('month', now(), 'UTC')
	      union all
	      select m.agent_id, m.cost_pico, m.minute from signalbox.stats_minute m
	      where m.minute >= greatest(date_trunc('month', now(), 'UTC'), (select minute from signalbox.rolled_upto))) x
	group by 1
)
select a.slug as agent, (case when a.budget_day > 9000000 then 9000000 else a.budget_day end * 1000000000000)::int8 as day_pico,
	(case when a.budget_month > 9000000 then 9000000 else a.budget_month end * 1000000000000)::int8 as month_pico,
	least(coalesce(s.day, 0), 9e18)::int8 as day_spent, least(coalesce(s.month, 0), 9e18)::int8 as month_spent
from signalbox.agents a left join spent s on s.agent_id = a.id
where a.budget_day is not null or a.budget_month is not null
order by a.slug limit 90
