-- Running messages have a lower bound, as lanes have one (docs/decisions/006-flat-cost.md): beside somebody's open transaction the index of
-- running messages keeps an entry of each that ran, and who asks what runs would walk them all.

-- Each claim has a number; what a worker runs was claimed with its low_claim or later. Claims of one worker follow each other, and only they
-- raise its low_claim, so nothing of it can come in below.
create sequence claim_seq;
alter sequence claim_seq owner to signalbox_owner;
alter table queue add column claim_no bigint not null default 0;
alter table workers add column low_claim bigint not null default 0;
drop index queue_running;
create index queue_running on queue (worker_id, claim_no, agent_id) where state = 'running';

-- What runs. A message that an application itself marked as processing has no worker.
create view running as
	select q.* from workers w cross join lateral (
		select * from queue o where o.worker_id = w.id and o.claim_no >= w.low_claim and o.state = 'running' offset 0) q
	union all
	select * from queue where worker_id is null and state = 'running';
alter view running owner to signalbox_owner;
grant select on running to signalbox_viewer, signalbox_worker;
