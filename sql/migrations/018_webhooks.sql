-- Who is told when a message ends (docs/decisions/020-webhooks.md).

-- agent_id: null means every agent. secret_env: the worker's variable that holds the secret; the secret is stored nowhere. A webhook is never deleted: its
-- deliveries tell what was said to it.
create table webhooks (
	id         int generated always as identity primary key,
	agent_id   int references agents on delete cascade,
	url        text not null check (url ~ '^https?://[^[:space:][:cntrl:]@]+$' and octet_length(url) <= 2000),
	secret_env text not null check (secret_env ~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$'),
	events     text[] not null check (events <@ array['message.completed', 'message.failed', 'message.cancelled', 'approval.needed'] and events <> '{}'),
	created_by text not null default session_user,
	created_at timestamptz not null default clock_timestamp(),
	removed_at timestamptz
);

-- What is to be said to a webhook, or was. uuid: the header webhook-id, the same with each try. next_at: when it is tried next; while a worker tries, when
-- that try counts as lost. payload: the body as it is sent, made when the event happened.
create table webhook_deliveries (
	id          bigint generated always as identity primary key,
	webhook_id  int not null references webhooks on delete cascade,
	message_id  bigint,
	uuid        uuid not null default gen_random_uuid(),
	event       text not null,
	payload     text not null,
	created_at  timestamptz not null default clock_timestamp(),
	next_at     timestamptz not null default clock_timestamp(),
	tries       int not null default 0,
	trying_until timestamptz,    -- a worker tries it now
	state       text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
	last_status int,
	last_error  text,
	ended_at    timestamptz
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where state = 'waiting';
create index webhook_deliveries_trying on webhook_deliveries (webhook_id) where trying_until is not null;
create index webhook_deliveries_old on webhook_deliveries (created_at) where state = 'waiting';
create index webhook_deliveries_ended on webhook_deliveries (ended_at) where ended_at is not null;
create index webhook_deliveries_of on webhook_deliveries (webhook_id, id);
