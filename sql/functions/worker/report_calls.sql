-- Takes the results of a worker's calls since its last report, and returns what may not be called now. Breakers open
-- and close here. SB003: the caller is not this worker.
--
-- report: [{"provider","model","key_env","calls","errors","tokens","class","detail","park_ms","park_key","probe",
--   "is_ok","limits"}]
-- calls, errors: sums; errors are only those that count for the breaker.
-- park_ms: no worker may call the model (park_key: any model with this key) for so many milliseconds; 0: the provider
-- refused and named no time, so the time is ours: 2 s, doubled at each refusal, at most 5 min, until a call succeeds.
-- probe: the job that was a probe; is_ok: its result; null: no call was made, and another job may be the probe.
-- limits: {kind: [remaining, total, milliseconds until it is full]}, from the last response headers.
-- A breaker opens for 60 s when half of at least 10 calls in a minute failed, or all of at least 5; then one probe
-- decides.
create or replace function signalbox.report_calls(worker uuid, report json) returns table (provider text, model text, key_env text, held_ms bigint)
language plpgsql security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: no_jit
#variable_conflict use_column
declare
	t constant timestamptz := clock_timestamp();
	me constant uuid := worker_of(report_calls.worker);
	hold constant interval := '60 s';
	r record;
	n record;
begin
	if me is null then
		raise exception 'worker % is somebody else', report_calls.worker using errcode = 'SB003';
	end if;
	perform set_config('synchronous_commit', 'off', true);
	insert into breaker_counts as b (provider, model, key_env, worker_id, slot, calls, errors)
		select x.provider, x.model, coalesce(x.key_env, ''), me, date_bin('10 s', t, timestamptz '2000-01-01 00:00+00'), sum(least(x.calls, 100000)), sum(greatest(0, least(x.errors, x.calls, 100000)))
		from json_to_recordset(report) x(provider text, model text, key_env text, calls int, errors int) where x.calls > 0 group by 1, 2, 3 order by 1, 2, 3
		on conflict (provider, model, key_env, slot, worker_id) do update set calls = b.calls + excluded.calls, errors = b.errors + excluded.errors;
	perform count_quota(me, report);
	insert into provider_limits as l (provider, model, key_env, kind, remaining, total, until)
		select distinct on (1, 2, 3, 4) x.provider, x.model, coalesce(x.key_env, ''), k.key, (k.value ->> 0)::bigint, (k.value ->> 1)::bigint,
			t + make_interval(secs => least((k.value ->> 2)::bigint, 86400000) / 1000.0)
		from json_to_recordset(report) x(provider text, model text, key_env text, limits json) cross join lateral json_each(x.limits) k where x.limits is not null order by 1, 2, 3, 4
		on conflict (provider, model, key_env, kind) do update set remaining = excluded.remaining, total = excluded.total, until = excluded.until;
	for r in select * from rows from (json_to_recordset(report) as (provider text, model text, key_env text, calls int, errors int, class text, detail text, park_ms bigint,
	         park_key boolean, probe uuid, is_ok boolean)) with ordinality x(provider, model, key_env, calls, errors, class, detail, park_ms, park_key, probe, is_ok, ord)
	         order by provider, model, key_env, ord loop
		if r.probe is not null then
			perform probe_result(r.probe, r.is_ok, r.class, r.detail);
		end if;
		if r.calls > coalesce(r.errors, 0) then
			perform breaker_said(r.provider, r.model, coalesce(r.key_env, ''));
		end if;
		if r.park_ms = 0 then
			perform breaker_unsaid(r.provider, r.model, coalesce(r.key_env, ''), r.class, r.detail);
		elsif r.park_ms > 0 then
			perform breaker_hold(r.provider, case when r.park_key then '' else r.model end, coalesce(r.key_env, ''), case when r.park_key then 'open' else 'parked' end,
				make_interval(secs => least(r.park_ms, 86400000) / 1000.0), r.class, r.detail);
		end if;
		if r.errors > 0 then
			select sum(c.calls) as calls, sum(c.errors) as errors into n from breaker_counts c
				left join breakers b on b.provider = c.provider and b.model = c.model and b.key_env = c.key_env
				where c.provider = r.provider and c.model = r.model and c.key_env = coalesce(r.key_env, '')
				  and c.slot > t - interval '60 s' and (b.changed_at is null or c.slot >= b.changed_at);
			if (n.calls >= 10 and n.errors * 2 >= n.calls or n.calls >= 5 and n.errors = n.calls) and not exists (select from breakers b where b.provider = r.provider and b.model = r.model
					and b.key_env = coalesce(r.key_env, '') and b.state = 'open') then
				perform breaker_hold(r.provider, r.model, coalesce(r.key_env, ''), 'open', hold, r.class,
					format('%s of %s calls failed within a minute; the last: %s', n.errors, n.calls, r.detail));
			end if;
		end if;
	end loop;
	return query select b.provider, b.model, b.key_env, case when b.forced = 'open' then 3600000 else greatest(1000, extract(epoch from b.until - t) * 1000)::bigint end
		from breakers b where b.forced = 'open' or b.state = 'open' or (b.state = 'parked' and b.until > t);
end $$;
grant execute on function signalbox.report_calls to signalbox_worker;
