-- The runs of a message's code, for people: oldest first. Texts are cut at cap characters.
create or replace function signalbox.runs_of(message bigint, cap int) returns jsonb
language sql stable set search_path = pg_catalog, signalbox, pg_temp as $$ -- plans: index, no_jit
	select coalesce(jsonb_agg(jsonb_build_object('run', r.uuid, 'kind', r.kind, 'job_id', r.job_id, 'language', r.language, 'code', left(r.code, cap), 'state', r.state, 'verdict', r.verdict,
			'exit_code', r.exit_code, 'duration_ms', round(r.duration_ms), 'output', left(r.output, cap), 'truncated', coalesce(r.output_bytes > octet_length(r.output) or length(r.output) > cap, false),
			'code_truncated', length(r.code) > cap,
			'why', nullif(r.why, ''), 'interpreter', r.interpreter, 'limits', r.limits, 'worker', r.worker_name, 'at', utc(r.started_at)) order by r.id), '[]')
	from runs r where r.message_id = message;
$$;
