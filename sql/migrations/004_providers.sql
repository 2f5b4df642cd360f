-- Several providers for an agent, what is known of their state over the whole fleet, and what their calls cost.

-- ---------------------------------------------------------------- who may answer
-- An agent's own provider and model (ord 0), then its chain, in order. Written by agent_set alone.
create table agent_routes (
	agent_id    int not null references agents on delete cascade,
	ord         int not null,
	provider_id int not null references providers,
	model       text not null,
	primary key (agent_id, ord)
);
insert into agent_routes select id, 0, provider_id, model from agents where provider_id is not null and model is not null;
insert into agent_routes
	select a.id, x.ord, p.id, substr(x.word, strpos(x.word, ':') + 1)
	from agents a cross join lateral regexp_split_to_table(trim(a.chain), '[\s,]+') with ordinality x(word, ord)
	join providers p on p.slug = split_part(x.word, ':', 1) where x.word ~ '^[^:]+:.+$';

-- When an answer breaks off after somebody may have seen its beginning: the next attempt starts again, or what was said is kept and the message fails.
alter table agents add column on_cut text not null default 'restart' check (on_cut in ('restart', 'keep'));
-- A day's tokens end at midnight there.
alter table providers add column timezone text not null default 'UTC';
create table provider_days (
	provider_id int not null references providers on delete cascade,
	day         date not null,
	worker_id   uuid not null,
	tokens      bigint not null,
	primary key (provider_id, day, worker_id)
) with (fillfactor = 50);

-- ---------------------------------------------------------------- who may be called
-- Circuit breakers, one for each provider, model and key that ever was in trouble; model '' is all that is called with the key. Shared by all workers:
-- open: after until, one message in the whole fleet is sent as a probe (claim() grants it); parked: nobody calls before until, then all may.
create table breakers (
	provider    text not null,
	model       text not null default '',
	key_env     text not null default '',
	state       text not null check (state in ('closed', 'open', 'parked')),
	until       timestamptz not null,
	reason      text,                     -- class of the error
	detail      text,
	changed_at  timestamptz not null default clock_timestamp(),   -- calls before it do not count
	forced      text check (forced in ('open', 'closed')),        -- by an operator
	probe_job   uuid,
	probe_until timestamptz,
	primary key (provider, model, key_env)
) with (fillfactor = 50);
create table breaker_events (
	id       bigint generated always as identity primary key,
	at       timestamptz not null default clock_timestamp(),
	provider text not null,
	model    text not null,
	key_env  text not null,
	event    text not null,               -- opened, parked, probe, closed, forced open, forced closed, freed
	detail   text
);
-- Calls of the last minutes in slots of 10 s: each worker has rows of its own, so that nobody waits for another's commit.
create table breaker_counts (
	provider  text not null,
	model     text not null,
	key_env   text not null,
	worker_id uuid not null,
	slot      timestamptz not null,
	calls     int not null,
	errors    int not null,
	primary key (provider, model, key_env, slot, worker_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Every route with what holds it now: of all breakers that concern it, the longest. can_probe: the wait is over, one message may try.
create view routes as
	select r.agent_id, r.ord, p.id as provider_id, p.slug as provider, p.protocol, p.base_url, p.key_env, r.model,
		coalesce(b.is_held, false) as is_held, coalesce(b.can_probe, false) as can_probe, b.until, b.reason
	from agent_routes r join providers p on p.id = r.provider_id
	left join lateral (
		select true as is_held, max(k.until) as until, (array_agg(k.reason order by k.until desc))[1] as reason,
			bool_and(k.forced is null and k.state = 'open' and k.until <= clock_timestamp()
			         and (k.probe_until is null or k.probe_until <= clock_timestamp())) as can_probe
		from breakers k
		where k.provider = p.slug and k.model in ('', r.model) and k.key_env in ('', coalesce(p.key_env, ''))
			and (k.forced = 'open' or k.state = 'open' or (k.state = 'parked' and k.until > clock_timestamp()))
		having count(*) > 0) b on true;

-- ---------------------------------------------------------------- the truth of every attempt
-- chain: each call that failed and each provider that was passed over, in order; null where the first call answered.
alter table attempts add column chain jsonb, add column request_id text;
drop view attempts_and_running;
create view attempts_and_running as
	select * from attempts
	union all
	select q.job_id, q.message_id, q.agent_id, q.runs, q.worker_id, w.name, p.slug, a.model, q.changed_at, null, null, null, null, null, null, null,
		null, null, null, null, null, null, null
	from queue q join agents a on a.id = q.agent_id left join providers p on p.id = a.provider_id left join workers w on w.id = q.worker_id
	where q.state = 'running';
alter type settle_record add attribute tokens_cache_write int, add attribute tokens_cache_write_1h int, add attribute request_id text,
	add attribute chain jsonb, add attribute n_calls int;

-- ---------------------------------------------------------------- money
alter table ai_costs add column tokens_cache_write int, add column tokens_cache_write_1h int;
-- From long_tokens of input on the whole call has the long prices. A null price is that of plain input or output.
alter table model_prices
	add column cache_write_pico bigint check (cache_write_pico >= 0),
	add column cache_write_1h_pico bigint check (cache_write_1h_pico >= 0),
	add column long_tokens int check (long_tokens > 0),
	add column long_input_pico bigint check (long_input_pico >= 0),
	add column long_output_pico bigint check (long_output_pico >= 0),
	add column long_cache_read_pico bigint check (long_cache_read_pico >= 0),
	add column context_tokens int check (context_tokens > 0),
	add column has_tools boolean;
drop function if exists signalbox.price(signalbox.model_prices, int, int, int);
drop function if exists signalbox.take(uuid, int, interval), signalbox.providers_page(), signalbox.agents_page();

do $$
declare o text;
begin
	foreach o in array array['agent_routes', 'provider_days', 'breakers', 'breaker_events', 'breaker_counts', 'routes', 'attempts_and_running'] loop
		execute format('alter table %s owner to signalbox_owner', o);
		execute format('grant select on %s to signalbox_viewer, signalbox_worker', o);
	end loop;
end $$;
