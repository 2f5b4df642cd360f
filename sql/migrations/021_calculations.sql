-- Calculations that are asked for in words and code blocks of answers are really run (docs/decisions/022-real-results.md).

-- calculations: a message that is surely a calculation is run instead of asked of the model. calculation_timeout: of one; null: 5 s.
-- run_code: 'on': blocks of code in answers are run; 'repair': and a block that fails goes back to the model once. Null: off.
alter table agents
	add column calculations boolean not null default false,
	add column calculation_timeout interval check (calculation_timeout between interval '100 ms' and interval '5 min'),
	add column run_code text check (run_code in ('on', 'repair'));

-- kind: who asked for the run. Of a message: its attempt (job_id) and its agent. A run whose worker was lost is 'lost'.
alter table runs
	add column kind text not null default 'exec' check (kind in ('exec', 'calculation', 'answer')),
	add column message_id bigint,
	add column job_id uuid,
	add column agent_id int references agents,
	drop constraint runs_verdict_check,
	add constraint runs_verdict_check check (verdict in ('ok', 'error', 'timeout', 'memory_limit', 'output_limit', 'disk_limit', 'rejected', 'cancelled', 'sandbox_error', 'lost'));
create index runs_message on runs (message_id) where message_id is not null;
create index runs_open on runs (job_id) where state <> 'ended' and job_id is not null;

-- They return more.
drop function if exists contexts(uuid, bigint[], uuid[], boolean), transcript(uuid, int);
