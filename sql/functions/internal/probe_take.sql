-- Gives a breaker whose wait is over to one job in the whole fleet, as a probe. True: this job has it. False also while
-- another transaction holds lock_breakers: a claim does not wait for it.
create or replace function signalbox.probe_take(provider text, model text, key_env text, job uuid, attempt_timeout interval) returns boolean
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
begin
	begin
		lock table lock_breakers in exclusive mode nowait;   -- as in breaker_hold()
	exception when lock_not_available then
		return false;
	end;
	update breakers k set probe_job = job, probe_until = clock_timestamp() + attempt_timeout
		where k.provider = probe_take.provider and k.model in ('', probe_take.model) and k.key_env in ('', coalesce(probe_take.key_env, '')) and k.forced is null
		  and k.state = 'open' and k.until <= clock_timestamp() and (k.probe_until is null or k.probe_until <= clock_timestamp());
	if not found then
		return false;
	end if;
	insert into breaker_events (provider, model, key_env, event) values (probe_take.provider, probe_take.model, coalesce(probe_take.key_env, ''), 'probe');
	return true;
end $$;
