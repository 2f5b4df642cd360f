-- Tools that agents may use, and the journal of their calls (docs/decisions/023-tools.md).

-- kind: http calls url, sql calls function, code runs what the model wrote in the sandbox. schema: JSON Schema of the arguments, sent to the model as it
-- stands here. payload: what is sent beside the arguments, bound at dispatch: NAME or NAME=FIELD, see worker/tools/bound.h. side_effects: a call does
-- something in the world; idempotent: doing it twice with one idempotency key does it once. timeout: of one call; null: 30 s. result_bytes: of a result
-- that the model is told; the journal has all of it.
create table tools (
	id           int generated always as identity primary key,
	name         text not null unique check (name ~ '^[A-Za-z_][A-Za-z0-9_-]{0,63}$'),
	kind         text not null check (kind in ('http', 'sql', 'code')),
	description  text check (octet_length(description) <= 65536),
	schema       text check (octet_length(schema) <= 262144),
	url          text check (octet_length(url) <= 4000),
	method       text check (method in ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
	function     text,
	payload      text,
	key_env      text,
	timeout      interval check (timeout between interval '100 ms' and interval '5 min'),
	side_effects boolean not null default true,
	idempotent   boolean not null default false,
	result_bytes int check (result_bytes between 256 and 1048576)
);

-- A reply of the model that asked for tools: what it said, and its own form of the turn, so that another attempt goes on from here. job_id: the
-- attempt that it was made in.
create table tool_rounds (
	message_id   bigint not null,
	round        int not null check (round between 1 and 1000),
	job_id       uuid not null,
	said         text,
	own_protocol text,
	own_turn     text,
	made_at      timestamptz not null,
	primary key (message_id, round)
);

-- A call of a tool: written before it begins, and when it has ended. uuid: its idempotency key. job_id: the attempt that began it last. call_id, name,
-- arguments: as the model gave them. state: running, also where a worker was lost with it; ok; error; refused: not begun, told why; unknown: an
-- operator was told that nobody knows whether it was done. result: what it answered, up to a
-- megabyte; result_bytes: all that it was; the model is told at most the tool's result_bytes of it.
create table tool_calls (
	id           bigint generated always as identity primary key,
	uuid         uuid not null unique,
	message_id   bigint not null,
	round        int not null,
	position     int not null,
	job_id       uuid not null,
	agent_id     int references agents,
	tool_id      int references tools on delete set null,
	call_id      text,
	name         text not null,
	arguments    text not null,
	note         text,
	state        text not null check (state in ('running', 'ok', 'error', 'refused', 'unknown')),
	runs         int not null default 1,
	started_at   timestamptz not null,
	ended_at     timestamptz,
	duration_ms  numeric,
	status       int,
	why          text,
	result       text,
	result_bytes bigint,
	worker_name  text,
	unique (message_id, round, position)
);

create index tool_calls_tool on tool_calls (tool_id, started_at);

-- Code that a model called for as a tool.
alter table runs drop constraint runs_kind_check, add constraint runs_kind_check check (kind in ('exec', 'calculation', 'answer', 'tool'));

-- They return more.
drop function if exists contexts(uuid, bigint[], uuid[], boolean), transcript(uuid, int);
