-- Back to means, and to workers that only their own machine can end. Folded hours stay.
drop table latencies, costs_day, provider_limits;
delete from chores where name = 'fold';
alter table work drop column agent_id;
alter table agents drop constraint agents_budget_finite;
alter table workers drop column rss_bytes, drop column calls, drop column drain_by;
alter table stats_minute drop column tokens_cached, drop column cost_wasted_pico, drop column limited;
alter table stats_day drop column tokens_cached, drop column cost_wasted_pico, drop column limited;
