-- Money is reserved before it is spent: what a call may cost at most, in the claim's own transaction, until its usage is recorded.

alter table agents add column budget_soft int not null default 80 check (budget_soft between 1 and 100);   -- percent of a budget at which an alert is raised

-- Of agents with a budget: what running calls may cost. Of all: calls whose worker was lost, or that were cancelled, until their usage
-- comes in or, after `until`, is charged as estimated.
create table reservations (
	job_id        uuid primary key,
	message_id    bigint not null,
	agent_id      int not null,
	pico          bigint,                  -- null: price unknown
	tokens_input  int not null,            -- estimated
	tokens_output int not null default 0,
	until         timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index on reservations (agent_id);
create index on reservations (until);
alter table reservations owner to signalbox_owner;
grant select on reservations to signalbox_viewer, signalbox_worker;
drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
