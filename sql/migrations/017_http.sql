-- The HTTP interface (docs/decisions/019-http.md).

-- hash: SHA-256 of the token; the token itself is stored nowhere. agents: null means every agent. user_id, collection_name, thread_key: when not null, the
-- caller's messages have this value whatever the caller says. is_public: the token stands in web pages; its caller never says who it is. sign_env: the worker's variable with the
-- secret by which the application signs who that is. origins: the web
-- pages that a browser may call from (CORS). A token is never deleted: its sessions belong to the application token:ID.
create table tokens (
	id              int generated always as identity primary key,
	name            text not null default '' check (octet_length(name) <= 200),
	hash            bytea not null unique check (octet_length(hash) = 32),
	hint            text not null,    -- its last 4 characters, for people
	agents          int[],
	scopes          text[] not null check (scopes <@ array['dispatch', 'read', 'stream', 'cancel', 'retry', 'execute', 'approve', 'operate', 'metrics'] and scopes <> '{}'),
	is_public       boolean not null default false,
	user_id         text check (octet_length(user_id) <= 500),
	collection_name text check (octet_length(collection_name) <= 500),
	thread_key      text check (octet_length(thread_key) <= 500),
	sign_env        text check (sign_env ~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$'),
	origins         text[] not null default '{}',
	created_by      text not null default session_user,
	created_at      timestamptz not null default clock_timestamp(),
	expires_at      timestamptz,
	revoked_at      timestamptz,
	check (sign_env is null or is_public),
	check (not is_public or scopes <@ array['dispatch', 'read', 'stream'] and cardinality(agents) = 1)
);

-- How many messages a token has sent to an agent in the minute that began with the first of them; only of agents that have a rate_limit_per_min. Token 0: no
-- token, on loopback.
create table token_rates (
	token_id int not null,
	agent_id int not null references agents on delete cascade,
	began    timestamptz not null,
	n        int not null,
	primary key (token_id, agent_id)
) with (fillfactor = 50);

-- Messages whose end somebody waits for over HTTP: tell_ended() sends a notification and deletes the row.
create table awaited (
	message_id bigint primary key,
	until      timestamptz not null
) with (fillfactor = 50);
