-- The queue: agents, sessions, messages, the narrow table the claim works on, and the record of every attempt.
-- docs/decisions/002-queue-tables.md says why it is cut this way.

-- The roles are made before any migration: sql/install/roles.sql.
alter schema signalbox owner to signalbox_owner;

-- ---------------------------------------------------------------- who answers
create table providers (
	id           int generated always as identity primary key,
	slug         text not null unique check (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
	protocol     text not null check (protocol in ('ollama', 'openai', 'anthropic', 'gemini')),
	base_url     text not null check (base_url ~ '^https?://[^[:space:]]+$'),
	key_env      text check (key_env ~ '^[A-Za-z_][A-Za-z0-9_]*$'),   -- the NAME of a variable; keys are never stored
	daily_tokens bigint check (daily_tokens > 0),
	created_at   timestamptz not null default now()
);

create table agents (
	id                  int generated always as identity primary key,
	slug                text not null unique check (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
	name                text not null,
	provider_id         int references providers,
	model               text,
	system_prompt       text,
	context_window_size int not null default 10 check (context_window_size between 0 and 1000),  -- messages of history
	rate_limit_per_min  int check (rate_limit_per_min > 0),
	concurrency_limit   int check (concurrency_limit > 0),
	budget_day          numeric check (budget_day >= 0),      -- USD
	budget_month        numeric check (budget_month >= 0),    -- USD
	max_tokens          int check (max_tokens > 0),
	tools               text,
	chain               text,
	created_at          timestamptz not null default now()
);

-- What may hold an agent back, and whose turn it is. Small, updated at every claim: apart from `agents`.
create table lanes (
	agent_id      int primary key references agents on delete cascade,
	turn          bigint not null default 0,    -- grows with each batch taken from this agent; the lowest goes first
	blocked_until timestamptz,                  -- a provider said "too many requests"
	paused_at     timestamptz,
	paused_by     text,
	pause_reason  text
) with (fillfactor = 50);
create sequence turn_seq;

-- Starts of the last minute, for agents that have rate_limit_per_min.
create table starts (
	agent_id   int not null,
	started_at timestamptz not null
);
create index on starts (agent_id, started_at);

-- Prices in pico-USD (1e-12) for one token: integers, because doubles drift and six decimals lose embeddings.
create table model_prices (
	model           text not null,
	provider        text not null default '',     -- '' = whoever serves this model
	valid_from      date not null,
	input_pico      bigint not null check (input_pico >= 0),
	output_pico     bigint not null check (output_pico >= 0),
	cache_read_pico bigint check (cache_read_pico >= 0),   -- null: same as input
	source          text not null,
	primary key (model, provider, valid_from)
);

-- ---------------------------------------------------------------- what is said
create table ai_sessions (
	id              bigint generated always as identity primary key,
	uuid            uuid not null unique default gen_random_uuid(),
	agent_id        int references agents,      -- null: adopted, until the first dispatch says whose it is
	user_id         text,
	collection_name text,
	thread_key      text,
	message_count   int not null default 0,       -- rows of ai_messages in this session
	is_test         boolean not null default false,
	created_by      name not null default session_user,
	created_at      timestamptz not null default now()
) with (fillfactor = 80);
create unique index ai_sessions_thread on ai_sessions (agent_id, user_id, coalesce(collection_name, ''), thread_key)
	where user_id is not null and thread_key is not null;

create table ai_messages (
	id                      bigint generated always as identity primary key,
	uuid                    uuid not null unique default gen_random_uuid(),
	session_id              bigint not null references ai_sessions,
	role                    text not null check (role in ('user', 'assistant', 'system', 'tool')),
	content                 text not null default '',
	processing_status       text not null default 'completed'
		check (processing_status in ('pending', 'queued', 'processing', 'completed', 'failed', 'cancelled')),
	queued_at               timestamptz,
	processing_started_at   timestamptz,
	processing_completed_at timestamptz,
	processing_error        text,
	job_id                  uuid,                 -- the fence: new and random for each attempt
	retry_count             int not null default 0,
	priority                int not null default 0,
	model_used              text,
	tokens_prompt           int,
	tokens_completion       int,
	generation_time_ms      int,
	rag_context             jsonb,                -- exactly what was sent to the model
	reply_to                bigint,               -- the user's row this row answers
	created_at              timestamptz not null default now(),
	check (role = 'assistant' or processing_status = 'completed')
) with (fillfactor = 70);
-- No index here mentions a status: a message's updates stay HOT.
create index ai_messages_session on ai_messages (session_id, id);

-- All that is not completed or cancelled, and nothing else: what the claim reads and writes.
create type queue_state as enum ('pending', 'ready', 'blocked', 'delayed', 'running', 'failed');
create sequence queue_seq;
create table queue (
	message_id  bigint primary key,
	session_id  bigint not null,
	seq         bigint not null default nextval('queue_seq'),   -- age; a retry by hand gets a new one
	agent_id    int not null,
	priority    int not null,               -- while blocked: not above the earlier messages of its session
	state       queue_state not null,
	attempts    int not null default 0,     -- that count for retry_count
	errors      int not null default 0,     -- tries used since the last retry by hand
	crashes     int not null default 0,
	queued_at   timestamptz not null default clock_timestamp(),
	run_after   timestamptz,                -- pending: schedule; delayed: back-off
	job_id      uuid,
	worker_id   uuid,
	deadline    timestamptz,                -- running: the attempt's end
	retry_at    timestamptz,                -- failed: a held retry
	retry_actor text,
	changed_at  timestamptz not null default now()
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index queue_ready on queue (agent_id, priority desc, seq, message_id) where state = 'ready';
create index queue_waiting on queue (agent_id, priority desc, seq, message_id) where state in ('ready', 'blocked', 'delayed');
create index queue_session on queue (session_id, message_id) where state in ('ready', 'blocked', 'delayed', 'running');
create unique index queue_one_head on queue (session_id) where state in ('ready', 'delayed', 'running');
create index queue_due on queue (run_after) where state in ('pending', 'delayed');
create index queue_running on queue (worker_id) where state = 'running';
create index queue_failed on queue (changed_at desc) where state = 'failed';
create index queue_held on queue (retry_at) where state = 'failed' and retry_at is not null;

create table idempotency_keys (
	agent_id     int not null,
	user_id      text not null,
	key          text not null,
	content_hash bytea not null,
	message_id   uuid not null,
	expires_at   timestamptz not null,
	primary key (agent_id, user_id, key)
);
create index on idempotency_keys (expires_at);

-- ---------------------------------------------------------------- who works
create table workers (
	id          uuid primary key,             -- one incarnation: a process, until it loses its lease
	name        text not null,
	version     text not null,
	concurrency int not null,
	agents      text[],
	started_at  timestamptz not null default now(),
	lease_until timestamptz not null,
	is_idle     boolean not null default false,
	is_draining boolean not null default false,
	ended_at    timestamptz
) with (fillfactor = 50);

-- Jobs a worker must stop: cancelled by somebody. Read and deleted by that worker's lease thread.
create table stops (
	worker_id uuid not null,
	job_id    uuid not null,
	primary key (worker_id, job_id)
);

-- ---------------------------------------------------------------- what happened
create table attempts (
	job_id            uuid primary key,
	message_id        bigint not null,
	agent_id          int not null,
	number            int not null,
	worker_id         uuid,
	worker_name       text,
	provider          text,
	model             text,
	started_at        timestamptz not null,
	ended_at          timestamptz,
	outcome           text check (outcome in ('completed', 'failed', 'retry', 'rate_limited', 'released', 'cancelled', 'lost')),
	error_class       text,
	error             text,
	is_permanent      boolean,                -- the error's class says that trying again will not help
	ttft_ms           int,
	generation_ms     int,
	tokens_prompt     int,
	tokens_completion int,
	is_estimated      boolean,
	cost_pico         bigint,
	said              text                    -- what was said so far, where it did not become the answer
);
create index on attempts (message_id);

create table ai_costs (
	job_id           uuid not null,
	call             int not null,
	kind             text not null default 'answer',
	message_id       bigint not null,
	session_id       bigint,
	agent_id         int not null,
	provider         text,
	model            text,
	tokens_input     int,                     -- includes cached
	tokens_output    int,                     -- includes reasoning
	tokens_cached    int,
	tokens_reasoning int,
	is_estimated     boolean not null default false,
	cost_pico        bigint,                  -- null: price unknown
	created_at       timestamptz not null default now(),
	primary key (job_id, call)
);
create index on ai_costs (created_at);
create index on ai_costs (message_id);
create index on ai_costs (agent_id, created_at);

-- One row a minute, agent and worker (no two workers write one row): what the totals and the Agents view read.
create table stats_minute (
	minute            timestamptz not null,
	agent_id          int not null,
	worker_id         uuid not null,
	completed         int not null default 0,
	failed            int not null default 0,
	errors            int not null default 0,
	processing_ms     bigint not null default 0,    -- of the completed
	tokens_prompt     bigint not null default 0,
	tokens_completion bigint not null default 0,
	cost_pico         numeric not null default 0,
	cost_unknown      int not null default 0,
	primary key (minute, agent_id, worker_id)
) with (fillfactor = 50);

-- The answer while it is being written, for whoever watches; gone when the message ends.
create table watches (
	message_id bigint primary key,
	until      timestamptz not null
) with (fillfactor = 50);
create table message_stream (
	message_id bigint not null,
	job_id     uuid not null,
	at_byte    int not null,                  -- where this piece begins
	text       text not null,
	primary key (message_id, job_id, at_byte)
);

-- One record of a worker's report to settle(); JSON names are these names.
create type settle_record as (
	message_id bigint, job_id uuid, outcome text, content text, error_class text, error text, is_permanent boolean,
	provider text, model_asked text, model text, tokens_prompt int, tokens_completion int, tokens_cached int, tokens_reasoning int,
	is_estimated boolean, was_called boolean, ttft_ms int, generation_ms int, wait_ms int, said text, context jsonb
);

create table operator_log (
	id           bigint generated always as identity primary key,
	at           timestamptz not null default clock_timestamp(),
	actor        text not null,
	session_user_name name not null default session_user,
	client_addr  inet default inet_client_addr(),
	action       text not null,
	message_id   bigint,
	agent_id     int,
	reason       text,
	before       jsonb,
	after        jsonb
);
create index on operator_log (message_id);

-- What `signalbox status` watches. Change a threshold with an UPDATE.
create table alert_rules (
	name      text primary key,
	ord       int not null,
	threshold numeric not null,
	param     numeric,
	what      text not null,
	action    text not null
);
insert into alert_rules values
	('waiting_long', 1, 10, 300, 'messages waiting longer than 5 min', 'check that a worker runs: signalbox doctor'),
	('failure_rate', 2, 5, 20, '% of messages failed in the last hour', 'check the providers: signalbox failed, signalbox providers'),
	('slow', 3, 60, null, 's mean processing time today', 'check the model: signalbox agents'),
	('queue_size', 4, 100, null, 'messages waiting', 'add workers, or raise concurrency');

-- The state of a test console: the last session of an agent and an operator.
create table test_sessions (
	agent_id   int not null references agents on delete cascade,
	operator   text not null,
	session_id bigint not null references ai_sessions,
	used_at    timestamptz not null default now(),
	primary key (agent_id, operator)
);

-- Tables taken over with `migrate --adopt`: how to give them back.
create table adopted (
	table_name text primary key,
	added      jsonb not null,
	rows       bigint not null,
	at         timestamptz not null default now()
);

-- Prices per token of models often asked for; `source` says where from. Dated: a new price is a new row.
insert into model_prices (model, valid_from, input_pico, output_pico, cache_read_pico, source) values
	('gpt-4o',                   '2024-10-02', 2500000, 10000000, 1250000, 'OpenAI price list'),
	('gpt-4o-mini',              '2024-07-18',  150000,   600000,   75000, 'OpenAI price list'),
	('llama-3.1-8b-instant',     '2024-07-23',   50000,    80000,    null, 'Groq price list'),
	('llama-3.3-70b-versatile',  '2024-12-06',  590000,   790000,    null, 'Groq price list');

grant usage on schema signalbox to signalbox_app, signalbox_worker, signalbox_viewer;
grant select on all tables in schema signalbox to signalbox_viewer, signalbox_worker;
revoke select on idempotency_keys from signalbox_viewer;
grant insert, update, delete on model_prices, alert_rules to signalbox_admin;

do $$
declare t record;
begin
	for t in select c.oid::regclass as rel, c.relkind from pg_class c
	         where c.relnamespace = 'signalbox'::regnamespace and c.relkind in ('r', 'S')
	           and c.relname not in ('schema_migrations', 'schema_info')
	           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i') loop
		execute format('alter %s %s owner to signalbox_owner', case t.relkind when 'S' then 'sequence' else 'table' end, t.rel);
	end loop;
	alter type signalbox.queue_state owner to signalbox_owner;
	alter type signalbox.settle_record owner to signalbox_owner;
end $$;
