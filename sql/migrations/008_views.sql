-- What operators look at: how long answers take, what is left of a provider's limits, what a day cost by model; and workers that are asked to end.

-- cost_wasted_pico: of cost_pico, calls that did not become an answer. limited: calls that were told "too many requests".
alter table stats_minute add column tokens_cached bigint not null default 0, add column cost_wasted_pico numeric not null default 0,
	add column limited int not null default 0;
alter table stats_day add column tokens_cached bigint not null default 0, add column cost_wasted_pico numeric not null default 0,
	add column limited bigint not null default 0;

-- How long completed messages took, counted in buckets (latency_bucket.sql): of 5 minutes and one worker, and folded into hours of all workers
-- (worker_id 0) when they are two hours old, as stats_minute is.
create table latencies (
	slot      timestamptz not null,
	agent_id  int not null,
	worker_id uuid not null,
	counts    int[] not null,
	primary key (slot, agent_id, worker_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into chores (name) values ('fold');

-- Days (UTC's) of ai_costs added up by model, as far as rolled_upto says.
create table costs_day (
	day          timestamptz not null,
	agent_id     int not null,
	provider     text not null,
	model        text not null,
	calls        bigint not null,
	cost_pico    numeric not null,
	cost_unknown bigint not null,
	primary key (day, agent_id, provider, model)
) with (fillfactor = 50);
insert into costs_day
	select date_trunc('day', created_at, 'UTC'), agent_id, coalesce(provider, ''), coalesce(model, ''), count(*), coalesce(sum(cost_pico), 0), count(*) filter (where cost_pico is null)
	from ai_costs where created_at < (select minute from rolled_upto) group by 1, 2, 3, 4;

-- What providers' headers said last of what is left; until: when it is full again.
create table provider_limits (
	provider  text not null,
	model     text not null,
	key_env   text not null,
	kind      text not null,             -- requests, tokens, input-tokens, output-tokens
	remaining bigint not null,
	total     bigint not null check (total > 0),
	until     timestamptz not null,
	primary key (provider, model, key_env, kind)
) with (fillfactor = 50);

-- What a worker says of itself when it renews its lease, and who asked it to end.
alter table workers add column rss_bytes bigint, add column calls jsonb, add column drain_by text;

-- Whose money it will spend.
alter table work add column agent_id int;

-- NaN and Infinity are numbers above every other: no budget at all. Nor is what no double holds, which is what consoles read.
update agents set budget_day = case when budget_day < 1e12 then budget_day end, budget_month = case when budget_month < 1e12 then budget_month end
	where budget_day >= 1e12 or budget_month >= 1e12;
alter table agents add constraint agents_budget_finite check (budget_day < 1e12 and budget_month < 1e12);

do $$
declare o text;
begin
	foreach o in array array['latencies', 'costs_day', 'provider_limits'] loop
		execute format('alter table %s owner to signalbox_owner', o);
		execute format('grant select on %s to signalbox_viewer, signalbox_worker', o);
	end loop;
end $$;
drop function if exists signalbox.agents_page(), signalbox.providers_page(), signalbox.stats_today(), signalbox.worker_renew(uuid, interval, boolean),
	signalbox.affordable(int, int), signalbox.worst_case(bigint, int);
