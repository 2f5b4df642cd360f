-- Code that is really run (docs/decisions/021-sandbox.md): each run is a row, from before it is run.

-- code_hash: SHA-256 of the code. verdict: see worker/tools/sandbox.h. exit_code: of ok and error. output: both streams as they came, as far as they were kept; output_bytes: all that was written.
create table runs (
	id           bigint generated always as identity primary key,
	uuid         uuid not null unique default gen_random_uuid(),
	language     text not null check (language in ('python', 'javascript', 'bash')),
	code         text not null check (octet_length(code) <= 1048576),
	code_hash    bytea not null,
	timeout_ms   int not null check (timeout_ms between 1 and 300000),
	made_by      text not null default session_user,
	made_at      timestamptz not null default clock_timestamp(),
	state        text not null default 'queued' check (state in ('queued', 'running', 'ended')),
	worker_name  text,
	started_at   timestamptz,
	ended_at     timestamptz,
	interpreter  text,
	limits       text,
	verdict      text check (verdict in ('ok', 'error', 'timeout', 'memory_limit', 'output_limit', 'disk_limit', 'rejected', 'cancelled', 'sandbox_error')),
	exit_code    int,
	duration_ms  numeric,
	output       text,
	output_bytes bigint,
	why          text
);

create index runs_ended on runs (ended_at);

-- Why this worker runs no code; null: it does.
alter table workers add column no_code text default 'its version runs no code';

-- It takes the kinds, too.
drop function if exists work_begin(uuid);
