-- A probe closes its breaker, or opens it for another minute; without a verdict (cancelled, handed back) another message may be the probe.
create or replace function signalbox.probe_result(job uuid, is_ok boolean, class text, detail text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t timestamptz := clock_timestamp();
begin
	perform pg_advisory_xact_lock(hashtext('signalbox.breakers'));   -- as in breaker_hold()
	if is_ok then
		with closed as (
			update breakers b set state = 'closed', changed_at = t, until = t, probe_job = null, probe_until = null
				where b.probe_job = job and b.state = 'open' returning b.provider, b.model, b.key_env
		)
		insert into breaker_events (provider, model, key_env, event) select provider, model, key_env, 'closed' from closed;
		if found then
			perform wake_worker();
			perform pg_notify('signalbox_changed', '');
		end if;
	else
		update breakers b set probe_job = null, probe_until = null, until = case when is_ok is null then b.until else t + interval '60 s' end,
			reason = coalesce(probe_result.class, b.reason), detail = coalesce('the probe failed: ' || left(probe_result.detail, 280), b.detail)
			where b.probe_job = job;
	end if;
end $$;
