-- An operator's decision about a provider: open (no calls), closed (calls in any case), auto (all that is known is
-- forgotten). SB004: any other word.
create or replace function signalbox.breaker_force(slug text, becomes text, actor text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	lock table lock_breakers in exclusive mode;   -- as in breaker_hold()
	if becomes not in ('open', 'closed', 'auto') then
		raise exception 'a breaker is open, closed or auto, not %', quote_literal(left(becomes, 80)) using errcode = 'SB004';
	end if;
	if becomes = 'auto' then
		update breakers b set state = 'closed', forced = null, unsaid = 0, until = clock_timestamp(), changed_at = clock_timestamp(), probe_job = null, probe_until = null
			where b.provider = slug and (b.forced is not null or b.state <> 'closed' or b.unsaid > 0);
		if not found then
			return;
		end if;
	elsif becomes = 'closed' then
		update breakers b set state = 'closed', forced = 'closed', unsaid = 0, until = clock_timestamp(), changed_at = clock_timestamp(), probe_job = null, probe_until = null
			where b.provider = slug;
	end if;
	if becomes <> 'auto' then
		insert into breakers as b (provider, state, until, reason, detail, forced) values (slug, 'closed', clock_timestamp(), 'forced', 'by ' || actor, becomes)
			on conflict on constraint breakers_pkey do update set forced = excluded.forced, reason = excluded.reason, detail = excluded.detail, changed_at = clock_timestamp();
	end if;
	insert into breaker_events (provider, model, key_env, event, detail)
		values (slug, '', '', case becomes when 'auto' then 'freed' else 'forced ' || becomes end, 'by ' || actor);
	if becomes <> 'open' then
		perform end_rests(slug, '');
	end if;
	perform wake_worker();
	perform pg_notify('signalbox_changed', '');
end $$;
