-- Back to 001's tables. The functions that fit them come with the older program's `signalbox migrate`.
drop view attempts_and_running;
drop table lane_cursors, lane_maps, queue_totals, fleet, chores, stats_day, rolled_upto;
alter table workers drop column turn;
drop sequence claim_turn, seq_mid, seq_old;
create sequence turn_seq;
alter sequence turn_seq owner to signalbox_owner;
alter table lanes add column turn bigint not null default 0;
drop index queue_ready, queue_waiting, queue_running;
alter table queue drop column rank, drop column runs;
create index queue_ready on queue (agent_id, priority desc, seq, message_id) where state = 'ready';
create index queue_waiting on queue (agent_id, priority desc, seq, message_id) where state in ('ready', 'blocked', 'delayed');
create index queue_running on queue (worker_id) where state = 'running';
alter table attempts drop constraint attempts_pkey, add primary key (job_id);
create index attempts_message_id_idx on attempts (message_id);
alter table ai_costs drop constraint ai_costs_pkey, add primary key (job_id, call);
create index ai_costs_message_id_idx on ai_costs (message_id);
drop index ai_costs_created_at, stats_minute_agent;
create index ai_costs_created_at_idx on ai_costs (created_at);
create index ai_costs_agent_id_created_at_idx on ai_costs (agent_id, created_at);
insert into attempts (job_id, message_id, agent_id, number, worker_id, started_at)
	select job_id, message_id, agent_id, attempts, worker_id, changed_at from queue where state = 'running';
-- An agent that calls nobody has no place in the older version.
update agents set provider_id = null where provider_id in (select id from providers where protocol = 'null');
delete from providers where protocol = 'null';
alter table providers drop constraint providers_protocol_check,
	add constraint providers_protocol_check check (protocol in ('ollama', 'openai', 'anthropic', 'gemini'));
alter table queue set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table queue reset (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold, autovacuum_analyze_scale_factor,
	autovacuum_analyze_threshold, autovacuum_vacuum_cost_delay);
alter table ai_messages reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table ai_sessions reset (autovacuum_vacuum_scale_factor);
alter table attempts reset (autovacuum_vacuum_insert_scale_factor);
alter table stats_minute reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
