-- What a question is about, told by a small model; and commands that need a worker (docs/decisions/013-intent.md).

-- ---------------------------------------------------------------- intents
-- Written by agent_set alone. Without rows an agent's messages are not classified.
create table agent_intents (
	agent_id    int not null references agents on delete cascade,
	ord         int not null,
	label       text not null check (label ~ '^[^[:cntrl:]:]{1,64}$'),
	description text not null,
	examples    text[] not null default '{}',
	primary key (agent_id, ord),
	unique (agent_id, label)
);
-- intent_model: "provider:model", or "embed:provider:model"; as a route it has ord -1. Null where there is nothing to classify.
alter table agents add column intent_model text,
	add column intent_threshold real not null default 0.2 check (intent_threshold between 0 and 1);
alter table ai_messages add column intent text, add column intent_confidence real;
alter table ai_costs add column intent text;
alter type settle_record add attribute intent text, add attribute intent_confidence real, add attribute intent_key text;

-- key: sha256 of the normalised text, the version of the labels and the prompt, and the model (intent_of).
create table intent_cache (
	agent_id   int not null references agents on delete cascade,
	key        bytea not null,
	intent     text,                 -- null: unsure
	confidence real not null,
	made_at    timestamptz not null default now(),
	primary key (agent_id, key)
);
create index on intent_cache (made_at);

-- The route of the classification beside those of the answer, which `routes` still is.
alter view routes rename to all_routes;
create view routes as select * from all_routes where ord >= 0;

-- ---------------------------------------------------------------- work
-- What a command asks of a worker, because it needs a model, and operators' machines hold no keys. A row belongs to the worker that holds it
-- as long as its lease lives; job_id is the fence.
create table work (
	id         bigint generated always as identity primary key,
	kind       text not null,
	args       jsonb not null,
	state      text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
	done       int not null default 0,
	total      int not null default 0,
	result     jsonb,
	error      text,
	made_by    text not null,
	made_at    timestamptz not null default clock_timestamp(),
	ended_at   timestamptz,
	worker_id  uuid,
	job_id     uuid,
	runs       int not null default 0
) with (fillfactor = 50);
create index work_open on work (id) where state in ('queued', 'running');
create index on work (ended_at);

drop function if exists signalbox.take(uuid, int, interval), signalbox.agents_page();
do $$
declare o text;
begin
	foreach o in array array['agent_intents', 'intent_cache', 'all_routes', 'routes', 'work'] loop
		execute format('alter table %s owner to signalbox_owner', o);
		execute format('grant select on %s to signalbox_viewer, signalbox_worker', o);
	end loop;
	revoke select on work, intent_cache from signalbox_viewer;    -- what was asked, and how it was judged
end $$;
