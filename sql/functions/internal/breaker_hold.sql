-- Opens or parks a breaker, unless an operator has forced it, and records the change once.
-- Reports, claims and operators lock the rows of breakers in different orders: each takes lock_breakers first.
create or replace function signalbox.breaker_hold(provider text, model text, key_env text, becomes text, wait interval, reason text, detail text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t   timestamptz := clock_timestamp();
	had text;
begin
	lock table lock_breakers in exclusive mode;
	if exists (select from breakers b where b.provider = breaker_hold.provider and b.forced is not null) then
		return;
	end if;
	select b.state into had from breakers b
		where b.provider = breaker_hold.provider and b.model = breaker_hold.model and b.key_env = breaker_hold.key_env for update;
	insert into breakers as b (provider, model, key_env, state, until, reason, detail)
		values (breaker_hold.provider, breaker_hold.model, breaker_hold.key_env, becomes, t + wait, breaker_hold.reason, left(breaker_hold.detail, 300))
		on conflict on constraint breakers_pkey do update set state = excluded.state, reason = excluded.reason, detail = excluded.detail, changed_at = t,
			probe_job = null, probe_until = null,
			until = case when b.state = excluded.state then greatest(b.until, excluded.until) else excluded.until end
			-- An open breaker waits for a probe: a park, which ends without a probe, does not replace it.
			where not (b.state = 'open' and excluded.state = 'parked');
	if had is distinct from becomes then
		insert into breaker_events (provider, model, key_env, event, detail)
			values (breaker_hold.provider, breaker_hold.model, breaker_hold.key_env, case becomes when 'open' then 'opened' else becomes end, left(breaker_hold.detail, 300));
		perform pg_notify('signalbox_changed', '');
	end if;
end $$;
