-- Back to 002's index.
drop view running;
drop index queue_running;
alter table queue drop column claim_no;
alter table workers drop column low_claim;
drop sequence claim_seq;
create index queue_running on queue (worker_id, agent_id, deadline) where state = 'running';
