-- The result of a probe: it closes its breaker, or opens it for another minute; without a result (cancelled, handed
-- back) another message may be the probe.
create or replace function signalbox.probe_result(job uuid, is_ok boolean, class text, detail text) returns void
language plpgsql set search_path = pg_catalog, signalbox, pg_temp as $$
declare
	t timestamptz := clock_timestamp();
	b breakers;
begin
	lock table lock_breakers in exclusive mode;   -- as in breaker_hold()
	if is_ok then
		for b in update breakers k set state = 'closed', changed_at = t, until = t, probe_job = null, probe_until = null
		         where k.probe_job = job and k.state = 'open' returning k.* loop
			insert into breaker_events (provider, model, key_env, event) values (b.provider, b.model, b.key_env, 'closed');
			perform end_rests(b.provider, b.model);
			perform wake_worker();
			perform pg_notify('signalbox_changed', '');
		end loop;
	else
		update breakers k set probe_job = null, probe_until = null, until = case when is_ok is null then k.until else t + interval '60 s' end,
			reason = coalesce(probe_result.class, k.reason), detail = coalesce('the probe failed: ' || left(probe_result.detail, 280), k.detail)
			where k.probe_job = job;
	end if;
end $$;
