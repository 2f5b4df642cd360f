-- What became of runs that were asked for over HTTP, by the numbers of their works; of those that have ended.
-- executionTime: milliseconds (contract).
create or replace function signalbox.http_runs(works bigint[]) returns table (work bigint, document jsonb)
language sql stable security definer set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select w.id, jsonb_build_object('success', r.verdict = 'ok', 'code', r.code, 'language', r.language, 'output', coalesce(r.output, ''),
		'executionTime', coalesce(round(r.duration_ms), 0), 'verdict', r.verdict, 'exit_code', r.exit_code, 'why', nullif(r.why, ''),
		'truncated', coalesce(r.output_bytes > octet_length(r.output), false), 'run', r.uuid)
	from unnest(works) x(id) cross join lateral (select o.* from work o where o.id = x.id and o.kind = 'exec' offset 0) w
	join runs r on r.id = (w.args ->> 'run')::bigint
	where r.state = 'ended' order by w.id;
$$;
grant execute on function signalbox.http_runs to signalbox_worker;
